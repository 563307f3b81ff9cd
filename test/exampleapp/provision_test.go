package exampleapp_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/outbox/webhook"
	"github.com/scim-operator/scim-operator/test/exampleapp"
)

func synchronous(t *config.Tenant) { t.Application.Webhook.Mode = config.Synchronous }

func TestAsynchronous(t *testing.T) {
	t.Parallel()
	s := open(t, nil)
	id := s.user("ann@example.com")
	ann := s.awaitMember("ann@example.com", "is there", present)
	want := &exampleapp.Member{
		ID: ann.ID, UserName: "ann@example.com", Active: true, Role: "Staff User", Groups: []string{}, Fields: map[string]any{"email": "ann@example.com", "title": "Engineer"},
	}
	if diff := cmp.Diff(want, ann); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	status, group := s.scim(http.MethodPost, "/Groups", map[string]any{
		"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:Group"}, "displayName": "Admins", "members": []any{map[string]any{"value": id}},
	})
	if status != http.StatusCreated {
		t.Fatalf("%d %v", status, group)
	}
	s.awaitMember("ann@example.com", "is an administrator", func(m *exampleapp.Member) bool { return m != nil && m.Role == "Administrator" })
	s.activate(id, false)
	s.awaitMember("ann@example.com", "is inactive", inactive)
	s.activate(id, true)
	s.awaitMember("ann@example.com", "is active again", present)
	if status, _ := s.scim(http.MethodDelete, "/Users/"+id, nil); status != http.StatusNoContent {
		t.Errorf("delete: %d", status)
	}
	s.awaitMember("ann@example.com", "is gone", absent)
	s.inOrder()
}

// inOrder checks that events came in the order of their sequences, member by member.
func (s *stand) inOrder() {
	s.Helper()
	last := map[string]int64{}
	for _, d := range s.inventory.Deliveries() {
		if d.Sequence < last[d.Member] && !d.Duplicate {
			s.Errorf("%+v came after %d", d, last[d.Member])
		}
		last[d.Member] = d.Sequence
	}
}

// TestVeto: the application is asked before the identity provider is answered.
func TestVeto(t *testing.T) {
	t.Parallel()
	s := open(t, synchronous)
	id := s.user("ann@example.com")
	ann := s.member("ann@example.com") // already
	if ann == nil {
		t.Fatal("the identity provider was answered before the application had the member")
	}
	if status, body := s.app(http.MethodPut, "/api/assets/laptop-7", exampleapp.Asset{Tenant: tenant, Member: ann.ID}); status != http.StatusNoContent {
		t.Fatalf("link: %d %v", status, body)
	}
	status, problem := s.activate(id, false)
	if detail, _ := problem["detail"].(string); status < 400 || status >= 500 || !strings.Contains(detail, "laptop-7") {
		t.Errorf("%d %v", status, problem)
	}
	if _, u := s.scim(http.MethodGet, "/Users/"+id, nil); u["active"] != true {
		t.Errorf("%v", u)
	}
	if m := s.member("ann@example.com"); !present(m) {
		t.Errorf("%+v", m)
	}
	if status, _ := s.app(http.MethodDelete, "/api/assets/laptop-7", nil); status != http.StatusNoContent {
		t.Fatalf("unlink: %d", status)
	}
	if status, problem := s.activate(id, false); status >= 300 {
		t.Errorf("%d %v", status, problem)
	}
	if m := s.member("ann@example.com"); !inactive(m) {
		t.Errorf("%+v", m)
	}
}

// TestRefusalPassedOn: the application's words reach the identity provider, made harmless.
func TestRefusalPassedOn(t *testing.T) {
	t.Parallel()
	s := open(t, synchronous)
	id := s.user("ann@example.com")
	gate := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusConflict)
		_, _ = io.WriteString(w, `{"detail":"the laptop is still out\n\u001b[31m","scimType":"mutability"}`)
	})
	s.gate.Store(&gate)
	status, problem := s.activate(id, false)
	detail, _ := problem["detail"].(string)
	if status != http.StatusConflict || problem["scimType"] != "mutability" || !strings.Contains(detail, "the laptop is still out") || strings.ContainsAny(detail, "\n\u001b") {
		t.Errorf("%d %v", status, problem)
	}
}

// TestApplicationIsAway: the identity provider is told to come again, and the data stay as they are.
func TestApplicationIsAway(t *testing.T) {
	t.Parallel()
	hang := func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}
	for name, gate := range map[string]http.HandlerFunc{
		"500":     func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) },
		"closed":  func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"hanging": hang,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, func(c *config.Tenant) {
				synchronous(c)
				c.Application.Webhook.TimeoutSeconds = 1
			})
			id := s.user("ann@example.com")
			s.gate.Store(&gate)
			if status, problem := s.activate(id, false); status != http.StatusServiceUnavailable {
				t.Errorf("%d %v", status, problem)
			}
			if _, u := s.scim(http.MethodGet, "/Users/"+id, nil); u["active"] != true {
				t.Errorf("%v", u)
			}
			s.gate.Store(nil)
			if status, problem := s.activate(id, false); status >= 300 {
				t.Errorf("%d %v", status, problem)
			}
			s.awaitMember("ann@example.com", "is inactive", inactive)
		})
	}
}

// TestHold: with a hold the identity provider cannot off-board the member, whatever the mode is.
func TestHold(t *testing.T) {
	t.Parallel()
	for _, whenRefused := range []string{config.Reject, config.Hold} {
		t.Run(whenRefused, func(t *testing.T) {
			t.Parallel()
			s := open(t, func(c *config.Tenant) { c.Lifecycle.OnDeactivate.WhenRefused = whenRefused })
			id := s.user("ann@example.com")
			ann := s.awaitMember("ann@example.com", "is there", present)
			if status, body := s.app(http.MethodPut, "/api/assets/laptop-7", exampleapp.Asset{Tenant: tenant, Member: ann.ID}); status != http.StatusNoContent {
				t.Fatalf("link: %d %v", status, body)
			}
			status, problem := s.activate(id, false)
			if refused := status >= 400 && status < 500; refused != (whenRefused == config.Reject) {
				t.Errorf("%d %v", status, problem)
			}
			if detail, _ := problem["detail"].(string); whenRefused == config.Reject && !strings.Contains(detail, "laptop-7") {
				t.Errorf("%v", problem)
			}
			if m := s.member("ann@example.com"); !present(m) {
				t.Errorf("%+v", m)
			}
			s.app(http.MethodDelete, "/api/assets/laptop-7", nil)
			if whenRefused == config.Reject {
				s.activate(id, false)
			}
			s.awaitMember("ann@example.com", "is inactive", inactive)
		})
	}
}

// TestRemovedInTheApplication: the next synchronisation of the identity provider creates the member anew.
func TestRemovedInTheApplication(t *testing.T) {
	t.Parallel()
	s := open(t, nil)
	id := s.user("ann@example.com")
	ann := s.awaitMember("ann@example.com", "is there", present)
	if status, body := s.app(http.MethodDelete, "/api/members/"+tenant+"/"+ann.ID, nil); status != http.StatusNoContent {
		t.Fatalf("%d %v", status, body)
	}
	s.awaitMember("ann@example.com", "is gone", absent)
	if status, _ := s.scim(http.MethodGet, "/Users/"+id, nil); status != http.StatusNotFound {
		t.Errorf("the user is still there: %d", status)
	}
	s.user("ann@example.com")
	if again := s.awaitMember("ann@example.com", "is there again", present); again.ID == ann.ID {
		t.Error("the member has the id of the one that was removed")
	}
}

func TestActions(t *testing.T) {
	t.Parallel()
	for action, want := range map[string]struct {
		parameters map[string]string
		device     map[string]any
		gone       bool
	}{
		"UnassignDevices":      {device: map[string]any{"tenant": tenant, "policy": "standard"}},
		"ChangePolicy":         {parameters: map[string]string{"policy": "leavers"}, device: map[string]any{"tenant": tenant, "policy": "leavers"}},
		"RemoveUserAndDevices": {gone: true},
	} {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			s := open(t, func(c *config.Tenant) {
				c.Lifecycle.OnDeactivate = config.Offboarding{Action: action, Parameters: want.parameters, WhenRefused: config.Reject}
			})
			id := s.user("ann@example.com")
			ann := s.awaitMember("ann@example.com", "is there", present)
			if status, body := s.app(http.MethodPut, "/api/devices/phone-1", exampleapp.Device{Tenant: tenant, Member: ann.ID, Policy: "standard"}); status != http.StatusNoContent {
				t.Fatalf("%d %v", status, body)
			}
			if want.device != nil && action == "ChangePolicy" {
				want.device["member"] = ann.ID
			}
			s.activate(id, false)
			s.eventually("the device to change", func() bool {
				_, devices := s.app(http.MethodGet, "/api/devices", nil)
				if want.gone {
					return len(devices) == 0
				}
				return cmp.Equal(devices["phone-1"], any(want.device))
			})
			if (s.member("ann@example.com") == nil) != want.gone {
				t.Errorf("%+v", s.member("ann@example.com"))
			}
		})
	}
}

// TestActionOnReturn: what is done to the devices of who leaves is undone when the member comes back.
func TestActionOnReturn(t *testing.T) {
	t.Parallel()
	for _, format := range []string{config.StandardWebhooks, config.SecurityEventTokens} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			policy := func(name string) map[string]string { return map[string]string{"policy": name} }
			s := open(t, func(c *config.Tenant) {
				if c.Application.Webhook.Format = format; format == config.SecurityEventTokens {
					c.Application.Webhook.URL = s0(c) + "/hooks/set"
				}
				c.Lifecycle.OnDeactivate = config.Offboarding{Action: "ChangePolicy", Parameters: policy("leavers"), WhenRefused: config.Reject}
				c.Lifecycle.OnReactivate = config.Reactivation{Action: "ChangePolicy", Parameters: policy("standard")}
			})
			id := s.user("ann@example.com")
			ann := s.awaitMember("ann@example.com", "is there", present)
			if status, body := s.app(http.MethodPut, "/api/devices/phone-1", exampleapp.Device{Tenant: tenant, Member: ann.ID, Policy: "standard"}); status != http.StatusNoContent {
				t.Fatalf("%d %v", status, body)
			}
			for _, active := range []bool{false, true} {
				s.activate(id, active)
				want := map[bool]string{false: "leavers", true: "standard"}[active]
				s.eventually("the policy to be "+want, func() bool {
					_, devices := s.app(http.MethodGet, "/api/devices", nil)
					phone, _ := devices["phone-1"].(map[string]any)
					m := s.member("ann@example.com")
					return phone["policy"] == want && m != nil && m.Active == active
				})
			}
		})
	}
}

func TestFeedAlone(t *testing.T) {
	t.Parallel()
	s := open(t, func(c *config.Tenant) { c.Application.Webhook = nil })
	id := s.user("ann@example.com")
	s.user("ben@example.com")
	feed := s.inventory.Feeds[0]
	ended := make(chan error, 1)
	go func() { ended <- s.inventory.Pull(s.Context(), feed) }()
	s.awaitMember("ann@example.com", "is there", present)
	s.awaitMember("ben@example.com", "is there", present)
	began := time.Now()
	s.activate(id, false)
	s.awaitMember("ann@example.com", "is inactive", inactive)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("a long poll took %s to bring an event", took)
	}
	s.inOrder()
}

func TestSecurityEventTokens(t *testing.T) {
	t.Parallel()
	s := open(t, func(c *config.Tenant) {
		c.Application.Webhook.Format, c.Application.Webhook.URL = config.SecurityEventTokens, s0(c)+"/hooks/set?key=s3cret"
	})
	id := s.user("ann@example.com")
	ann := s.awaitMember("ann@example.com", "is there", present)
	if ann.Fields["title"] != "Engineer" {
		t.Errorf("%+v", ann)
	}
	s.activate(id, false)
	s.awaitMember("ann@example.com", "is inactive", inactive)
	s.scim(http.MethodDelete, "/Users/"+id, nil)
	s.awaitMember("ann@example.com", "is gone", absent)
}

// s0 is the inventory's URL in a configuration.
func s0(c *config.Tenant) string { return strings.TrimSuffix(c.Application.Webhook.URL, "/hooks/scim") }

// TestKeyRotation: a server that signs with two keys is understood by who knows either, and strangers are not.
func TestKeyRotation(t *testing.T) {
	t.Parallel()
	next := webhook.Key(strings.Repeat("n", 32))
	s := open(t, func(c *config.Tenant) {
		c.Application.Webhook.SigningKeys = append([]string{next.Encode()}, c.Application.Webhook.SigningKeys...)
	})
	s.user("ann@example.com")
	s.awaitMember("ann@example.com", "is there", present)

	s.serve(s.tenant(func(c *config.Tenant) { c.Generation, c.Application.Webhook.SigningKeys = 2, []string{next.Encode()} }))
	s.user("ben@example.com")
	s.serve(s.tenant(func(c *config.Tenant) { c.Generation = 3 }))
	s.awaitMember("ben@example.com", "is there after the right key was set", present)
	if n := len(s.inventory.Deliveries()); n != 2 {
		t.Errorf("%d events were taken", n)
	}
}

// TestAddressesThatAreRefused: nothing is sent, the reason is known, and the tenant keeps working.
func TestAddressesThatAreRefused(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"http://169.254.169.254/latest/meta-data/", "http://[::ffff:a9fe:a9fe]/", "http://0.0.0.0:1/", "http://[::1]:1/"} {
		s := open(t, func(c *config.Tenant) { c.Application.Webhook.URL = url })
		s.user("ann@example.com")
		s.user("ben@example.com")
		if status, list := s.scim(http.MethodGet, "/Users", nil); status != http.StatusOK || list["totalResults"] != 2.0 {
			t.Errorf("%s: %d %v", url, status, list)
		}
		s.serve(s.tenant(func(c *config.Tenant) { c.Generation = 2 }))
		s.awaitMember("ben@example.com", "is there after the url was mended", present)
	}
}

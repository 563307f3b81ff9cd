package app

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/httpapi"
)

// served returns the tenant ns/name or fails.
func served(t *testing.T, l *live, name string) *httpapi.Tenant {
	t.Helper()
	got, ok := l.Tenant("ns", name)
	if !ok {
		t.Fatalf("tenant ns/%s is not served", name)
	}
	return got
}

func TestSwapKeepsWhatDidNotChange(t *testing.T) {
	t.Parallel()
	l := newLive(t, "")
	rate := func(n int) func(*config.Tenant) {
		return func(c *config.Tenant) { c.Limits.RequestsPerSecond, c.Limits.Burst = n, n }
	}
	offer(t, l, server(tenant("ns/same"), tenant("ns/token", rate(5)), tenant("ns/rate", rate(5)), tenant("ns/gone")))
	same, token, rated := served(t, l, "same"), served(t, l, "token"), served(t, l, "rate")

	newToken := func(c *config.Tenant) { c.Tokens[0].SHA256 = config.HashToken("new") }
	offer(t, l, server(tenant("ns/same"), tenant("ns/token", rate(5), newToken), tenant("ns/rate", rate(6)), tenant("ns/new")))
	if served(t, l, "same") != same {
		t.Error("an unchanged tenant was built again")
	}
	if got := served(t, l, "token"); got == token || got.Limit != token.Limit || got.Observe != token.Observe {
		t.Error("a changed token must change the tenant, but neither its limiter nor what is known of its activity")
	}
	if got := served(t, l, "rate"); got.Limit == rated.Limit || got.Observe != rated.Observe {
		t.Error("a changed rate must change the limiter alone")
	}
	if _, ok := l.Tenant("ns", "gone"); ok {
		t.Error("a tenant that is gone is served")
	}
	if served(t, l, "new").Directory.Schemas != same.Directory.Schemas {
		t.Error("equal schemas are not shared")
	}

	moved := server(tenant("ns/same"))
	moved.BaseURL = "https://other.example.com"
	offer(t, l, moved)
	if got := served(t, l, "same").Directory.URL; got != "https://other.example.com/ns/same/scim/v2" {
		t.Errorf("URL %s after a change of the base URL", got)
	}
}

func TestTenantIsBuiltAsConfigured(t *testing.T) {
	t.Parallel()
	l := newLive(t, "")
	offer(t, l, server(
		tenant("ns/plain"),
		tenant("ns/strict", func(c *config.Tenant) {
			c.Protocol, c.UniqueIdentifier, c.Groups = "Strict", "email", false
			c.Limits = config.Limits{Users: 7, Groups: 8, BodyBytes: 9}
			c.Extensions = []config.Extension{{ID: "urn:example:badge", Resource: "User", Attributes: []config.Attribute{{Name: "badge", Type: "string"}}}}
		}),
		tenant("ns/suspended", func(c *config.Tenant) { c.Suspended = true }),
		tenant("ns/gated", func(c *config.Tenant) { c.Gated = true })))
	d, s := served(t, l, "plain").Directory, served(t, l, "strict").Directory
	if d.Strict || d.Key != "ns/plain" || d.URL != "https://scim.example.com/ns/plain/scim/v2" || d.UniqueIdentifier != "userName" {
		t.Errorf("plain: %s %s %s %t", d.Key, d.URL, d.UniqueIdentifier, d.Strict)
	}
	if _, ok := d.Schemas.ResourceType("Groups"); !ok {
		t.Error("plain: no groups")
	}
	if _, ok := s.Schemas.ResourceType("Groups"); ok || !s.Strict || s.UniqueIdentifier != "email" || s.MaxUsers != 7 || s.MaxGroups != 8 {
		t.Errorf("strict: groups %t, %+v", ok, s)
	}
	if _, ok := s.Schemas.SchemaByID("urn:example:badge"); !ok || served(t, l, "strict").BodyBytes != 9 {
		t.Error("strict: extension or body limit is missing")
	}
	for name, want := range map[string]string{"suspended": "suspended", "gated": "readiness gate"} {
		if e := served(t, l, name).Unavailable; e == nil || e.Status != 503 || e.RetryAfter == 0 || !strings.Contains(e.Detail, want) {
			t.Errorf("%s: %v", name, e)
		}
	}
}

func TestRejectedConfigChangesNothing(t *testing.T) {
	t.Parallel()
	l := newLive(t, "")
	good := server(tenant("ns/a"))
	offer(t, l, good)
	before := l.current.Load()
	for range 2 { // the second is the same content again
		if err := l.Offer([]byte("damaged")); err == nil {
			t.Fatal("accepted")
		}
	}
	if l.current.Load() != before || *l.rejected.Load() != "config: damaged: unexpected EOF" {
		t.Errorf("rejected: %v", *l.rejected.Load())
	}
	checkGauge(t, l, "scimserver_config_rejected", 1)
	offer(t, l, good)
	if l.rejected.Load() != nil || l.current.Load().hash != before.hash || l.current.Load().at != before.at {
		t.Error("the good configuration does not count again")
	}
	checkGauge(t, l, "scimserver_config_rejected", 0)
	if err := l.Offer(nil); err == nil || !strings.Contains(err.Error(), "config.json.gz") {
		t.Errorf("Secret without the key: %v", err)
	}
}

// checkGauge checks a metric without labels.
func checkGauge(t *testing.T, l *live, name string, want float64) {
	t.Helper()
	families, err := l.metrics.Gatherer().Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			if got := f.GetMetric()[0].GetGauge().GetValue(); got != want {
				t.Errorf("%s is %v, want %v", name, got, want)
			}
			return
		}
	}
	t.Errorf("%s is not exposed", name)
}

// TestUnbuildableTenant: the others change, it stays what it was; one that never was answers 503.
func TestUnbuildableTenant(t *testing.T) {
	t.Parallel()
	l := newLive(t, "")
	offer(t, l, server(tenant("ns/old"), tenant("ns/other")))
	old := served(t, l, "old")
	newToken := func(c *config.Tenant) { c.Tokens[0].SHA256 = config.HashToken("new") }
	offer(t, l, server(tenant("ns/old", badExtension), tenant("ns/other", newToken), tenant("ns/fresh", badExtension)))

	if served(t, l, "old") != old {
		t.Error("the tenant that could not be built changed")
	}
	e := l.current.Load().entries["ns/old"]
	if want := tenant("ns/old"); e.hash != want.Hash() || e.err == nil || !strings.Contains(e.err.Error(), "urn:ietf:params:scim:schemas:core:2.0:User") {
		t.Errorf("old: hash %s, error %v", e.hash, e.err)
	}
	if e := l.current.Load().entries["ns/other"]; e.err != nil || e.hash == tenant("ns/other").Hash() {
		t.Errorf("other: hash %s, error %v", e.hash, e.err)
	}
	fresh := served(t, l, "fresh")
	if e := l.current.Load().entries["ns/fresh"]; e.hash != "" || e.err == nil || fresh.Unavailable == nil {
		t.Errorf("fresh: hash %s, error %v, unavailable %v", e.hash, e.err, fresh.Unavailable)
	}

	offer(t, l, server(tenant("ns/fresh", badExtension, newToken))) // still broken, but its token changed
	if served(t, l, "fresh").Auth == fresh.Auth {
		t.Error("fresh: the new token is not known")
	}
	offer(t, l, server(tenant("ns/old"), tenant("ns/fresh")))
	for _, name := range []string{"old", "fresh"} {
		if e := l.current.Load().entries["ns/"+name]; e.err != nil || served(t, l, name).Unavailable != nil {
			t.Errorf("%s after the repair: %v", name, e.err)
		}
	}
}

// TestRevertedTenant: going back to what is served ends the error.
func TestRevertedTenant(t *testing.T) {
	t.Parallel()
	l := newLive(t, "")
	offer(t, l, server(tenant("ns/a")))
	was := served(t, l, "a")
	offer(t, l, server(tenant("ns/a", badExtension)))
	offer(t, l, server(tenant("ns/a")))
	if e := l.current.Load().entries["ns/a"]; e.err != nil || served(t, l, "a") != was {
		t.Errorf("error %v", e.err)
	}
}

func TestNothingLoadedYet(t *testing.T) {
	t.Parallel()
	l := newLive(t, "")
	h := l.untilLoaded(http.NotFoundHandler())
	get := func() *httptest.ResponseRecorder {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/ns/a/scim/v2/Users", nil))
		return rec
	}
	rec := get()
	if rec.Code != 503 || rec.Header().Get("Retry-After") != "5" || rec.Header().Get("Content-Type") != "application/scim+json" || !strings.Contains(rec.Body.String(), `"status":"503"`) {
		t.Errorf("%d %v %s", rec.Code, rec.Header(), rec.Body)
	}
	if _, ok := l.Tenant("ns", "a"); ok {
		t.Error("a tenant out of nothing")
	}
	offer(t, l, server())
	if rec := get(); rec.Code != http.StatusNotFound {
		t.Errorf("a configuration without tenants: %d", rec.Code)
	}
}

var errDisk = errors.New("disk on fire")

package exampleapp_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/app"
	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/outbox/webhook"
	"github.com/scim-operator/scim-operator/scimserver/telemetry"
	"github.com/scim-operator/scim-operator/test/exampleapp"
)

const tenant = "acme-ns/acme"

// stand is a server, its configuration, and the inventory that it provisions.
type stand struct {
	*testing.T
	inventory *exampleapp.App
	site      *httptest.Server // of the inventory
	key       webhook.Key
	server    *app.App
	config    config.Server
	offers    chan []byte
	gate      atomic.Pointer[http.HandlerFunc] // in front of the inventory
}

// Run implements app.Source.
func (s *stand) Run(ctx context.Context, offer func([]byte) error) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case data := <-s.offers:
			if err := offer(data); err != nil {
				s.Error(err)
			}
		}
	}
}

// open starts everything. change may alter the configuration.
func open(t *testing.T, change func(*config.Tenant)) *stand {
	t.Helper()
	s := &stand{T: t, offers: make(chan []byte, 1)}
	var err error
	if s.key, err = webhook.NewKey(rand.Reader); err != nil {
		t.Fatal(err)
	}
	s.site = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if gate := s.gate.Load(); gate != nil {
			(*gate)(w, r)
			return
		}
		s.inventory.ServeHTTP(w, r)
	}))
	t.Cleanup(s.site.Close)
	s.start()
	s.inventory, err = exampleapp.New(exampleapp.Options{
		Keys: []webhook.Key{s.key}, Audience: s.site.URL + "/hooks/set", Log: quiet(t),
		Feeds: []exampleapp.Feed{{Tenant: tenant, URL: s.config.BaseURL + "/" + tenant + "/members/v1", Token: "feed-token-of-the-application"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.serve(s.tenant(change))
	return s
}

func quiet(t *testing.T) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
}

func (s *stand) start() {
	s.Helper()
	st, err := app.OpenStore(s.Context(), filepath.Join(s.TempDir(), "data"))
	if err != nil {
		s.Fatal(err)
	}
	s.server, err = app.New(app.Options{
		Source: s, Store: st, Listen: "127.0.0.1:0", OpsListen: "127.0.0.1:0", Version: "test", Log: quiet(s.T), Metrics: telemetry.New("test"),
	})
	if err != nil {
		s.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.server.Run(ctx) }()
	s.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			s.Error(err)
		}
	})
	s.config = config.Server{
		Version: config.Version, Name: "scim-system/shared", BaseURL: "http://" + s.server.Addr(), AllowedNetworks: []string{"127.0.0.0/8"},
	}
}

func (s *stand) tenant(change func(*config.Tenant)) config.Tenant {
	t := config.Tenant{
		Key: tenant, UID: "uid-1", Generation: 1, IdentityProvider: "Okta", Protocol: "Compatible", UniqueIdentifier: "userName", Groups: true,
		Tokens: []config.Token{{ID: "t1", SHA256: config.HashToken("token-of-the-provider")}}, Limits: config.Limits{BodyBytes: 1 << 20},
		Application: &config.Application{
			Name: "acme-ns/inventory", Roles: []string{"Administrator", "Staff User"},
			Fields:  []config.Field{{Name: "email", Type: "String", Required: true, Unique: true}, {Name: "title", Type: "String"}},
			Actions: []config.Action{{Name: "UnassignDevices"}, {Name: "ChangePolicy", Parameters: []config.Parameter{{Name: "policy", Required: true}}}, {Name: "RemoveUserAndDevices"}},
			Webhook: &config.Webhook{
				URL: s.site.URL + "/hooks/scim", Mode: config.Asynchronous, Format: config.StandardWebhooks, SigningKeys: []string{s.key.Encode()}, TimeoutSeconds: 5,
			},
			FeedTokens: []config.Token{{ID: "f1", SHA256: config.HashToken("feed-token-of-the-application")}},
		},
		Mapping: &config.Mapping{
			Attributes: []config.AttributeRule{{Field: "email", From: "userName"}, {Field: "title", From: "title"}},
			Role:       &config.RoleRule{Groups: []config.GroupRole{{DisplayName: "Admins", Role: "Administrator"}}, Default: "Staff User", Order: config.GroupsFirst, Unknown: config.UseDefault, Assign: config.Always},
		},
		Lifecycle: config.DefaultLifecycle(),
	}
	if change != nil {
		change(&t)
	}
	return t
}

func (s *stand) serve(t config.Tenant) {
	s.Helper()
	s.config.Tenants = []config.Tenant{t}
	data, err := config.Encode(&s.config)
	if err != nil {
		s.Fatal(err)
	}
	s.offers <- data
	s.eventually("the tenant to be served", func() bool {
		status, _ := s.scim(http.MethodGet, "/Users", nil)
		return status == http.StatusOK
	})
}

const patience = 20 * time.Second

func (s *stand) eventually(what string, ok func() bool) {
	s.Helper()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for end := time.After(patience); !ok(); {
		select {
		case <-look.C:
		case <-end:
			s.Fatalf("never: %s", what)
		}
	}
}

// scim is a request of the identity provider.
func (s *stand) scim(method, path string, body any) (int, map[string]any) {
	s.Helper()
	return s.do(method, s.config.BaseURL+"/"+tenant+"/scim/v2"+path, "token-of-the-provider", body)
}

// app is a request of somebody at the inventory.
func (s *stand) app(method, path string, body any) (int, map[string]any) {
	s.Helper()
	return s.do(method, s.site.URL+path, "", body)
}

func (s *stand) do(method, url, token string, body any) (int, map[string]any) {
	s.Helper()
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			s.Fatal(err)
		}
		content = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(s.Context(), method, url, content)
	if err != nil {
		s.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/scim+json")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		s.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		s.Fatal(err)
	}
	var answer map[string]any
	_ = json.Unmarshal(text, &answer) // some answers are lists, or empty
	return res.StatusCode, answer
}

// user creates a user and returns its id.
func (s *stand) user(name string) string {
	s.Helper()
	status, u := s.scim(http.MethodPost, "/Users", map[string]any{
		"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:User"}, "userName": name, "title": "Engineer", "active": true,
	})
	if status != http.StatusCreated {
		s.Fatalf("create %s: %d %v", name, status, u)
	}
	return u["id"].(string)
}

func (s *stand) activate(id string, active bool) (int, map[string]any) {
	s.Helper()
	return s.scim(http.MethodPatch, "/Users/"+id, map[string]any{
		"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"}, "Operations": []any{map[string]any{"op": "replace", "path": "active", "value": active}},
	})
}

// member returns the inventory's member of the name, nil: it has none.
func (s *stand) member(name string) *exampleapp.Member {
	for _, m := range s.inventory.Members(tenant) {
		if m.UserName == name {
			return &m
		}
	}
	return nil
}

// awaitMember waits until the inventory has the member so.
func (s *stand) awaitMember(name, what string, ok func(*exampleapp.Member) bool) *exampleapp.Member {
	s.Helper()
	s.eventually(name+" "+what, func() bool { return ok(s.member(name)) })
	return s.member(name)
}

func present(m *exampleapp.Member) bool  { return m != nil && m.Active }
func inactive(m *exampleapp.Member) bool { return m != nil && !m.Active }
func absent(m *exampleapp.Member) bool   { return m == nil }

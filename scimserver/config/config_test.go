package config_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/scim-operator/scim-operator/scimserver/config"
)

var update = flag.Bool("update", false, "rewrite golden files")

func unzip(t testing.TB, data []byte) []byte {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func zip(t testing.TB, text []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func tenant(key string) config.Tenant {
	return config.Tenant{
		Key: key, UID: "8a0f8d5e-6d0c-4a35-9d53-0d6d8c1f7b10", Generation: 3,
		IdentityProvider: "Okta", Protocol: "Compatible", UniqueIdentifier: "userName", Groups: true,
		Tokens: []config.Token{{ID: "0a1b2c", SHA256: config.HashToken("a token")}},
		Limits: config.Limits{RequestsPerSecond: 50, Burst: 100, Users: 100000, Groups: 10000, BodyBytes: 2 << 20},
	}
}

// full has every field set.
func full() *config.Server {
	end := time.Date(2026, 11, 22, 10, 0, 0, 0, time.FixedZone("", 3600))
	acme := tenant("acme-ns/acme")
	acme.Tokens = append(acme.Tokens, config.Token{ID: "3d4e5f", SHA256: config.HashToken("its predecessor"), NotAfter: &end})
	acme.Suspended, acme.Gated = true, true
	acme.Extensions = []config.Extension{{
		ID: "urn:ietf:params:scim:schemas:extension:CustomExtensionName:2.0:User", Name: "Custom", Description: "Acme's own",
		Resource: "User", Required: true,
		Attributes: []config.Attribute{
			{Name: "badge", Description: "Badge number", Type: "string", Required: true, CaseExact: true, Mutability: "immutable",
				Returned: "always", Uniqueness: "server", CanonicalValues: []string{"none"}},
			{Name: "desks", Type: "complex", MultiValued: true, SubAttributes: []config.Attribute{
				{Name: "value", Type: "reference", ReferenceTypes: []string{"external"}},
			}},
		},
	}}
	acme.Application, acme.Mapping, acme.Lifecycle = application(), mapping(), lifecycle()
	return &config.Server{
		AllowedNetworks: []string{"10.0.0.0/8", "fd00::/8"},
		Version:         config.Version, Name: "scim-system/shared", BaseURL: "https://scim.example.com",
		Tenants: []config.Tenant{tenant("zoo/zoo"), acme},
		Purges:  []config.Purge{{Tenant: "old/old", UID: "2"}, {Tenant: "acme-ns/acme", UID: "1"}},
	}
}

// signingKey is a form-valid key of n bytes.
func signingKey(n int) string {
	return config.SigningKeyPrefix + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, n))
}

func application() *config.Application {
	end := time.Date(2026, 11, 22, 10, 0, 0, 0, time.FixedZone("", 3600))
	return &config.Application{
		Name: "apps/inventory", DisplayName: "Inventory",
		Fields: []config.Field{
			{Name: "email", Type: "String", Required: true, Unique: true}, {Name: "badge", Type: "Integer"}, {Name: "site", Type: "String"},
		},
		Roles: []string{"Administrator", "Staff User"},
		Actions: []config.Action{
			{Name: "UnassignDevices"}, {Name: "ChangePolicy", Parameters: []config.Parameter{{Name: "policy", Required: true}, {Name: "note"}}},
		},
		Webhook: &config.Webhook{
			URL: "https://app.example.com/hooks/scim?v=1", Mode: config.Synchronous, Format: config.StandardWebhooks,
			SigningKeys: []string{signingKey(24), signingKey(32)}, TimeoutSeconds: 5, CABundle: []byte(certificate),
		},
		FeedTokens: []config.Token{
			{ID: "feed1", SHA256: config.HashToken("a feed token")}, {ID: "feed0", SHA256: config.HashToken("its predecessor"), NotAfter: &end},
		},
	}
}

func mapping() *config.Mapping {
	none := "none"
	return &config.Mapping{
		Attributes: []config.AttributeRule{
			{Field: "email", From: `emails[type eq "work"].value`},
			{Field: "badge", Expression: "user.badge", Default: new("0")},
			{Field: "site", From: "locale", Default: &none, Values: map[string]string{"de": "Berlin", "DE": "Bonn"}},
		},
		Role: &config.RoleRule{
			From: "title", Values: map[string]string{"IT": "Administrator", "it": "Staff User"},
			Groups: []config.GroupRole{{DisplayName: "Admins", Role: "Administrator"}},
			Order:  config.GroupsFirst, Default: "Staff User", Unknown: config.Reject, Assign: config.Always,
		},
	}
}

func lifecycle() config.Lifecycle {
	l := config.DefaultLifecycle()
	l.OnCreate.Role = "Staff User"
	l.OnDeactivate = config.Offboarding{Action: "ChangePolicy", Parameters: map[string]string{"policy": "leavers"}, WhenRefused: config.Hold}
	l.ExistingMember = config.Adopt
	l.Brake = &config.Brake{Max: 20, Per: time.Hour}
	l.BrakeRelease = "2026-11-22"
	return l
}

func TestGolden(t *testing.T) {
	t.Parallel()
	data, err := config.Encode(full())
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if err := json.Indent(&got, unzip(t, data), "", "  "); err != nil {
		t.Fatal(err)
	}
	got.WriteString("\n")
	golden(t, "server.json", got.Bytes())
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]*config.Server{
		"full":       full(),
		"no tenants": {Version: 1, Name: "a/b", BaseURL: "http://127.0.0.1:8080"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data, err := config.Encode(s)
			if err != nil {
				t.Fatal(err)
			}
			got, err := config.Decode(data)
			if err != nil {
				t.Fatal(err)
			}
			byKey := cmpopts.SortSlices(func(a, b config.Tenant) bool { return a.Key < b.Key })
			byUID := cmpopts.SortSlices(func(a, b config.Purge) bool { return a.UID < b.UID })
			if diff := cmp.Diff(s, got, byKey, byUID, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if s.Hash() != got.Hash() {
				t.Error("the hash changed on the way")
			}
		})
	}
}

func TestEncodeIsDeterministic(t *testing.T) {
	t.Parallel()
	a, b := full(), full()
	slices.Reverse(b.Tenants)
	slices.Reverse(b.Purges)
	first := b.Tenants[0].Key
	x, err := config.Encode(a)
	if err != nil {
		t.Fatal(err)
	}
	y, err := config.Encode(b)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(x, y) || a.Hash() != b.Hash() {
		t.Error("the order of tenants shows")
	}
	if b.Tenants[0].Key != first {
		t.Error("Encode changed its argument")
	}
}

func TestHash(t *testing.T) {
	t.Parallel()
	base := full()
	for name, change := range map[string]func(*config.Server){
		"generation": func(s *config.Server) { s.Tenants[0].Generation++ },
		"token":      func(s *config.Server) { s.Tenants[0].Tokens[0].SHA256 = config.HashToken("new") },
		"extension":  func(s *config.Server) { s.Tenants[1].Extensions[0].Attributes[0].Required = false },
		"suspended":  func(s *config.Server) { s.Tenants[0].Suspended = true },
		"feed token": func(s *config.Server) { s.Tenants[1].Application.FeedTokens[0].SHA256 = config.HashToken("new") },
		"key":        func(s *config.Server) { s.Tenants[1].Application.Webhook.SigningKeys[0] = signingKey(40) },
		"rule":       func(s *config.Server) { s.Tenants[1].Mapping.Attributes[0].From = "userName" },
		"release":    func(s *config.Server) { s.Tenants[1].Lifecycle.BrakeRelease = "again" },
		"issuer": func(s *config.Server) {
			s.Tenants[0].Issuers = []config.Issuer{{Issuer: "https://i", Audiences: []string{"a"}}}
		},
	} {
		s := full()
		change(s)
		if s.Hash() == base.Hash() {
			t.Errorf("%s: Server.Hash is the same", name)
		}
		if s.Tenants[0].Hash() == base.Tenants[0].Hash() && s.Tenants[1].Hash() == base.Tenants[1].Hash() {
			t.Errorf("%s: Tenant.Hash is the same", name)
		}
	}
	utc := full()
	at := utc.Tenants[1].Tokens[1].NotAfter.UTC()
	utc.Tenants[1].Tokens[1].NotAfter = &at
	utc.Tenants[1].Application.FeedTokens[1].NotAfter = &at
	if utc.Tenants[1].Hash() != base.Tenants[1].Hash() {
		t.Error("the time zone shows in the hash")
	}
	if n := len(base.Hash()); n != 32 {
		t.Errorf("hash of %d characters", n)
	}
}

// TestEncodeLimits: as many tenants as a Secret takes are encoded, more are an error that says so.
func TestEncodeLimits(t *testing.T) {
	t.Parallel()
	s := &config.Server{Version: 1, Name: "a/b", BaseURL: "http://x"}
	for i := range config.MaxTenants + 1 {
		c := tenant("ns/t" + strings.Repeat("x", i%50) + "-" + config.HashToken(string(rune(i)))[:16])
		c.Tokens = []config.Token{{ID: "a", SHA256: config.HashToken(c.Key)}}
		s.Tenants = append(s.Tenants, c)
	}
	if _, err := config.Encode(s); err == nil || !strings.Contains(err.Error(), "at most 10000") {
		t.Errorf("too many tenants: %v", err)
	}
	s.Tenants = s.Tenants[:5000]
	if _, err := config.Encode(s); err != nil {
		t.Errorf("5000 tenants: %v", err)
	}
}

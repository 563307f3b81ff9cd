package compile_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers/compile"
	"github.com/scim-operator/scim-operator/scimserver/config"
)

func signed(bearer bool) func(*v1alpha1.SCIMTenant) {
	return func(t *v1alpha1.SCIMTenant) {
		t.Spec.Auth = &v1alpha1.TenantAuth{JWT: []v1alpha1.JWTIssuer{
			{Issuer: "https://login.example.com/acme", Audiences: []v1alpha1.Audience{"scim", "api"}, JWKSURL: "https://login.example.com/keys"},
			{Issuer: "https://other.example.com", Audiences: []v1alpha1.Audience{"scim"}},
		}}
		if bearer {
			t.Spec.Auth.Bearer = &v1alpha1.BearerAuth{}
		}
	}
}

// TestSignedTokens: issuers get to the server; a tenant with issuers has a bearer token only if it asks for one.
func TestSignedTokens(t *testing.T) {
	t.Parallel()
	issuers := []config.Issuer{
		{Issuer: "https://login.example.com/acme", Audiences: []string{"scim", "api"}, JWKSURL: "https://login.example.com/keys"},
		{Issuer: "https://other.example.com", Audiences: []string{"scim"}},
	}
	before := run(t, compile.Input{Tenants: []compile.Candidate{accepted(tenant("a"))}}).Config
	alone, both := tenant("a", signed(false)), tenant("a", signed(true))
	for name, tc := range map[string]struct {
		in     compile.Input
		tokens int
	}{
		"alone":                    {compile.Input{Tenants: []compile.Candidate{{Tenant: alone, Accepted: true}}}, 0},
		"alone, the Secret is old": {compile.Input{Previous: before, Tenants: []compile.Candidate{accepted(alone)}}, 0},
		"with a bearer token":      {compile.Input{Tenants: []compile.Candidate{accepted(both)}}, 1},
		"added to a bearer token":  {compile.Input{Previous: before, Tenants: []compile.Candidate{accepted(both)}}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := run(t, tc.in).Config.Tenants
			if len(got) != 1 || len(got[0].Tokens) != tc.tokens {
				t.Fatalf("got %+v", got)
			}
			if diff := cmp.Diff(issuers, got[0].Issuers); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	if kept := run(t, compile.Input{Previous: before, Tenants: []compile.Candidate{refused(alone)}}).Config.Tenants; len(kept[0].Tokens) != 1 || kept[0].Issuers != nil {
		t.Errorf("not accepted, and yet its entry is %+v", kept[0])
	}
}

// TestServerTokens: what becomes of a token when there is another one.
func TestServerTokens(t *testing.T) {
	t.Parallel()
	overlap := func(d time.Duration) func(*v1alpha1.SCIMTenant) {
		return func(t *v1alpha1.SCIMTenant) {
			t.Spec.Auth = &v1alpha1.TenantAuth{Bearer: &v1alpha1.BearerAuth{Rotation: &v1alpha1.TokenRotation{
				Every: metav1.Duration{Duration: 24 * time.Hour}, Overlap: metav1.Duration{Duration: d}}}}
		}
	}
	at := func(d time.Duration) *time.Time { t := now.Add(d); return &t }
	entry := func(tokens ...config.Token) *config.Server {
		s := run(t, compile.Input{Tenants: []compile.Candidate{accepted(tenant("a"))}}).Config
		s.Tenants[0].Tokens = tokens
		return s
	}
	tok := func(text string, end *time.Time) config.Token {
		return config.Token{ID: "id-" + text, SHA256: config.HashToken(text), NotAfter: end}
	}
	for name, tc := range map[string]struct {
		previous *config.Server
		change   func(*v1alpha1.SCIMTenant)
		issued   time.Time
		accepted bool
		want     []config.Token
		next     *time.Time
	}{
		"first":                       {nil, overlap(time.Hour), now, true, []config.Token{tok("new", nil)}, nil},
		"same again":                  {entry(tok("new", nil)), overlap(time.Hour), now, true, []config.Token{tok("new", nil)}, nil},
		"no overlap":                  {entry(tok("old", nil)), overlap(0), now, true, []config.Token{tok("new", nil)}, nil},
		"no rotation":                 {entry(tok("old", nil)), func(*v1alpha1.SCIMTenant) {}, now, true, []config.Token{tok("new", nil)}, nil},
		"overlap":                     {entry(tok("old", nil)), overlap(time.Hour), now, true, []config.Token{tok("new", nil), tok("old", at(time.Hour))}, at(time.Hour)},
		"overlap is over":             {entry(tok("old", nil)), overlap(time.Hour), now.Add(-2 * time.Hour), true, []config.Token{tok("new", nil)}, nil},
		"twice within the overlap":    {entry(tok("old", nil), tok("older", at(time.Minute))), overlap(time.Hour), now, true, []config.Token{tok("new", nil), tok("old", at(time.Hour)), tok("older", at(time.Minute))}, at(time.Minute)},
		"a shorter overlap ends both": {entry(tok("old", nil), tok("older", at(time.Hour))), overlap(time.Minute), now, true, []config.Token{tok("new", nil), tok("old", at(time.Minute)), tok("older", at(time.Minute))}, at(time.Minute)},
		"refused spec, rotated token": {entry(tok("old", nil)), overlap(0), now, false, []config.Token{tok("new", nil)}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := compile.Candidate{Tenant: tenant("a", tc.change), Accepted: tc.accepted, Credentials: token("new", tc.issued)}
			got := run(t, compile.Input{Previous: tc.previous, Tenants: []compile.Candidate{c}})
			if diff := cmp.Diff(tc.want, got.Config.Tenants[0].Tokens); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if tc.next == nil && !got.Next.IsZero() || tc.next != nil && !got.Next.Equal(*tc.next) {
				t.Errorf("next %v, want %v", got.Next, tc.next)
			}
		})
	}
}

package probe_test

import (
	"strings"
	"testing"

	"github.com/scim-operator/scim-operator/plugin/probe"
	"github.com/scim-operator/scim-operator/scimserver/servertest"
)

// TestServer: this product's server passes the test of each identity provider, with groups and without, twice.
func TestServer(t *testing.T) {
	t.Parallel()
	s := servertest.New(t)
	for _, idp := range []string{"Okta", "EntraID", "OneLogin", "JumpCloud", "Generic"} {
		for _, identifier := range []string{"userName", "email", "externalId"} {
			for _, groups := range []bool{true, false} {
				options := []servertest.TenantOption{servertest.UniqueIdentifier(identifier)}
				if !groups {
					options = append(options, servertest.WithoutGroups())
				}
				tenant := s.NewTenant(t, options...)
				target := probe.Target{IdentityProvider: idp, URL: tenant.BaseURL, Token: tenant.Token, UniqueIdentifier: identifier, Groups: groups,
					TestEmail: "test@example.com", Random: "8a0f8d5e-6d0c-4a35-9d53-0d6d8c1f7b10"}
				for range 2 {
					if out, ok := lines(t, s.Client, target); !ok {
						t.Errorf("%s, %s, groups %v: %s", idp, identifier, groups, strings.Join(out, "\n"))
					}
				}
				target.Token += "x"
				if out, ok := lines(t, s.Client, target); ok || !strings.Contains(out[0], "answered 401") {
					t.Errorf("%s with a wrong token: %q", idp, out)
				}
			}
		}
	}
	strict := s.NewTenant(t, servertest.Strict())
	if out, ok := lines(t, s.Client, probe.Target{IdentityProvider: "JumpCloud", URL: strict.BaseURL, Token: strict.Token, Groups: true, TestEmail: "test@example.com"}); !ok {
		t.Errorf("strict: %q", out)
	}
}

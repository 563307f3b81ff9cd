package guide_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scim-operator/scim-operator/plugin/guide"
)

var update = flag.Bool("update", false, "rewrite golden files")

func TestGuides(t *testing.T) {
	t.Parallel()
	in := func(idp string, change ...func(*guide.Input)) guide.Input {
		out := guide.Input{Tenant: "acme/acme", IdentityProvider: idp, URL: "https://scim.example.com/acme/acme/scim/v2", Token: "scim_token", UniqueIdentifier: "userName", Groups: true}
		for _, c := range change {
			c(&out)
		}
		return out
	}
	noGroups := func(i *guide.Input) { i.Groups = false }
	signed := func(i *guide.Input) { i.Token, i.Issuers = "", []string{"https://login.example.com"} }
	for name, input := range map[string]guide.Input{
		"okta": in("Okta"), "entra": in("EntraID"), "onelogin": in("OneLogin"), "jumpcloud": in("JumpCloud"), "generic": in("Generic"),
		"okta-users":      in("Okta", noGroups, func(i *guide.Input) { i.URL, i.UniqueIdentifier = "https://scim_1.example.com/a/b/scim/v2", "email" }),
		"entra-signed":    in("EntraID", noGroups, signed, func(i *guide.Input) { i.UniqueIdentifier = "email" }),
		"jumpcloud-users": in("JumpCloud", noGroups),
		"other":           in("Ping", noGroups, signed, func(i *guide.Input) { i.Extensions = []string{"urn:acme:2.0:User"} }),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got bytes.Buffer
			if err := guide.For(input).Write(&got, input.Tenant); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join("testdata", name+".txt")
			if *update {
				if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

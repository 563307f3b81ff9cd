package auth_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/auth"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
)

// FuzzVerify: of all texts only the issuer's own token is accepted, and the others are refused by 401.
func FuzzVerify(f *testing.F) {
	k := ecKey(f, "k")
	host := newIssuer(f, k)
	j := auth.NewJWT([]auth.Issuer{{Name: host.url, Audiences: []string{"scim"}, Keys: host.keySet()}}, clock)
	good := k.sign(f, claims(host.url, nil))
	signed := good[:strings.LastIndexByte(good, '.')] // base64 has more than one text for a signature
	for _, text := range []string{good, good[:100], good + "A", unsigned(f, claims(host.url, nil)), "a.b.c", "..", "", `{"payload":"","signatures":[]}`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, token string) {
		who, err := j.Verify(t.Context(), token)
		if err == nil {
			if token[:strings.LastIndexByte(token, '.')] != signed || who.Subject != "anna" {
				t.Fatalf("accepted %q as %+v", token, who)
			}
			return
		}
		var e *scimerr.Error
		if !errors.As(err, &e) || e.Status != http.StatusUnauthorized || e.Detail == "" || len(e.Detail) > 300 || who != (auth.Identity{}) {
			t.Fatalf("%q: %+v, %v", token, who, err)
		}
	})
}

package app

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// TestSignedTokens: an issuer of the configuration is asked for its keys, and its tokens are accepted if the condition over
// their claims is met.
func TestSignedTokens(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	issuer := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k"}}})
	}))
	t.Cleanup(issuer.Close)
	tenant := withIssuers("ns/a", issuer.URL)
	tenant.Issuers[0].JWKSURL = issuer.URL + "/keys"
	tenant.Issuers[0].Claims = `claims.azp == "provisioning"`

	b := builder{base: "https://x", clock: time.Now, shared: newShared(), before: newShared(), keys: newKeySets(time.Now)}
	b.keys.client = issuer.Client()
	e := b.build(tenant, tenant.Hash(), nil)
	if e.err != nil {
		t.Fatal(e.err)
	}
	for azp, accepted := range map[string]bool{"provisioning": true, "mail": false, "": false} {
		r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
		r.Header.Set("Authorization", "Bearer "+signToken(t, key, map[string]any{
			"iss": issuer.URL, "aud": "ns/a", "sub": "ann", "azp": azp, "exp": time.Now().Add(time.Hour).Unix(),
		}))
		credential, subject, err := e.http.Auth.Authenticate(r, nil)
		if accepted != (err == nil) || accepted && (credential != issuer.URL || subject != "ann") {
			t.Errorf("azp %q: %q, %q, %v", azp, credential, subject, err)
		}
	}
	tenant.Issuers[0].Claims = "claims.azp =="
	if kept := b.build(tenant, tenant.Hash(), e); kept.err == nil || kept.hash != e.hash {
		t.Errorf("a condition that does not compile: error %v, serves %s", kept.err, kept.hash)
	}
	if fresh := b.build(tenant, tenant.Hash(), nil); fresh.err == nil || fresh.http.Unavailable == nil {
		t.Errorf("a condition that never did: error %v", fresh.err)
	}
}

func signToken(t *testing.T, key *ecdsa.PrivateKey, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: "k"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	token, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

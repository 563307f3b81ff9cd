package auth_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/scim-operator/scim-operator/scimserver/auth"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
)

// key is one of an issuer, with its secret half.
type key struct {
	id  string
	alg jose.SignatureAlgorithm
	of  crypto.Signer
}

func ecKey(t testing.TB, id string) key {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key{id, jose.ES256, k}
}

func rsaKey(t testing.TB, id string, bits int) key {
	t.Helper()
	k, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return key{id, jose.RS256, k}
}

func (k key) public() jose.JSONWebKey {
	return jose.JSONWebKey{Key: k.of.Public(), KeyID: k.id, Use: "sig"}
}

// sign makes a token; key material of another kind than the algorithm's is signed with as it is.
func (k key) sign(t testing.TB, claims map[string]any) string {
	t.Helper()
	return sign(t, jose.SigningKey{Algorithm: k.alg, Key: jose.JSONWebKey{Key: k.of, KeyID: k.id}}, claims)
}

func sign(t testing.TB, by jose.SigningKey, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(by, (&jose.SignerOptions{}).WithType("at+jwt"))
	if err != nil {
		t.Fatal(err)
	}
	token, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// claims are good ones, changed.
func claims(issuer string, change map[string]any) map[string]any {
	c := map[string]any{"iss": issuer, "aud": "scim", "sub": "anna", "exp": now.Add(time.Hour).Unix(), "iat": now.Unix(), "azp": "provisioning"}
	for name, value := range change {
		if value == nil {
			delete(c, name)
			continue
		}
		c[name] = value
	}
	return c
}

// unsigned is a token as it would be with "alg":"none".
func unsigned(t testing.TB, claims map[string]any) string {
	t.Helper()
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + encode(payload) + "."
}

// TestVerify: which tokens are accepted, and what those hear that are not.
func TestVerify(t *testing.T) {
	t.Parallel()
	ec, rs, other, weak := ecKey(t, "ec"), rsaKey(t, "rs", 2048), ecKey(t, "ec"), rsaKey(t, "weak", 1024)
	host := newIssuer(t, ec, rs, weak)
	elsewhere := newIssuer(t, other)
	public, err := json.Marshal(ec.public())
	if err != nil {
		t.Fatal(err)
	}
	good := func(change map[string]any) map[string]any { return claims(host.url, change) }
	j := auth.NewJWT([]auth.Issuer{{Name: host.url, Audiences: []string{"scim", "api://scim"}, Keys: host.keySet()}}, clock)
	credentials := auth.NewCredentials(bearer(t, entry("static", "secret")), j)

	for name, tc := range map[string]struct {
		token   string
		subject string
		detail  string
	}{
		"ES256":                     {token: ec.sign(t, good(nil)), subject: "anna"},
		"RS256":                     {token: rs.sign(t, good(nil)), subject: "anna"},
		"PS384":                     {token: sign(t, jose.SigningKey{Algorithm: jose.PS384, Key: jose.JSONWebKey{Key: rs.of, KeyID: "rs"}}, good(nil)), subject: "anna"},
		"without kid":               {token: sign(t, jose.SigningKey{Algorithm: jose.ES256, Key: ec.of}, good(nil)), subject: "anna"},
		"without sub":               {token: ec.sign(t, good(map[string]any{"sub": nil}))},
		"one of several audiences":  {token: ec.sign(t, good(map[string]any{"aud": []string{"x", "api://scim"}})), subject: "anna"},
		"expired within the leeway": {token: ec.sign(t, good(map[string]any{"exp": now.Add(-50 * time.Second).Unix()})), subject: "anna"},
		"in a moment":               {token: ec.sign(t, good(map[string]any{"nbf": now.Add(50 * time.Second).Unix()})), subject: "anna"},

		"expired":              {token: ec.sign(t, good(map[string]any{"exp": now.Add(-2 * time.Minute).Unix()})), detail: "has expired"},
		"without an end":       {token: ec.sign(t, good(map[string]any{"exp": nil})), detail: "no end"},
		"not yet":              {token: ec.sign(t, good(map[string]any{"nbf": now.Add(2 * time.Minute).Unix()})), detail: "not valid yet"},
		"issued tomorrow":      {token: ec.sign(t, good(map[string]any{"iat": now.Add(24 * time.Hour).Unix()})), detail: "not valid yet"},
		"another audience":     {token: ec.sign(t, good(map[string]any{"aud": "mail"})), detail: "another audience"},
		"no audience":          {token: ec.sign(t, good(map[string]any{"aud": nil})), detail: "another audience"},
		"another issuer":       {token: ec.sign(t, claims("https://login.example.org", nil)), detail: "of an issuer"},
		"issuer with a slash":  {token: ec.sign(t, claims(host.url+"/", nil)), detail: "of an issuer"},
		"issuer is no string":  {token: ec.sign(t, good(map[string]any{"iss": 7})), detail: "cannot be read"},
		"end is no number":     {token: ec.sign(t, good(map[string]any{"exp": "tomorrow"})), detail: "cannot be read"},
		"end beyond all time":  {token: ec.sign(t, good(map[string]any{"exp": 1e300})), detail: ""},
		"wrong key, right kid": {token: other.sign(t, good(nil)), detail: "signature of the token is wrong"},
		"key of another":       {token: other.sign(t, claims(elsewhere.url, nil)), detail: "of an issuer"},
		"unknown kid":          {token: ecKey(t, "new").sign(t, good(nil)), detail: "does not publish"},
		"short RSA key":        {token: weak.sign(t, good(nil)), detail: "does not publish"},
		"alg none":             {token: unsigned(t, good(nil)), detail: "not accepted"},
		"alg none, signed on":  {token: unsigned(t, good(nil)) + "AAAA", detail: "not accepted"},
		"public key as secret": {token: sign(t, jose.SigningKey{Algorithm: jose.HS256, Key: jose.JSONWebKey{Key: public, KeyID: "ec"}}, good(nil)), detail: "not accepted"},
		"cut off":              {token: ec.sign(t, good(nil))[:200], detail: ""},
		"changed":              {token: swapPayload(t, ec.sign(t, good(nil)), good(map[string]any{"sub": "eve"})), detail: "signature of the token is wrong"},
		"huge":                 {token: ec.sign(t, good(map[string]any{"x": strings.Repeat("x", 20_000)})), detail: "longer than"},
		"huge subject":         {token: ec.sign(t, good(map[string]any{"sub": strings.Repeat("x", 2000)})), detail: "too long"},
		"dots":                 {token: "..", detail: "not accepted"},
		"no base64":            {token: "a.b%.c", detail: "no signed token"},
		"a token of the other": {token: "secret"},
		"neither":              {token: "secre", detail: "not valid"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &http.Request{Header: http.Header{"Authorization": {"Bearer " + tc.token}}}
			credential, subject, err := credentials.Authenticate(r, tolerance.Strict())
			accepted := tc.detail == "" && name != "cut off" && name != "end beyond all time"
			if (err == nil) != accepted || subject != tc.subject {
				t.Fatalf("subject %q, %v", subject, err)
			}
			if accepted {
				if want := map[bool]string{true: "static", false: host.url}[tc.token == "secret"]; credential != want {
					t.Errorf("credential %q, want %q", credential, want)
				}
				return
			}
			if checkError(t, err, tc.detail); strings.Contains(err.Error(), "anna") {
				t.Errorf("the error names a person: %v", err)
			}
		})
	}
}

// swapPayload puts other claims under a signature.
func swapPayload(t testing.TB, token string, claims map[string]any) string {
	t.Helper()
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(token, ".")
	return parts[0] + "." + base64.RawURLEncoding.EncodeToString(payload) + "." + parts[2]
}

// TestClaims: a rule of the tenant's sees all claims, and decides.
func TestClaims(t *testing.T) {
	t.Parallel()
	k := ecKey(t, "k")
	host := newIssuer(t, k)
	broken := errors.New("no such claim")
	verify := func(rule auth.Claims) error {
		j := auth.NewJWT([]auth.Issuer{{Name: host.url, Audiences: []string{"scim"}, Keys: host.keySet(), Claims: rule}}, clock)
		_, err := j.Verify(t.Context(), k.sign(t, claims(host.url, nil)))
		return err
	}
	for name, tc := range map[string]struct {
		rule   auth.Claims
		detail string
	}{
		"met":     {func(c map[string]any) (bool, error) { return c["azp"] == "provisioning" && c["sub"] == "anna", nil }, ""},
		"not met": {func(c map[string]any) (bool, error) { return c["azp"] == "mail", nil }, "are not those"},
		"fails":   {func(map[string]any) (bool, error) { return true, broken }, "lack what"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			checkError(t, verify(tc.rule), tc.detail)
		})
	}
	if err := verify(func(map[string]any) (bool, error) { return false, broken }); !errors.Is(err, broken) {
		t.Errorf("the log does not get the cause: %v", err)
	}
}

// TestNoIssuers: without issuers a signed token is as good as any other text.
func TestNoIssuers(t *testing.T) {
	t.Parallel()
	k := ecKey(t, "k")
	c := auth.NewCredentials(bearer(t), auth.NewJWT(nil, clock))
	r := &http.Request{Header: http.Header{"Authorization": {"Bearer " + k.sign(t, claims("https://x", nil))}}}
	_, _, err := c.Authenticate(r, nil)
	checkError(t, err, "not valid for this tenant")
}

// TestRequestEnds: who is gone waits for no keys, and the keys come all the same.
func TestRequestEnds(t *testing.T) {
	t.Parallel()
	k := ecKey(t, "k")
	host := newIssuer(t, k)
	host.hold = make(chan struct{})
	j := auth.NewJWT([]auth.Issuer{{Name: host.url, Audiences: []string{"scim"}, Keys: host.keySet()}}, clock)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	token := k.sign(t, claims(host.url, nil))
	if _, err := j.Verify(ctx, token); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	close(host.hold)
	if _, err := j.Verify(t.Context(), token); err != nil {
		t.Error(err)
	}
	if n := host.asked.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
}

func unavailable(err error) bool {
	var e *scimerr.Error
	return errors.As(err, &e) && e.Status == http.StatusServiceUnavailable && e.RetryAfter > 0
}

func BenchmarkVerify(b *testing.B) {
	for name, k := range map[string]key{"ES256": ecKey(b, "k"), "RS256": rsaKey(b, "k", 2048)} {
		b.Run(name, func(b *testing.B) {
			host := newIssuer(b, k)
			j := auth.NewJWT([]auth.Issuer{{Name: host.url, Audiences: []string{"scim"}, Keys: host.keySet()}}, clock)
			token := k.sign(b, claims(host.url, nil))
			for b.Loop() {
				if _, err := j.Verify(b.Context(), token); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

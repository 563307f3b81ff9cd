package auth_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/auth"
	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
)

var now = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

func bearer(t *testing.T, tokens ...config.Token) *auth.Bearer {
	t.Helper()
	b, err := auth.NewBearer(tokens, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func entry(id, token string, notAfter ...time.Time) config.Token {
	c := config.Token{ID: id, SHA256: config.HashToken(token)}
	if len(notAfter) > 0 {
		c.NotAfter = &notAfter[0]
	}
	return c
}

func TestAuthenticate(t *testing.T) {
	t.Parallel()
	b := bearer(t,
		entry("current", "secret"),
		entry("overlapping", "earlier", now.Add(time.Second)),
		entry("ended", "gone", now))
	for name, tc := range map[string]struct {
		header  []string
		strict  bool
		subject string
		detail  string
		applied bool
	}{
		"bearer":               {header: []string{"Bearer secret"}, subject: "current"},
		"bearer, strict":       {header: []string{"Bearer secret"}, strict: true, subject: "current"},
		"lower case":           {header: []string{"bearer secret"}, strict: true, subject: "current"},
		"upper case, spaces":   {header: []string{" BEARER   secret\t"}, subject: "current"},
		"in the overlap":       {header: []string{"Bearer earlier"}, subject: "overlapping"},
		"after the overlap":    {header: []string{"Bearer gone"}, detail: "was replaced"},
		"bare":                 {header: []string{"secret"}, subject: "current", applied: true},
		"bare, strict":         {header: []string{"secret"}, strict: true, detail: "holds no scheme"},
		"bare, wrong":          {header: []string{"Secret"}, detail: "not valid", applied: true},
		"none":                 {detail: "is missing"},
		"empty":                {header: []string{""}, detail: "holds no token"},
		"scheme alone":         {header: []string{"Bearer"}, detail: "holds no token"},
		"scheme and space":     {header: []string{"Bearer "}, detail: "holds no token"},
		"basic":                {header: []string{"Basic c2VjcmV0OnNlY3JldA=="}, detail: "scheme is not supported"},
		"wrong":                {header: []string{"Bearer secreT"}, detail: "not valid"},
		"a prefix":             {header: []string{"Bearer secre"}, detail: "not valid"},
		"the hash":             {header: []string{"Bearer " + config.HashToken("secret")}, detail: "not valid"},
		"two headers":          {header: []string{"Bearer secret", "Bearer secret"}, detail: "more than one"},
		"two tokens":           {header: []string{"Bearer secret, Bearer secret"}, detail: "not valid"},
		"the word twice":       {header: []string{"Bearer bearer secret"}, detail: "not valid"},
		"line break by folded": {header: []string{"Bearer secret\r\n"}, detail: "not valid"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tol := tolerance.Compatible()
			if tc.strict {
				tol = tolerance.Strict()
			}
			subject, _, err := auth.NewCredentials(b, nil).Authenticate(&http.Request{Header: http.Header{"Authorization": tc.header}}, tol)
			if subject != tc.subject {
				t.Errorf("subject %q, want %q", subject, tc.subject)
			}
			checkError(t, err, tc.detail)
			if slices.Contains(tol.Applied(), tolerance.BareAuthorization) != tc.applied {
				t.Errorf("applied: %v", tol.Applied())
			}
		})
	}
}

func checkError(t *testing.T, err error, detail string) {
	t.Helper()
	var e *scimerr.Error
	switch {
	case detail == "" && err == nil:
	case !errors.As(err, &e):
		t.Errorf("error %v, want a *scimerr.Error", err)
	case e.Status != http.StatusUnauthorized || !strings.Contains(e.Detail, detail):
		t.Errorf("error %v, want 401 and %q", e, detail)
	}
}

func TestNobodyWithoutTokens(t *testing.T) {
	t.Parallel()
	for _, header := range []string{"Bearer ", "Bearer x", "x", ""} {
		r := &http.Request{Header: http.Header{"Authorization": {header}}}
		if subject, _, err := auth.NewCredentials(bearer(t), nil).Authenticate(r, tolerance.Compatible()); err == nil {
			t.Errorf("%q passed as %q", header, subject)
		}
	}
}

func TestNewBearerRefusesBadHashes(t *testing.T) {
	t.Parallel()
	for _, sum := range []string{"", "00", strings.Repeat("0", 66), strings.Repeat("x", 64)} {
		if _, err := auth.NewBearer([]config.Token{{ID: "a", SHA256: sum}}, time.Now); err == nil {
			t.Errorf("%q accepted", sum)
		}
	}
}

func BenchmarkAuthenticate(b *testing.B) {
	known, err := auth.NewBearer([]config.Token{entry("a", "one"), entry("b", "two")}, time.Now)
	if err != nil {
		b.Fatal(err)
	}
	a := auth.NewCredentials(known, nil)
	r := &http.Request{Header: http.Header{"Authorization": {"Bearer one"}}}
	for b.Loop() {
		if _, _, err := a.Authenticate(r, nil); err != nil {
			b.Fatal(err)
		}
	}
}

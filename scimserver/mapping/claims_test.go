package mapping_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/mapping"
)

func TestClaims(t *testing.T) {
	t.Parallel()
	claims := map[string]any{
		"iss": "https://login.example.com", "azp": "0a1b", "roles": []any{"scim", "admin"}, "iat": float64(1_700_000_000),
		"ext": map[string]any{"tenant": "acme"},
	}
	for expr, want := range map[string]bool{
		`claims.azp == "0a1b"`:                                         true,
		`claims.azp in ["x", "y"]`:                                     false,
		`"scim" in claims.roles`:                                       true,
		`claims.roles.exists(r, r.startsWith("adm"))`:                  true,
		`claims.ext.tenant == "acme"`:                                  true,
		`claims["ext"]["tenant"] == "other"`:                           false,
		`claims.iat > 1600000000`:                                      true,
		`claims.?scp.orValue("") == ""`:                                true,
		`has(claims.scp) && claims.scp == "x"`:                         false,
		`claims.iss.matches("^https://[a-z.]+$")`:                      true,
		`claims.iss.lowerAscii().split("/")[2] == "login.example.com"`: true,
		`claims.ext.verified.orValue(true) || true`:                    true,
	} {
		check, err := mapping.CompileClaims(expr)
		if err != nil {
			t.Errorf("%s: %v", expr, err)
			continue
		}
		if got, err := check(claims); got != want || err != nil {
			t.Errorf("%s: %v, %v", expr, got, err)
		}
	}
}

func TestClaimsUndecided(t *testing.T) {
	t.Parallel()
	for expr, want := range map[string]string{
		`claims.scp == "x"`: "no such key",
		`claims.azp`:        "not true or false",
		`claims.azp > 5`:    "no such overload",
		`[0,1,2,3,4,5,6,7,8,9].all(a, claims.many.all(b, claims.many.all(c, c >= b)))`: "", // by cost, or by the clock of a slow machine
	} {
		check, err := mapping.CompileClaims(expr)
		if err != nil {
			t.Errorf("%s: %v", expr, err)
			continue
		}
		got, err := check(map[string]any{"azp": "0a1b", "many": make([]int, 1000)})
		if got || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v; want an error with %q", expr, got, err, want)
		}
	}
}

func TestClaimsRefused(t *testing.T) {
	t.Parallel()
	for expr, want := range map[string]string{
		``:                               "claims, column 1: syntax error",
		`claims.azp ==`:                  "claims, column 14: syntax error",
		`azp == "x"`:                     "claims, column 1: there is no variable or function azp; write claims.azp for a claim",
		`claims.azp == "x" +`:            "syntax error",
		`"a" + "b"`:                      "the result is a string, but must be true or false; compare it",
		`1 + "b" == ""`:                  "claims, column 3: the operator + does not take (int, string); write string(…)",
		`claims.azp.matches("[")`:        "invalid matches argument",
		`claims.azp.matches(claims.iss)`: "the pattern of matches must be a text of the expression",
		"claims.azp\n  == nobody":        "claims, line 2, column 6: there is no variable or function nobody",
		strings.Repeat("(", 100):         "claims",
		`"` + strings.Repeat("x", 5000) + `" == ""`: "size",
		"\xff": "not valid UTF-8",
		`[1,2,3].all(a, [1].all(b, [1].all(c, [1].all(d, true))))`: "nesting",
	} {
		_, err := mapping.CompileClaims(expr)
		var errs mapping.Errors
		if !errors.As(err, &errs) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v; want %q", expr, err, want)
		}
	}
}

func FuzzClaims(f *testing.F) {
	f.Add(`claims.azp == "x" && "a" in claims.roles`)
	f.Add(`claims.roles.map(r, r + r).join(",").matches("^a*$")`)
	f.Fuzz(func(t *testing.T, expr string) {
		check, err := mapping.CompileClaims(expr)
		if err != nil {
			return
		}
		_, err = check(map[string]any{"azp": "x", "roles": []any{"a", "b"}, "n": 1.5, "o": map[string]any{"k": nil}})
		if err != nil && strings.Contains(err.Error(), "internal error") {
			t.Errorf("a panic: %v", err)
		}
	})
}

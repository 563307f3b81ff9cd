package filter_test

import (
	"strings"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
)

func TestFold(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                   "",
		"plain":              "plain",
		"MiXed.Case@X":       "mixed.case@x",
		"ÅNGSTRÖM":           "ångström",
		"\u212a\u212b\u017f": "k\u00e5s", // Kelvin, Ångström, long s
		"ΑΣς":                "ασσ",
		"straße STRASSE":     "straße strasse",
		"İıI":                "İıi", // dotted and dotless i are letters of their own
		"ДЖ":                 "дж",
		"漢字😀":                "漢字😀",
		"\u1e9e":             "ß",
	} {
		if got := filter.Fold(in); got != want {
			t.Errorf("Fold(%q) = %q, want %q", in, got, want)
		}
	}
}

// TestFoldAgreesWithEqualFold checks each letter there is.
func TestFoldAgreesWithEqualFold(t *testing.T) {
	t.Parallel()
	for r := rune(0); r <= 0x1ffff; r++ {
		s := string(r)
		folded := filter.Fold(s)
		if !strings.EqualFold(s, folded) || filter.Fold(folded) != folded {
			t.Fatalf("%U folds to %q", r, folded)
		}
		for _, other := range []string{strings.ToUpper(s), strings.ToLower(s), strings.ToTitle(s)} {
			if strings.EqualFold(s, other) != (filter.Fold(other) == folded) {
				t.Fatalf("%U and %q fold to %q and %q", r, other, folded, filter.Fold(other))
			}
		}
	}
}

func FuzzFold(f *testing.F) {
	f.Add("Straße", "STRASSE")
	f.Add("\u212aelvin", "kELVIN")
	f.Add("a\xff", "A\xff")
	f.Fuzz(func(t *testing.T, a, b string) {
		if strings.ToValidUTF8(a, "") != a || strings.ToValidUTF8(b, "") != b {
			return
		}
		if strings.EqualFold(a, b) != (filter.Fold(a) == filter.Fold(b)) {
			t.Fatalf("%q and %q fold to %q and %q", a, b, filter.Fold(a), filter.Fold(b))
		}
		if filter.Fold(filter.Fold(a)) != filter.Fold(a) {
			t.Fatalf("%q folds on to %q", filter.Fold(a), filter.Fold(filter.Fold(a)))
		}
	})
}

package filter_test

import (
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
)

// TestLiteral: what a store needs to compare by itself.
func TestLiteral(t *testing.T) {
	t.Parallel()
	folded := func(text string) string {
		return parse(t, text, tolerance.Strict()).(filter.Compare).Value.Folded()
	}
	if got := folded(`userName eq "ANN"`); got != "ann" {
		t.Errorf("userName is compared with %q", got)
	}
	if got := folded(`externalId eq "ANN"`); got != "ANN" {
		t.Errorf("externalId is compared with %q", got)
	}
	level := parse(t, `@A:level gt 5`, tolerance.Strict()).(filter.Compare).Value
	if n := level.Number(); !n.IsInt || n.Int != 5 || level.Kind != filter.LitNumber {
		t.Errorf("level is compared with %+v", level)
	}
	hired := parse(t, `@A:hired gt "2011-05-13T06:42:34+02:00"`, tolerance.Strict()).(filter.Compare).Value
	if hired.Time.UTC().Hour() != 4 || hired.Kind != filter.LitString {
		t.Errorf("hired is compared with %+v", hired)
	}
}

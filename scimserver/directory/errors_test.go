package directory

import (
	"errors"
	"strings"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
)

func TestAllKnown(t *testing.T) {
	t.Parallel()
	if err := allKnown(nil, nil); err != nil {
		t.Errorf("nothing unknown: %v", err)
	}
	if broken := errors.New("broken"); !errors.Is(allKnown([]string{"a"}, broken), broken) {
		t.Error("the error of the store is lost")
	}
	for name, tc := range map[string]struct {
		unknown []string
		want    string
	}{
		"one":             {[]string{"a-1"}, `the id "a-1": `},
		"several":         {[]string{"a", "b"}, `the id "a", "b": `},
		"many":            {[]string{"1", "2", "3", "4", "5", "6", "7"}, `the id "1", "2", "3", "4", "5" and 2 more: `},
		"a person's name": {[]string{"a", "ann@example.com", "Ann Smith", strings.Repeat("x", 65)}, `the id "a" and 3 more: `},
		"no id at all":    {[]string{"ann@example.com"}, `1 of the values`},
	} {
		err := allKnown(tc.unknown, nil)
		e, ok := errors.AsType[*scimerr.Error](err)
		if !ok || e.Status != 400 || e.ScimType != scimerr.BadValue || !strings.Contains(e.Detail, tc.want) {
			t.Errorf("%s: got %v, want %s", name, err, tc.want)
		}
	}
}

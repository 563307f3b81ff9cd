package filtersql

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

func parse(t *testing.T, typ, text string) (filter.Expr, Scope) {
	t.Helper()
	registry, err := schema.New(schema.Options{Groups: true})
	if err != nil {
		t.Fatal(err)
	}
	rt, _ := registry.ResourceType(typ)
	e, err := filter.Parse(text, rt, tolerance.Compatible(), filter.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return e, Scope{
		Tenant: int64(7), Type: typ, NameAttr: store.NameAttribute(typ), BaseURL: "https://example.com/scim/v2",
		Symbol: func(name string) int64 { return map[string]int64{"User emails.value": 3}[name] },
	}
}

// TestWhere holds the translation of what is sent most. The results of all others are compared to
// package filter by the tests of package sqlite.
func TestWhere(t *testing.T) {
	t.Parallel()
	tests := map[string]Fragment{
		`userName eq "Ann"`:          {SQL: "r.name = ?", Args: []any{"ann"}},
		`externalId eq "X"`:          {SQL: "r.external = ?", Args: []any{"X"}},
		`id eq "1"`:                  {SQL: "r.id = ?", Args: []any{ID("1")}},
		`userName sw "A"`:            {SQL: "(r.name >= ? AND r.name < ?)", Args: []any{"a", "b"}},
		`active eq false`:            {SQL: "r.active = 0"},
		`not (active eq false)`:      {SQL: "(r.active = 0) IS NOT TRUE"},
		`title eq "A' OR 1=1 --"`:    {SQL: `scim_fold(r.doc ->> ('$."title"')) = ?`, Args: []any{"a' or 1=1 --"}},
		`emails.value eq "A@B"`:      {SQL: "r.seq IN (SELECT resource FROM lookup WHERE tenant = ? AND attr = ? AND value = ?)", Args: []any{int64(7), int64(3), "a@b"}},
		`id pr and id pr and id pr`:  {SQL: "(TRUE AND TRUE AND TRUE)"},
		`id pr or (id pr and id pr)`: {SQL: "(TRUE OR (TRUE AND TRUE))"},
	}
	for text, want := range tests {
		e, scope := parse(t, store.TypeUser, text)
		if diff := cmp.Diff(want, Where(e, scope)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
}

func TestFew(t *testing.T) {
	t.Parallel()
	tests := map[string]bool{
		`userName eq "a"`: true, `externalId eq "a"`: true, `id eq "a"`: true, `emails.value eq "a"`: true,
		`emails[type eq "work"].value eq "a"`: true, `emails[value eq "a" or type eq "b"]`: false,
		`active eq true and userName eq "a"`: true, `active eq true or userName eq "a"`: false,
		`userName eq "a" or (title pr and id eq "b")`: true, `not (userName eq "a")`: false,
		`userName ne "a"`: false, `userName sw "a"`: false, `userName eq ""`: false, `emails.value eq ""`: false,
		`title eq "a"`: false, `groups.value eq "a"`: false, `active eq true`: false, `id pr`: false,
		`urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber eq "1"`: false,
	}
	for text, want := range tests {
		if got := Few(parse(t, store.TypeUser, text)); got != want {
			t.Errorf("%s: got %v, want %v", text, got, want)
		}
	}
}

func TestByTime(t *testing.T) {
	t.Parallel()
	tests := map[string]bool{
		`meta.created gt "2026-01-01T00:00:00Z"`: true, `title pr and meta.lastModified lt "2026-01-01T00:00:00Z"`: true,
		`meta.created ne "2026-01-01T00:00:00Z"`: false, `meta.created eq null`: false, `meta.version eq "1"`: false,
		`title pr or meta.created gt "2026-01-01T00:00:00Z"`: false, `title pr`: false,
	}
	for text, want := range tests {
		if e, _ := parse(t, store.TypeUser, text); ByTime(e) != want {
			t.Errorf("%s: got %v, want %v", text, ByTime(e), want)
		}
	}
}

func TestTimeKey(t *testing.T) {
	t.Parallel()
	var keys [][]byte
	for _, text := range []string{
		"0001-01-01T00:00:00Z", "1969-12-31T23:59:59.999999999Z", "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000000001Z",
		"2026-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z",
	} {
		at, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, TimeKey(at.In(time.FixedZone("", 3600))))
	}
	if !slices.IsSortedFunc(keys, bytes.Compare) || len(slices.CompactFunc(keys, bytes.Equal)) != 6 {
		t.Errorf("the keys are not in order: %x", keys)
	}
}

package sqlite

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/filtersql"
	"github.com/scim-operator/scim-operator/scimserver/store/place"
)

// walkPlans explains every statement of a page that is not the first one.
func walkPlans(t *testing.T, s *Store, q store.Query, key any, total, all int64) (plans []string) {
	t.Helper()
	err := s.View(context.Background(), "a/b", func(r store.Reader) error {
		w := &walker{snapshot: r.(*snapshot), q: q, typ: 1, from: &place.Place{Seq: 7, Key: key}, total: total, all: all, limit: 101}
		w.indexed = q.Filter != nil && filtersql.Indexed(q.Filter, w.scope(q))
		list := []filtersql.Fragment{}
		if q.Sort == nil {
			list = append(list, w.inOrder())
		} else {
			list = w.stretches()
		}
		for _, f := range list {
			plan, err := w.plan(f, 101)
			if err != nil {
				return fmt.Errorf("%w in %s", err, f.SQL)
			}
			plans = append(plans, plan)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return plans
}

// TestWalkPlans holds that a page of a walk is read where the one before it ended, in an index that has its order. Nothing
// but resources with the same sort value is sorted.
func TestWalkPlans(t *testing.T) {
	t.Parallel()
	s := openTemp(t)
	const byOrder = "INDEX resource_order (tenant=? AND type=? AND rowid"
	for sortBy, tc := range map[string]struct {
		key  any
		want []string // of ascending order from the key on
	}{
		"":                  {nil, []string{byOrder + ">?)"}},
		"userName":          {"ann", []string{"INDEX resource_name (tenant=? AND type=? AND name>?", "INDEX resource_name (tenant=? AND type=? AND name=?"}},
		"externalId":        {"x", []string{"INDEX resource_external (tenant=? AND type=? AND external>?)", "INDEX resource_no_external (tenant=? AND type=?"}},
		"meta.created":      {int64(1), []string{"INDEX resource_created (tenant=? AND type=? AND created>?)"}},
		"meta.lastModified": {int64(1), []string{"INDEX resource_modified (tenant=? AND type=? AND modified>?)"}},
	} {
		for _, text := range []string{"", "title pr", `active eq true`, `userName sw "a"`, `meta.lastModified gt "2020-01-01T00:00:00Z"`} {
			for _, turn := range []struct{ descending, backward bool }{{false, false}, {true, true}, {true, false}, {false, true}} {
				if sortBy == "" && turn.descending {
					continue
				}
				q := store.Query{Type: store.TypeUser, Limit: 100, Walk: &store.Walk{Backward: turn.backward}}
				if text != "" {
					q.Filter = parseQuery(t, "User: "+text).Filter
				}
				if sortBy != "" {
					path, err := filter.ParseAttribute(sortBy, testType(t, store.TypeUser), tolerance.Strict())
					if err != nil {
						t.Fatal(err)
					}
					q.Sort = &store.Sort{Path: path, Descending: turn.descending}
				}
				name := fmt.Sprintf("%s of %s %+v", sortBy, text, turn)
				want := tc.want
				if turn.descending != turn.backward || sortBy == "" && turn.backward {
					want = []string{strings.Replace(want[0], ">?", "<?", 1)}
				}
				if sortBy == "meta.lastModified" && strings.HasPrefix(text, sortBy) {
					want = []string{strings.Replace(want[0], "modified<?", "modified>? AND modified<?", 1)}
				}
				if sortBy == "userName" && strings.HasPrefix(text, "userName sw") {
					want = []string{"INDEX resource_name (tenant=? AND type=? AND name>? AND name<?)", "name=?"}[:len(want)]
				}
				checkWalkPlans(t, name, walkPlans(t, s, q, tc.key, 500_000, 1_000_000), want)
			}
		}
	}
}

func checkWalkPlans(t *testing.T, name string, got, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d statements, want %d", name, len(got), len(want))
		return
	}
	for i, plan := range got {
		inner, _, _ := strings.Cut(plan, "\nSCAN o")                                          // what follows sorts the page
		sorts := strings.Contains(inner, "FOR ORDER BY") && !strings.Contains(plan, "name=?") // hardly anybody has no name
		if !strings.Contains(plan, want[i]) || sorts || scans.MatchString(plan) {
			t.Errorf("%s: got plan\n%s\nwant %s", name, plan, want[i])
		}
	}
}

// TestWalkOfFew holds that an index finds a few resources, which are sorted then.
func TestWalkOfFew(t *testing.T) {
	t.Parallel()
	s := openTemp(t)
	for text, want := range map[string]string{
		`meta.lastModified gt "2026-01-01T00:00:00Z"`: "INDEX resource_modified (tenant=? AND type=? AND modified>?",
		`userName sw "a"`:       "INDEX resource_name (tenant=? AND type=? AND name>? AND name<?)",
		`emails.value eq "a"`:   "PRIMARY KEY (tenant=? AND value=? AND attr=?)",
		`active eq false`:       "INDEX resource_inactive (tenant=? AND type=?)",
		`not (externalId pr)`:   "INDEX resource_no_external (tenant=? AND type=?)",
		`groups.value eq "abc"`: "rowid=?)",
	} {
		for _, sort := range []*store.Sort{nil, {Path: sortPath(t, store.TypeUser)}} {
			q := parseQuery(t, "User: "+text)
			q.Limit, q.Sort, q.Walk = 100, sort, &store.Walk{}
			var key any
			if sort != nil {
				key = "ann"
			}
			for _, plan := range walkPlans(t, s, q, key, 1000, 1_000_000) {
				if !strings.Contains(plan, want) && !strings.Contains(plan, "name=?") {
					t.Errorf("%s, sorted %v: got plan\n%s\nwant %s", text, sort != nil, plan, want)
				}
			}
		}
	}
}

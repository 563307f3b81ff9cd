package sqlite

import (
	"context"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/filtersql"
)

func openTemp(tb testing.TB) *Store {
	tb.Helper()
	s, err := Open(context.Background(), Options{Path: filepath.Join(tb.TempDir(), "scim.db")})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

// plan explains how SQLite answers a query.
func (v *snapshot) plan(f filtersql.Fragment, more ...int64) (string, error) {
	f.SQL = "EXPLAIN QUERY PLAN " + f.SQL
	st, err := v.query(f, more...)
	if err != nil {
		return "", err
	}
	defer st.Reset()
	var lines []string
	err = v.each(context.Background(), st, func() error {
		lines = append(lines, st.Text(3))
		return nil
	})
	return strings.Join(lines, "\n"), err
}

// TestPlans holds that what identity providers look up is found by an index that leaves few rows.
func TestPlans(t *testing.T) {
	t.Parallel()
	const byName, byID = "INDEX resource_name (tenant=? AND type=? AND name=?)", "INDEX resource_id (tenant=? AND id=?)"
	const byExternal = "INDEX resource_external (tenant=? AND type=? AND external=?)"
	const rowIDs = "rowid=?)\n"
	const byEmail = "PRIMARY KEY (tenant=? AND value=? AND attr=?)"
	tests := map[string]string{
		`User: userName eq "a"`:                                                             byName,
		`User: userName eq "a" and active eq true`:                                          byName,
		`User: active eq true and userName eq "a"`:                                          byName,
		`User: userName eq "a" and emails[type eq "work"].value eq "b"`:                     byName,
		`User: title eq "x" and (userName eq "a" and externalId eq "b")`:                    byExternal,
		`User: userName sw "a"`:                                                             "INDEX resource_name (tenant=? AND type=? AND name>? AND name<?)",
		`User: externalId eq "a"`:                                                           byExternal,
		`User: externalId eq "a" and title pr`:                                              byExternal,
		`User: id eq "a"`:                                                                   byID,
		`User: id eq "01900000-0000-7000-8000-000000000001" and active eq false`:            byID,
		`User: emails.value eq "a"`:                                                         byEmail,
		`User: emails eq "a"`:                                                               byEmail,
		`User: emails[type eq "work"].value eq "a"`:                                         byEmail,
		`User: emails[type eq "work" and value eq "a"]`:                                     byEmail,
		`User: emails.value eq "a" and active eq true`:                                      byEmail,
		`User: userName eq "a" or externalId eq "b"`:                                        "MULTI-INDEX OR",
		`User: userName eq "a" or emails.value eq "b"`:                                      "MULTI-INDEX OR",
		`User: userName eq "a" or emails[type eq "work"].value eq "b" or externalId eq "c"`: "MULTI-INDEX OR",
		`User: active eq false`:                                                             "INDEX resource_inactive (tenant=? AND type=?)",
		`User: meta.lastModified gt "2026-01-01T00:00:00Z"`:                                 "INDEX resource_modified (tenant=? AND type=? AND modified>?)",
		`User: meta.created ge "2026-01-01T00:00:00Z"`:                                      "INDEX resource_created (tenant=? AND type=? AND created>?)",
		`User: groups.value eq "a"`:                                                         rowIDs,
		`User: groups[value eq "a"]`:                                                        rowIDs,
		`Group: displayName eq "a"`:                                                         byName,
		`Group: displayName eq "a" and externalId eq "b"`:                                   "(tenant=? AND type=? AND ",
		`Group: externalId eq "a"`:                                                          byExternal,
		`Group: id eq "a" and members.value eq "b"`:                                         byID,
		`Group: id eq "a" and members[value eq "b"]`:                                        byID,
		`Group: members.value eq "a"`:                                                       "COVERING INDEX membership_member (member=?)",
		`Group: members[value eq "a" and type eq "User"]`:                                   "COVERING INDEX membership_member (member=?)",
	}
	s := openTemp(t)
	for text, want := range tests {
		for _, form := range []string{"page", "count", "sorted"} {
			got := explain(t, s, text, form)
			if !strings.Contains(got, want) || scans.MatchString(got) {
				t.Errorf("%s (%s): got plan\n%s\nwant %s", text, form, got, want)
			}
		}
	}
}

// scans matches a plan that reads all resources of a tenant, or looks into the index of every tenant.
var scans = regexp.MustCompile(`SCAN (r|x|m|resource|membership)\b|ANY\(|INDEX resource_(order|name|external|created|modified) \(tenant=\? AND type=\?\)`)

func explain(t *testing.T, s *Store, text, form string) (plan string) {
	t.Helper()
	err := s.View(context.Background(), "a/b", func(r store.Reader) (err error) {
		v := r.(*snapshot)
		q := parseQuery(t, text)
		sel := v.selection(q, 1, "")
		if form == "count" {
			plan, err = v.plan(filtersql.Fragment{SQL: "SELECT count(*)" + sel.SQL, Args: sel.Args})
			return err
		}
		if form == "sorted" {
			q.Sort = &store.Sort{Path: sortPath(t, q.Type)}
		}
		plan, err = v.plan(v.pageQuery(q, sel), 100, 0)
		return err
	})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return plan
}

func testType(t *testing.T, name string) *schema.ResourceType {
	t.Helper()
	registry, err := schema.New(schema.Options{Groups: true})
	if err != nil {
		t.Fatal(err)
	}
	rt, ok := registry.ResourceType(name)
	if !ok {
		t.Fatalf("no resource type %s", name)
	}
	return rt
}

// parseQuery reads "Type: filter".
func parseQuery(t *testing.T, text string) store.Query {
	t.Helper()
	typ, text, _ := strings.Cut(text, ": ")
	e, err := filter.Parse(text, testType(t, typ), tolerance.Compatible(), filter.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return store.Query{Type: typ, Filter: e}
}

func sortPath(t *testing.T, typ string) schema.Path {
	t.Helper()
	p, ok := testType(t, typ).Lookup("", store.NameAttribute(typ), "")
	if !ok {
		t.Fatalf("no name of %s", typ)
	}
	return p
}

// TestListPlans holds the plans of what is read without a filter.
func TestListPlans(t *testing.T) {
	t.Parallel()
	s := openTemp(t)
	tests := map[string]struct {
		sql  string
		want string
	}{
		"list":       {listSQL, "SEARCH r USING INDEX resource_order (tenant=? AND type=? AND rowid>?)"},
		"active":     {listStatedSQL, "SEARCH r USING INDEX resource_order (tenant=? AND type=? AND rowid>?)"},
		"spans":      {spansSQL, "SEARCH span USING PRIMARY KEY (tenant=? AND type=? AND number>?)"},
		"blocks":     {blocksSQL, "SEARCH block USING PRIMARY KEY (tenant=? AND type=? AND number>?)"},
		"members":    {membersSQL, "SEARCH m USING PRIMARY KEY (grp=?)\nSEARCH r USING INTEGER PRIMARY KEY (rowid=?)"},
		"is member":  {isMemberSQL, "SEARCH r USING COVERING INDEX resource_id (tenant=? AND id=?)\nSEARCH m USING COVERING INDEX membership_member (member=? AND grp=?)"},
		"last place": {lastPosSQL, "SEARCH membership USING PRIMARY KEY (grp=?)"},
		"remove":     {removeMemberSQL, "SEARCH membership USING COVERING INDEX membership_member (member=? AND grp=?)"},
		"groups of": {groupsOfSQL, "SEARCH m USING COVERING INDEX membership_member (member=?)\nSEARCH g USING INTEGER PRIMARY KEY (rowid=?)\n" +
			"CORRELATED SCALAR SUBQUERY 1\nSEARCH p USING COVERING INDEX membership_member (member=?)"},
		"hinted": {viewQuery.hinted, "COMPOUND QUERY\nLEFT-MOST SUBQUERY\nSEARCH r USING INTEGER PRIMARY KEY (rowid=?)\n" +
			"CORRELATED SCALAR SUBQUERY 1\nSEARCH m USING COVERING INDEX membership_member (member=?)\nUNION ALL\nSCAN CONSTANT ROW"},
		"hints": {hintsSQL, "SEARCH resource USING COVERING INDEX resource_id ((tenant,id)>(?,?))"},
		"get": {viewQuery.indexed, "COMPOUND QUERY\nLEFT-MOST SUBQUERY\nSEARCH r USING INDEX resource_id (tenant=? AND id=?)\n" +
			"CORRELATED SCALAR SUBQUERY 1\nSEARCH m USING COVERING INDEX membership_member (member=?)\nUNION ALL\nSCAN CONSTANT ROW"},
	}
	for name, tc := range tests {
		err := s.View(context.Background(), "a/b", func(r store.Reader) error {
			got, err := r.(*snapshot).plan(filtersql.Fragment{SQL: tc.sql})
			if got != tc.want {
				t.Errorf("%s: got plan\n%s\nwant\n%s", name, got, tc.want)
			}
			return err
		})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSortPlan holds that sorting by userName reads an index in its order.
func TestSortPlan(t *testing.T) {
	t.Parallel()
	s := openTemp(t)
	for _, descending := range []bool{false, true} {
		err := s.View(context.Background(), "a/b", func(r store.Reader) error {
			v := r.(*snapshot)
			q := store.Query{Type: store.TypeUser, Sort: &store.Sort{Path: sortPath(t, store.TypeUser), Descending: descending}}
			got, err := v.plan(v.pageQuery(q, v.selection(q, 1, "")), 100, 0)
			if !strings.Contains(got, "USING COVERING INDEX resource_name (tenant=? AND type=?)") {
				t.Errorf("descending %v: got plan\n%s", descending, got)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

package filter_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimtest"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
)

// FuzzParse: what is printed is the same filter, and finds the same resources.
func FuzzParse(f *testing.F) {
	for text := range valid {
		f.Add(scimtest.Expand(text))
	}
	for _, text := range []string{
		`emails[type eq "work"].value eq "a@b.com"`, `roles[primary eq "True"]`, `name[familyName eq "x"]`, `id eq "1" and manager eq "2"`,
		`@A:labels[value eq "a"].value pr`, `(((title pr`, `not (not (title pr))`, `active eq TRUE`, `@A:level eq "5"`, `@A:hired gt "2011-05-13 00:00:00"`,
	} {
		f.Add(scimtest.Expand(text))
	}
	for _, r := range scimtest.Sessions(f) {
		if text := r.Query.Get("filter"); text != "" {
			f.Add(text)
		}
	}
	rt := scimtest.Type(f, "User")
	r := decode(f, ann)
	f.Fuzz(func(t *testing.T, text string) {
		e, err := filter.Parse(text, rt, tolerance.Compatible(), filter.Limits{})
		if err != nil {
			checkError(t, err, scimerr.InvalidFilter)
			if _, err := filter.Parse(text, rt, tolerance.Strict(), filter.Limits{}); err == nil {
				t.Fatal("Strict accepts what Compatible refuses")
			}
			return
		}
		printed := filter.String(e)
		again, err := filter.Parse(printed, rt, tolerance.Compatible(), filter.Limits{Length: 1 << 20, Depth: 1000})
		if err != nil {
			t.Fatalf("printed as %s: %v", printed, err)
		}
		if diff := cmp.Diff(e, again); diff != "" {
			t.Fatalf("printed as %s:\n%s", printed, diff)
		}
		if filter.String(again) != printed {
			t.Fatalf("printed as %s, then as %s", printed, filter.String(again))
		}
		if filter.Match(e, r) != filter.Match(again, r) || filter.Match(filter.Not{X: e}, r) == filter.Match(e, r) {
			t.Fatalf("%s finds something else", printed)
		}
		both := filter.Or{L: e, R: filter.And{L: e, R: filter.Not{X: e}}}
		if filter.Match(both, r) != filter.Match(e, r) {
			t.Fatalf("%s: or and and are wrong", printed)
		}
	})
}

func checkError(t *testing.T, err error, kinds ...scimerr.Type) {
	t.Helper()
	var e *scimerr.Error
	if !errors.As(err, &e) || e.Status != 400 || e.Detail == "" || len(e.Detail) > 4096 {
		t.Fatalf("error %v", err)
	}
	if !slices.Contains(kinds, e.ScimType) {
		t.Fatalf("error %v", err)
	}
}

// addPaths adds the paths of a PATCH request.
func addPaths(f *testing.F, body string) {
	o, err := resource.Decode([]byte(body), resource.Limits{})
	if err != nil {
		return
	}
	for _, op := range o.Value("Operations").Elems() {
		if path := op.Object().Value("path").Text(); path != "" {
			f.Add(path)
		}
	}
}

// FuzzParsePath: a path is what it is printed as.
func FuzzParsePath(f *testing.F) {
	for text := range validPaths {
		f.Add(scimtest.Expand(text))
	}
	for _, r := range scimtest.Sessions(f) {
		addPaths(f, r.Body)
	}
	rt := scimtest.Type(f, "User")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := filter.ParsePath(text, rt, tolerance.Compatible())
		if err != nil {
			checkError(t, err, scimerr.BadPath, scimerr.InvalidFilter)
			return
		}
		printed := p.String()
		again, err := filter.ParsePath(printed, rt, tolerance.Compatible())
		if err != nil {
			t.Fatalf("printed as %s: %v", printed, err)
		}
		if diff := cmp.Diff(p, again); diff != "" {
			t.Fatalf("printed as %s:\n%s", printed, diff)
		}
		if p.URN == "" && p.Path.Attr == nil || p.URN != "" && p.Path.Attr != nil {
			t.Fatalf("%+v names nothing, or two things", p)
		}
		if strings.Count(printed, "[") == 0 && p.Filter != nil {
			t.Fatalf("printed as %s", printed)
		}
	})
}

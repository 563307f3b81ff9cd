package httpapi

import (
	"errors"
	"math"
	"net/http"
	"net/url"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scim-operator/scim-operator/scimserver/directory"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
)

func TestParseQuery(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		raw  string
		want query
	}{
		"nothing":                {"", query{}},
		"trailing ampersand":     {"filter=userName+eq+%22a%22&", query{filter: `userName eq "a"`, hasFilter: true}},
		"percent and plus":       {"filter=a%20eq+b%2Bc", query{filter: "a eq b+c", hasFilter: true}},
		"a flag of the client":   {"aadOptscim062020&count=5", query{count: "5"}},
		"a semicolon is a part":  {"filter=a+eq+%22b;c%22", query{filter: `a eq "b;c"`, hasFilter: true}},
		"an equals sign too":     {"filter=a=b", query{filter: "a=b", hasFilter: true}},
		"empty filter":           {"filter=", query{hasFilter: true}},
		"a cursor without value": {"cursor&count=5", query{count: "5", hasCursor: true}},
		"an empty cursor":        {"cursor=", query{hasCursor: true}},
		"a cursor":               {"count=5&cursor=a-b_c", query{count: "5", cursor: "a-b_c", hasCursor: true}},
		"the first of two":       {"count=1&count=2&filter=x&filter=y", query{count: "1", filter: "x", hasFilter: true}},
		"other case":             {"Filter=x&startindex=2&COUNT=3", query{filter: "x", startIndex: "2", count: "3", hasFilter: true, otherCase: "Filter"}},
		"a cursor in other case": {"Cursor=", query{hasCursor: true, otherCase: "Cursor"}},
		"the first of two cases": {"filter=x&Filter=y", query{filter: "x", hasFilter: true}},
		"names of others":        {"filters=x&filte=y&Filter%20=z", query{}},
		"all": {"attributes=a,b&excludedAttributes=c&sortBy=d&sortOrder=e&startIndex=6&count=7",
			query{attributes: "a,b", excluded: "c", sortBy: "d", sortOrder: "e", startIndex: "6", count: "7"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := parseQuery(tc.raw)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got, cmp.AllowUnexported(query{})); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestParseQueryRefuses(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]scimerr.Type{
		"filter=%zz": scimerr.InvalidFilter,
		"filter=%":   scimerr.InvalidFilter,
		"sortBy=%a":  scimerr.BadValue,
		"cursor=%0":  scimerr.InvalidCursor,
		"FILTER=%":   scimerr.InvalidFilter,
	} {
		_, err := parseQuery(raw)
		var e *scimerr.Error
		if !errors.As(err, &e) || e.ScimType != want || e.Status != 400 {
			t.Errorf("%s: got %v, want 400 %s", raw, err, want)
		}
	}
}

// TestParameterCase: a name in other case counts as a deviation, and is never passed over.
func TestParameterCase(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]scimerr.Type{
		"Filter=x": scimerr.InvalidFilter, "startindex=2": scimerr.BadValue, "CURSOR=x": scimerr.InvalidCursor, "filter=x&startIndex=2&other=3": scimerr.None,
	} {
		request := &http.Request{URL: &url.URL{RawQuery: raw}}
		log := tolerance.Compatible()
		q, err := (&exchange{r: request, tol: log}).urlQuery()
		if err != nil || q.filter+q.startIndex+q.cursor == "" {
			t.Errorf("%s: read as %+v, %v", raw, q, err)
		}
		if used := slices.Contains(log.Applied(), tolerance.ParameterCase); used != (want != scimerr.None) {
			t.Errorf("%s: rule applied: %t", raw, used)
		}
		_, err = (&exchange{r: request, tol: tolerance.Strict()}).urlQuery()
		e, refused := errors.AsType[*scimerr.Error](err)
		if refused != (want != scimerr.None) || refused && (e.ScimType != want || e.Status != http.StatusBadRequest) {
			t.Errorf("%s, strict: got %v, want %s", raw, err, want)
		}
	}
}

func TestSearchOfQuery(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		query query
		want  directory.Search
	}{
		"defaults":       {query{}, directory.Search{StartIndex: 1, Count: directory.DefaultCount}},
		"given":          {query{startIndex: "3", count: "7", sortBy: "a", sortOrder: "DESCENDING"}, directory.Search{SortBy: "a", Descending: true, StartIndex: 3, Count: 7}},
		"many":           {query{count: "5000"}, directory.Search{StartIndex: 1, Count: 5000}},
		"a first page":   {query{hasCursor: true}, directory.Search{StartIndex: 1, Count: directory.DefaultCount, ByCursor: true}},
		"by cursor":      {query{hasCursor: true, cursor: "c", count: "7"}, directory.Search{StartIndex: 1, Count: 7, ByCursor: true, Cursor: "c"}},
		"negative count": {query{count: "-3"}, directory.Search{StartIndex: 1, Count: 0}},
		"beyond int64":   {query{startIndex: "99999999999999999999", count: "99999999999999999999"}, directory.Search{StartIndex: math.MaxInt64, Count: math.MaxInt32}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := tc.query.search()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
	for name, q := range map[string]query{
		"count":            {count: "1e2"},
		"startIndex":       {startIndex: "x"},
		"sortOrder":        {sortOrder: "up"},
		"two ways":         {startIndex: "1", cursor: "c", hasCursor: true},
		"cursor and count": {count: "x", hasCursor: true},
		"filter":           {filter: "  ", hasFilter: true},
	} {
		if _, err := q.search(); err == nil {
			t.Errorf("%s: accepted %+v", name, q)
		}
	}
}

package httpapi

import (
	"errors"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/scim-operator/scim-operator/scimserver/directory"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
)

// query is what a request may ask about its answer (RFC 7644 §3.4.2, §3.9), from the URL or the body of a search.
type query struct {
	filter, sortBy, sortOrder string
	attributes, excluded      string
	startIndex, count, cursor string
	hasFilter, hasCursor      bool
	otherCase                 string // the first parameter whose name is spelled in another case, as it was sent
}

// parameters are the names of all that a query may hold.
var parameters = []string{"filter", "sortBy", "sortOrder", "attributes", "excludedAttributes", "startIndex", "count", "cursor"}

// urlQuery reads the query of the URL. A filter that is passed over would have all resources listed, so that a name in another
// case is either read as what it means or refused.
func (x *exchange) urlQuery() (query, error) {
	q, err := parseQuery(x.r.URL.RawQuery)
	if err == nil && q.otherCase != "" && !x.tol.Allow(tolerance.ParameterCase) {
		name := known(q.otherCase)
		err = badParameter(name, fmt.Sprintf("the parameter is spelled %s, not %s", name, q.otherCase))
	}
	return q, err
}

// known is the name of a parameter, spelled as RFC 7644 has it, or "".
func known(name string) string {
	i := slices.IndexFunc(parameters, func(p string) bool { return strings.EqualFold(p, name) })
	if i < 0 {
		return ""
	}
	return parameters[i]
}

// parseQuery reads the query of a URL. Other parameters are not ours, and a semicolon separates nothing.
func parseQuery(raw string) (q query, err error) {
	for raw != "" {
		var pair string
		pair, raw, _ = strings.Cut(raw, "&")
		sent, value, _ := strings.Cut(pair, "=")
		name := known(sent)
		field := q.field(name)
		if field == nil || *field != "" {
			continue // the first one counts
		}
		if name != sent && q.otherCase == "" {
			q.otherCase = sent
		}
		if value, err = url.QueryUnescape(value); err != nil {
			return q, badParameter(name, "invalid URL escape")
		}
		*field = value
		q.note(name)
	}
	return q, nil
}

// note remembers what means something even if it is empty.
func (q *query) note(name string) {
	switch name {
	case "filter":
		q.hasFilter = true
	case "cursor":
		q.hasCursor = true
	}
}

func (q *query) field(name string) *string {
	switch name {
	case "filter":
		return &q.filter
	case "sortBy":
		return &q.sortBy
	case "sortOrder":
		return &q.sortOrder
	case "attributes":
		return &q.attributes
	case "excludedAttributes":
		return &q.excluded
	case "startIndex":
		return &q.startIndex
	case "count":
		return &q.count
	case "cursor":
		return &q.cursor
	}
	return nil
}

func badParameter(name, what string) error {
	switch name {
	case "filter":
		return scimerr.BadFilter("filter: %s", what)
	case "cursor":
		return scimerr.BadRequest(scimerr.InvalidCursor, "cursor: %s", what)
	}
	return scimerr.InvalidValue("%s: %s", name, what)
}

// search reads what the query says of a list.
func (q *query) search() (s directory.Search, err error) {
	s = directory.Search{Filter: q.filter, SortBy: q.sortBy, ByCursor: q.hasCursor, Cursor: q.cursor}
	if q.hasFilter && strings.TrimSpace(q.filter) == "" {
		return s, scimerr.BadFilter("filter: is empty")
	}
	if s.Descending, err = descending(q.sortOrder); err != nil {
		return s, err
	}
	if q.hasCursor && q.startIndex != "" {
		return s, scimerr.InvalidValue("startIndex: goes with paging by index, and cursor with paging by cursor: send one of them")
	}
	if s.StartIndex, err = integer("startIndex", q.startIndex, 1); err != nil {
		return s, err
	}
	count, err := integer("count", q.count, directory.DefaultCount)
	if err != nil && q.hasCursor {
		return s, scimerr.BadRequest(scimerr.InvalidCount, "count: want an integer")
	}
	s.Count = int(min(max(count, 0), math.MaxInt32))
	return s, err
}

func descending(order string) (bool, error) {
	switch strings.ToLower(order) {
	case "", "ascending":
		return false, nil
	case "descending":
		return true, nil
	}
	return false, scimerr.InvalidValue("sortOrder: want ascending or descending")
}

// integer reads a number; one too large for an int64 is the largest.
func integer(name, text string, otherwise int64) (int64, error) {
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, scimerr.InvalidValue("%s: want an integer", name)
	}
	return n, nil
}

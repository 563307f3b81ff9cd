package httpapi

import (
	"errors"
	"net/http"
	"strings"

	"github.com/scim-operator/scim-operator/scimserver/directory"
	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
)

func (x *exchange) list(rt *schema.ResourceType) error {
	q, err := x.urlQuery()
	if err != nil {
		return err
	}
	return x.answerSearch(&q, rt)
}

// listAll is a query of the server root (RFC 7644 §3.4.2.1).
func (x *exchange) listAll() error {
	q, err := x.urlQuery()
	if err != nil {
		return err
	}
	return x.answerSearch(&q, x.tenant.Directory.Schemas.Types()...)
}

func (x *exchange) searchType(rt *schema.ResourceType) error {
	q, err := x.readSearch()
	if err != nil {
		return err
	}
	return x.answerSearch(&q, rt)
}

func (x *exchange) searchAll() error {
	q, err := x.readSearch()
	if err != nil {
		return err
	}
	return x.answerSearch(&q, x.tenant.Directory.Schemas.Types()...)
}

func (x *exchange) answerSearch(q *query, types ...*schema.ResourceType) error {
	s, err := q.search()
	if err != nil {
		return err
	}
	calls := make([]*directory.Call, len(types))
	for i, rt := range types {
		c, err := x.newCall(rt, q)
		if err != nil {
			return err
		}
		calls[i] = &c
	}
	if err := x.enterShare(); err != nil {
		return err
	}
	x.intent = http.StatusOK
	return x.finish(sensitive(x.r, x.h.Directory.List(x.r.Context(), s, &x.ans, calls...)))
}

// sensitive makes the error about a secret in a filter another one where the filter was part of the URL, which everybody
// on the way may have written down (RFC 7644 §7.5.2).
func sensitive(r *http.Request, err error) error {
	if r.Method == http.MethodPost || !errors.Is(err, filter.ErrSecret) {
		return err
	}
	return scimerr.New(http.StatusForbidden, scimerr.Sensitive, "filter: holds what must not be part of a URL, and nobody can filter by it")
}

// searchRequest is the schema of a search by POST (RFC 7644 §3.4.3).
const searchRequest = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"

func (x *exchange) readSearch() (q query, err error) {
	body, err := x.readBody()
	if err != nil {
		return q, err
	}
	if err := wantSchema(body, searchRequest); err != nil {
		return q, err
	}
	for name, value := range body.All() {
		if err := q.set(name, value); err != nil {
			return q, err
		}
	}
	return q, nil
}

// set takes one field of the body; names are found in any case, as attributes are. A null says nothing.
func (q *query) set(name string, value resource.Value) error {
	name = known(name)
	field := q.field(name)
	if field == nil || value.IsNull() {
		return nil
	}
	text, ok := searchText(name, value)
	if !ok {
		return badParameter(name, "value is of the wrong type")
	}
	*field = text
	q.note(name)
	return nil
}

// searchText is a value as the query of a URL would have it: attributes are arrays here, the two indexes numbers.
func searchText(name string, value resource.Value) (text string, ok bool) {
	switch name {
	case "attributes", "excludedAttributes":
		return joinTexts(value)
	case "startIndex", "count":
		return value.Text(), value.Kind() == resource.KindNumber
	}
	return value.Text(), value.Kind() == resource.KindString
}

func joinTexts(value resource.Value) (string, bool) {
	if value.Kind() == resource.KindString {
		return value.Text(), true
	}
	names := make([]string, 0, len(value.Elems()))
	for _, e := range value.Elems() {
		if e.Kind() != resource.KindString {
			return "", false
		}
		names = append(names, e.Text())
	}
	return strings.Join(names, ","), value.Kind() == resource.KindArray
}

// wantSchema checks the schemas of a message.
func wantSchema(body *resource.Object, urn string) error {
	schemas, _ := body.Get("schemas")
	for _, e := range schemas.Elems() {
		if strings.EqualFold(e.Text(), urn) {
			return nil
		}
	}
	return scimerr.InvalidSyntax("schemas: want %s", urn)
}

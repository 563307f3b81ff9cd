package directory

import (
	"context"
	"strconv"

	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// Page sizes of a search.
const (
	DefaultCount = 100  // where the client asks for none
	MaxCount     = 1000 // the filter.maxResults of ServiceProviderConfig
)

// Search is a query (RFC 7644 §3.4.2).
type Search struct {
	Filter     string // "": all
	SortBy     string // "": in the order of creation
	Descending bool
	StartIndex int64 // from 1; less counts as 1
	Count      int   // less than 0 counts as 0, more than MaxCount as MaxCount

	ByCursor bool   // pages by Cursor (RFC 9865) and not by StartIndex
	Cursor   string // of an earlier answer; "": the first page
}

// List answers the resources of the calls' types that the search selects, as a ListResponse. With several types their
// resources follow one another, sorted within each. Errors: 400.
func (d *Directory) List(ctx context.Context, s Search, ans *Answer, calls ...*Call) error {
	if s.ByCursor {
		return d.walk(ctx, s, ans, calls)
	}
	s.StartIndex = max(1, s.StartIndex)
	s.Count = min(max(0, s.Count), MaxCount)
	queries, err := s.queries(calls)
	if err != nil {
		return err
	}
	first := calls[0]
	return first.fault(d.view(ctx, first.Tenant, ans, func(r store.Reader) error {
		found, err := find(ctx, r, s, queries)
		if err != nil {
			return err
		}
		ans.Body = found.appendHead(ans.Body, s.StartIndex)
		return found.appendResources(ctx, r, calls, ans)
	}))
}

// queries are one for each type. What only some of the types have is without a value in the others.
func (s Search) queries(calls []*Call) ([]store.Query, error) {
	types := make([]*schema.ResourceType, len(calls))
	for i, c := range calls {
		types[i] = c.Type
	}
	queries := make([]store.Query, len(calls))
	for i, c := range calls {
		queries[i] = store.Query{Type: c.Type.Name, BaseURL: c.Tenant.URL, Transient: true}
		if s.Filter == "" {
			continue
		}
		var err error
		if queries[i].Filter, err = filter.ParseAmong(s.Filter, c.Type, types, c.Tolerance, filter.Limits{}); err != nil {
			return nil, err
		}
	}
	return queries, s.sort(queries, calls)
}

// sort gives each query its order. It is an error only if no type has the attribute.
func (s Search) sort(queries []store.Query, calls []*Call) (err error) {
	if s.SortBy == "" {
		return nil
	}
	sorted := false
	for i, c := range calls {
		path, pathErr := filter.ParseAttribute(s.SortBy, c.Type, c.Tolerance)
		if pathErr != nil {
			err = pathErr
			continue
		}
		queries[i].Sort = &store.Sort{Path: path, Descending: s.Descending}
		sorted = true
	}
	if sorted {
		return nil
	}
	return err
}

// results are the pages of each type.
type results struct {
	total int64
	items int
	pages []store.Page
}

func find(ctx context.Context, r store.Reader, s Search, queries []store.Query) (results, error) {
	res := results{pages: make([]store.Page, len(queries))}
	offset := s.StartIndex - 1
	for i, q := range queries {
		q.Offset, q.Limit = max(0, offset), s.Count-res.items
		page, err := r.Find(ctx, q)
		if err != nil {
			return res, err
		}
		res.pages[i] = page
		res.total += page.Total
		res.items += len(page.Records)
		offset -= page.Total
	}
	return res, nil
}

// listHead begins every ListResponse.
const listHead = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":`

// appendHead begins the ListResponse. All its numbers are there always, as clients page by them, but for the startIndex: it
// is 0 where pages have none.
func (res *results) appendHead(dst []byte, startIndex int64) []byte {
	dst = strconv.AppendInt(append(dst, listHead...), res.total, 10)
	if startIndex > 0 {
		dst = strconv.AppendInt(append(dst, `,"startIndex":`...), startIndex, 10)
	}
	return strconv.AppendInt(append(dst, `,"itemsPerPage":`...), int64(res.items), 10)
}

// appendResources ends the ListResponse.
func (res *results) appendResources(ctx context.Context, r store.Reader, calls []*Call, ans *Answer) error {
	ans.Body = append(ans.Body, `,"Resources":[`...)
	written := 0
	for i, page := range res.pages {
		if len(page.Records) == 0 {
			continue
		}
		ans.separate(written)
		written += len(page.Records)
		if err := calls[i].appendAll(ctx, r, page.Records, ans); err != nil {
			return err
		}
	}
	ans.Body = append(ans.Body, "]}"...)
	return nil
}

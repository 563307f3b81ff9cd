package directory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/scim/cursor"
	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// CursorLifetime is how long a cursor can be used, the cursorTimeout of ServiceProviderConfig. Every page brings new ones.
const CursorLifetime = time.Hour

// walk is List by cursor (RFC 9865). Errors: 400 invalidCursor, expiredCursor, invalidCount, and those of List.
func (d *Directory) walk(ctx context.Context, s Search, ans *Answer, calls []*Call) error {
	queries, err := s.queries(calls)
	if err != nil {
		return err
	}
	sealer, err := d.cursors(ctx)
	if err != nil {
		return calls[0].fault(err)
	}
	w := &walk{sealer: sealer, now: d.clock(), queries: queries, bound: bind(calls[0].Tenant.Key, queries)}
	if err := w.begin(s, calls[0].Tolerance); err != nil {
		return err
	}
	return calls[0].fault(d.view(ctx, calls[0].Tenant, ans, func(r store.Reader) error {
		w.reader = r
		if err := w.find(ctx); err != nil {
			return err
		}
		ans.Body = w.appendCursors(w.results.appendHead(ans.Body, 0))
		return w.results.appendResources(ctx, r, calls, ans)
	}))
}

// cursors returns what makes cursors. Its key is the store's, so that all servers at one database read each other's.
func (d *Directory) cursors(ctx context.Context) (*cursor.Sealer, error) {
	if s := d.sealer.Load(); s != nil {
		return s, nil
	}
	key, err := d.store.Secret(ctx, "cursor")
	if err != nil {
		return nil, fmt.Errorf("key of cursors: %w", err)
	}
	s, err := cursor.NewSealer(key, CursorLifetime)
	if err != nil {
		return nil, err
	}
	d.sealer.Store(s)
	return s, nil
}

// bind names what a cursor is good for: the tenant, and of each type the filter and the order, as they are understood.
func bind(tenant string, queries []store.Query) (bound cursor.Query) {
	bound.Add(tenant)
	for _, q := range queries {
		bound.Add(q.Type)
		text, sort := "", ""
		if q.Filter != nil {
			text = filter.String(q.Filter)
		}
		if q.Sort != nil {
			sort = fmt.Sprint(q.Sort.Path, " descending ", q.Sort.Descending)
		}
		bound.Add(text)
		bound.Add(sort)
	}
	return bound
}

// walk is one page of a result that is paged by cursor.
type walk struct {
	sealer  *cursor.Sealer
	now     time.Time
	queries []store.Query
	bound   cursor.Query
	reader  store.Reader

	place          cursor.Place // where the page begins, or ends if it is Backward
	first          bool         // it is the first page
	count          int          // wanted by the client
	results        results
	next, previous *cursor.Place // of the neighbours, nil: there is none
}

// begin reads the cursor and checks the count.
func (w *walk) begin(s Search, tol *tolerance.Log) (err error) {
	w.count, w.first = max(0, s.Count), s.Cursor == ""
	if !w.first {
		w.place, err = w.sealer.Open(w.bound, s.Cursor, w.now)
	}
	switch {
	case errors.Is(err, cursor.ErrExpired):
		return scimerr.BadRequest(scimerr.ExpiredCursor, "cursor: is older than %v: begin again with an empty cursor", CursorLifetime)
	case err != nil || w.place.Part >= len(w.queries):
		return scimerr.BadRequest(scimerr.InvalidCursor,
			"cursor: is none of this search: take nextCursor or previousCursor of an answer as it is, and leave filter, sortBy and sortOrder as they were")
	case w.count > MaxCount && !tol.Allow(tolerance.CursorCount):
		return scimerr.BadRequest(scimerr.InvalidCount, "count: must not be greater than %d", MaxCount)
	case !w.first && w.count != w.place.Count && !tol.Allow(tolerance.CursorCount):
		return scimerr.BadRequest(scimerr.InvalidCount, "count: must stay %d, with which the first page was asked for", w.place.Count)
	}
	return nil
}

// limit is how many resources are still to be found.
func (w *walk) limit() int { return min(w.count, MaxCount) - w.results.items }

// find reads the page, type after type in the direction of the walk, and finds out what is beyond it.
func (w *walk) find(ctx context.Context) error {
	w.results, w.next, w.previous = results{pages: make([]store.Page, len(w.queries))}, nil, nil
	var beyond *cursor.Place
	for _, i := range w.ahead() {
		if w.count == 0 || beyond != nil {
			break
		}
		var err error
		if beyond, err = w.findPart(ctx, i); err != nil {
			return err
		}
	}
	if w.results.items == 0 && w.place.Backward {
		return w.restart(ctx)
	}
	w.neighbours(beyond)
	return w.sum(ctx)
}

// ahead are the types that the walk has before it.
func (w *walk) ahead() (parts []int) {
	for i := range w.queries {
		if i == w.place.Part || (i < w.place.Part) == w.place.Backward {
			parts = append(parts, i)
		}
	}
	if w.place.Backward {
		slices.Reverse(parts)
	}
	return parts
}

// findPart reads what the page has of a type. Of a type behind a full page it looks whether there is anything.
func (w *walk) findPart(ctx context.Context, i int) (beyond *cursor.Place, err error) {
	q := w.queries[i]
	q.Walk = &store.Walk{Backward: w.place.Backward, Total: w.known()}
	if i == w.place.Part {
		q.Walk.From = w.place.Position
	}
	full := w.limit() == 0
	q.Limit = max(1, w.limit())
	page, err := w.reader.Find(ctx, q)
	switch {
	case err != nil:
		return nil, err
	case full && len(page.Records) > 0:
		return &cursor.Place{Part: i, Backward: w.place.Backward}, nil
	case full:
		return nil, nil
	}
	w.results.pages[i] = page
	w.results.items += len(page.Records)
	switch {
	case !page.More:
		return nil, nil
	case w.place.Backward:
		return &cursor.Place{Part: i, Position: page.First, Backward: true}, nil
	}
	return &cursor.Place{Part: i, Position: page.Last}, nil
}

// restart answers the first page where all that was before has been deleted.
func (w *walk) restart(ctx context.Context) error {
	w.place, w.first = cursor.Place{Total: w.place.Total}, true
	return w.find(ctx)
}

// neighbours sets where the pages on both sides of this one are. The client comes from one of them, which is known to be there.
func (w *walk) neighbours(beyond *cursor.Place) {
	if w.place.Backward {
		w.previous = beyond
	} else {
		w.next = beyond
	}
	for i, page := range w.results.pages {
		switch {
		case len(page.Records) == 0:
		case w.place.Backward:
			w.next = &cursor.Place{Part: i, Position: page.Last} // of the last type that the page has
		case !w.first && w.previous == nil:
			w.previous = &cursor.Place{Part: i, Position: page.First, Backward: true}
		}
	}
}

// known is the total that the cursor brings, 0 if it is to be found out. Without a filter that costs nothing.
func (w *walk) known() int64 {
	if slices.ContainsFunc(w.queries, func(q store.Query) bool { return q.Filter != nil }) {
		return w.place.Total
	}
	return 0
}

// sum finds out the total.
func (w *walk) sum(ctx context.Context) error {
	if w.results.total = w.known(); w.results.total > 0 {
		return nil
	}
	for i, q := range w.queries {
		total := w.results.pages[i].Total
		if total == 0 { // nothing, or a type that was not looked at
			q.Limit = 0
			page, err := w.reader.Find(ctx, q)
			if err != nil {
				return err
			}
			total = page.Total
		}
		w.results.total += total
	}
	return nil
}

// appendCursors appends what leads to the neighbours.
func (w *walk) appendCursors(dst []byte) []byte {
	for _, c := range []struct {
		name  string
		place *cursor.Place
	}{{"previousCursor", w.previous}, {"nextCursor", w.next}} {
		if c.place == nil {
			continue
		}
		c.place.Count, c.place.Total = w.count, w.results.total
		dst = append(append(append(dst, `,"`...), c.name...), `":"`...)
		dst = append(append(dst, w.sealer.Seal(w.bound, *c.place, w.now)...), '"')
	}
	return dst
}

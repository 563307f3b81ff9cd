package postgres

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/filtersql"
	"github.com/scim-operator/scim-operator/scimserver/store/place"
)

// walker reads one page of a Walk in an order that SQL has.
type walker struct {
	*finder
	from *place.Place // nil: where the walk begins
	keys []any
	left int // hits still to be taken: one more than the page has, to see whether there is more
}

// chunk is how many resources are read at once where a filter is still to be tried on each.
const chunk = 2000

// walk returns a page by position.
func (f *finder) walk(ctx context.Context) (page store.Page, err error) {
	w := &walker{finder: f, left: max(f.q.Limit, 0) + 1}
	if err := w.restore(ctx); err != nil {
		return page, err
	}
	begins := w.from == nil
	if f.q.Limit > 0 {
		for _, s := range w.stretches() {
			if err := w.read(ctx, s); err != nil {
				return page, err
			}
			if w.left == 0 {
				break
			}
		}
	}
	page = w.page()
	switch {
	case f.q.Walk.Total > 0:
		page.Total = f.q.Walk.Total
	case f.q.Limit > 0 && begins && !page.More:
		page.Total = int64(len(page.Records))
	default:
		page.Total, err = f.total(ctx)
	}
	return page, err
}

// total counts what the filter selects.
func (f *finder) total(ctx context.Context) (total int64, err error) {
	if !f.parts.Exact {
		all := f.finder(f.q)
		all.q.Sort, all.q.Walk, all.q.Limit = nil, nil, 0
		page, err := all.sift(ctx)
		return page.Total, err
	}
	asks, err := f.count(ctx, &total)
	if err == nil && len(asks) > 0 {
		err = f.db.run(ctx, asks...)
	}
	return total, err
}

// restore reads the position. Of a long key it has a digest: it is lost if the resource has another key now.
func (w *walker) restore(ctx context.Context) error {
	if w.q.Walk.From == nil {
		return nil
	}
	from, err := place.Parse(w.q.Walk.From)
	if err != nil {
		return err
	}
	w.from = &from
	d, ok := from.Key.(place.Digest)
	if !ok {
		return nil
	}
	if w.q.Sort == nil {
		return store.ErrPosition
	}
	key := filtersql.Key(w.q.Sort.Path, w.scope)
	sql, args := statement(join(filtersql.Fragment{SQL: "SELECT "}, key,
		filtersql.Fragment{SQL: " FROM resource r WHERE r.tenant = " + own + " AND r.seq = ?", Args: []any{from.Seq}}))
	if err := w.query(ctx, sql, func(rows pgx.Rows) error { return rows.Scan(&w.from.Key) }, args...); err != nil {
		return err
	}
	if !d.Is(w.from.Key) {
		return store.ErrPosition
	}
	return nil
}

// stretch is a part of the order: resources with a sort key, or those without, which are the last in ascending order.
type stretch struct {
	key        filtersql.Fragment
	blank      bool
	descending bool
	from       *place.Place
}

func (w *walker) stretches() (list []stretch) {
	if w.q.Sort == nil {
		return []stretch{{key: noKey, blank: true, from: w.from}}
	}
	key := filtersql.Key(w.q.Sort.Path, w.scope)
	from := w.from
	descending := w.q.Sort.Descending != w.q.Walk.Backward
	for _, blank := range []bool{descending, !descending} {
		if from != nil && blank != (from.Key == nil) { // the position is behind this stretch
			continue
		}
		list = append(list, stretch{key: key, blank: blank, descending: descending, from: from})
		from = nil
	}
	return list
}

// read takes hits of a stretch until there are enough.
func (w *walker) read(ctx context.Context, s stretch) error {
	for {
		limit, n := w.left, 0
		if !w.parts.Exact {
			limit = chunk
		}
		err := w.hits(ctx, w.statement(s, limit), func(h *hit) error {
			n++
			s.from = &place.Place{Seq: h.seq, Key: h.key}
			if w.left == 0 {
				return nil
			}
			is, err := w.matches(h)
			if is {
				w.left--
				w.take(h)
				w.keys = append(w.keys, h.key)
			}
			return err
		})
		if err != nil || w.left == 0 || n < limit {
			return err
		}
	}
}

// seqOrder is the direction of the order of creation, and how seq compares to that of a position before it.
func (w *walker) seqOrder() (order, operator string) {
	if w.q.Walk.Backward {
		return " DESC", "<"
	}
	return "", ">"
}

// statement reads some of a stretch.
func (w *walker) statement(s stretch, limit int) filtersql.Fragment {
	direction, operator := w.seqOrder()
	conditions := []filtersql.Fragment{w.inKind()}
	key, order := s.key, "r.seq"
	switch {
	case s.blank:
		if w.q.Sort != nil {
			conditions = append(conditions, filtersql.Fragment{SQL: "(" + s.key.SQL + ") IS NULL", Args: s.key.Args})
		}
		if s.from != nil {
			conditions = append(conditions, filtersql.Fragment{SQL: "r.seq " + operator + " ?", Args: []any{s.from.Seq}})
		}
		key = noKey
		if w.picks() {
			order = "r.seq + 0"
		}
	default:
		conditions = append(conditions, s.beyond(operator))
		order = "(" + key.SQL + ")"
		if s.descending {
			order += " DESC"
		}
		order += ", r.seq"
	}
	end := filtersql.Fragment{SQL: " ORDER BY " + order + direction + " LIMIT ?", Args: []any{int64(limit)}}
	if !s.blank {
		end.Args = append(slices.Clone(key.Args), end.Args...)
	}
	return join(w.columns(key), w.where(conditions...), end)
}

// beyond is the condition that a resource has a key that comes behind the position.
func (s stretch) beyond(operator string) filtersql.Fragment {
	if s.from == nil {
		return filtersql.Fragment{SQL: "(" + s.key.SQL + ") IS NOT NULL", Args: s.key.Args}
	}
	further := ">"
	if s.descending {
		further = "<"
	}
	return filtersql.Fragment{
		SQL:  "(" + s.key.SQL + ") " + further + "= ? AND ((" + s.key.SQL + ") " + further + " ? OR r.seq " + operator + " ?)",
		Args: slices.Concat(s.key.Args, []any{s.from.Key}, s.key.Args, []any{s.from.Key, s.from.Seq}),
	}
}

// page is what was read, in the order of the query.
func (w *walker) page() (page store.Page) {
	if w.left == 0 && w.q.Limit > 0 {
		page.More = true
		w.records, w.known, w.keys = w.records[:w.q.Limit], w.known[:w.q.Limit], w.keys[:min(w.q.Limit, len(w.keys))]
	}
	if w.q.Walk.Backward {
		slices.Reverse(w.records)
		slices.Reverse(w.known)
		slices.Reverse(w.keys)
	}
	page.Records = w.records
	if n := len(w.records); n > 0 {
		page.First, page.Last = w.at(0), w.at(n-1)
	}
	return page
}

func (w *walker) at(i int) []byte {
	p := place.Place{Seq: w.known[i].seq}
	if w.q.Sort != nil {
		p.Key = w.keys[i]
	}
	return p.Encode()
}

// cutWalk takes a page of a Walk out of all that is selected, which is in the order of creation.
func (f *finder) cutWalk() (page store.Page, err error) {
	w := &walker{finder: f, left: max(f.q.Limit, 0) + 1}
	all, known := f.records, f.known
	f.records, f.known = nil, nil
	from := place.Place{}
	if f.q.Walk.From != nil {
		if from, err = place.Parse(f.q.Walk.From); err != nil {
			return page, err
		}
	}
	for n := range all {
		i := n
		if f.q.Walk.Backward {
			i = len(all) - 1 - n
		}
		behind := known[i].seq > from.Seq
		if f.q.Walk.Backward {
			behind = known[i].seq < from.Seq
		}
		if (behind || f.q.Walk.From == nil) && w.left > 0 {
			w.records, w.known = append(w.records, all[i]), append(w.known, known[i])
			w.left--
		}
	}
	page = w.page()
	page.Total = int64(len(all))
	if f.q.Walk.Total > 0 {
		page.Total = f.q.Walk.Total
	}
	return page, nil
}

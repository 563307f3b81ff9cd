package sqlite

import (
	"context"
	"slices"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/filtersql"
	"github.com/scim-operator/scim-operator/scimserver/store/place"
	"github.com/scim-operator/scim-operator/scimserver/store/sqlite/conn"
)

// walker reads one page of a Walk.
type walker struct {
	*snapshot
	q     store.Query
	typ   int64
	from  *place.Place // nil: where the walk begins
	total int64        // of what the filter selects, -1: not known yet
	all   int64        // of the type, if it is indexed

	indexed bool  // an index finds what the filter selects
	limit   int64 // rows still to be read: one more than the page has, to see whether there is more

	// What was read, in the direction of the walk.
	records []store.Record
	found   []found
	keys    []any
}

// walk returns a page by position.
func (v *snapshot) walk(ctx context.Context, q store.Query, typ int64) (page store.Page, err error) {
	w := &walker{snapshot: v, q: q, typ: typ, total: -1, limit: int64(max(q.Limit, 0)) + 1}
	if err := w.start(); err != nil {
		return page, err
	}
	if w.q.Limit > 0 {
		if err := w.read(ctx); err != nil {
			return page, err
		}
		v.keepRoom(q, w.records)
	}
	page = w.page()
	if w.total < 0 && q.Limit > 0 && w.from == nil && !page.More {
		w.total = int64(len(page.Records))
	}
	if page.Total = w.total; w.total < 0 {
		page.Total, err = v.count(q, typ)
	}
	return page, err
}

// start finds out where the walk goes on, and how many resources it is about where that decides how to read them.
func (w *walker) start() (err error) {
	if w.q.Walk.From != nil {
		from, err := place.Parse(w.q.Walk.From)
		if err != nil {
			return err
		}
		w.from = &from
		if err := w.restore(); err != nil {
			return err
		}
	}
	summed := w.summed(w.q.Filter) != nil
	w.indexed = !summed && filtersql.Indexed(w.q.Filter, w.scope(w.q))
	switch {
	case w.q.Walk.Total > 0:
		w.total = w.q.Walk.Total
	case summed || w.indexed:
		w.total, err = w.count(w.q, w.typ)
	}
	if err == nil && w.indexed {
		w.all, err = w.snapshot.total(w.typ, ofAll)
	}
	return err
}

// restore finds the key that the position has a digest of. It is lost if the resource has another one now.
func (w *walker) restore() error {
	d, ok := w.from.Key.(place.Digest)
	if !ok {
		return nil
	}
	if w.q.Sort == nil {
		return store.ErrPosition
	}
	key := w.key()
	st, err := w.query(filtersql.Fragment{
		SQL: "SELECT " + key.SQL + " FROM resource r WHERE r.tenant = ? AND r.seq = ?", Args: append(slices.Clone(key.Args), w.tenant),
	}, w.from.Seq)
	if err != nil {
		return err
	}
	defer st.Reset()
	if _, err := st.Step(); err != nil {
		return w.failed(err)
	}
	if w.from.Key = st.Value(0); !d.Is(w.from.Key) {
		return store.ErrPosition
	}
	return nil
}

func (w *walker) key() filtersql.Fragment { return filtersql.Key(w.q.Sort.Path, w.scope(w.q)) }

// manyHits is the number of resources from which on it is cheaper to pass the others in the order wanted than to find
// these by an index and sort them for every page.
const manyHits = 20_000

// byFilter tells whether an index is to find the resources and these are sorted then, and not the order's index passed. A
// walk may begin far from the first resource that is selected, but goes on close to the next.
func (w *walker) byFilter() bool {
	if !w.indexed {
		return false
	}
	return w.total < manyHits || w.from == nil && !nearlyAll(w.total, w.all)
}

func (w *walker) read(ctx context.Context) error {
	if w.q.Sort == nil {
		return w.run(ctx, w.inOrder())
	}
	for _, s := range w.stretches() {
		if err := w.run(ctx, s); err != nil || w.limit == 0 {
			return err
		}
	}
	return nil
}

// run reads the rows of a statement, whose last parameter is the limit.
func (w *walker) run(ctx context.Context, f filtersql.Fragment) error {
	st, err := w.query(f, w.limit)
	if err != nil {
		return err
	}
	defer st.Reset()
	return w.each(ctx, st, func() error {
		w.take(st)
		return nil
	})
}

func (w *walker) take(st *conn.Stmt) {
	if w.records == nil {
		room := min(int(w.limit), maxRoom)
		w.records, w.found = w.roomFor(w.q, room), make([]found, 0, room)
	}
	w.limit--
	w.records = append(w.records, store.Record{})
	r := &w.records[len(w.records)-1]
	w.scanPage(st, r, w.q)
	w.found = append(w.found, found{id: r.ID, seq: st.Int64(6)})
	if w.q.Sort != nil {
		w.keys = append(w.keys, st.Value(7))
	}
}

// page is what was read, in the order of the query.
func (w *walker) page() (page store.Page) {
	if w.limit == 0 && w.q.Limit > 0 {
		page.More = true
		w.records, w.found = w.records[:w.q.Limit], w.found[:w.q.Limit]
	}
	if w.q.Walk.Backward {
		slices.Reverse(w.records)
		slices.Reverse(w.found)
		w.keys = w.keys[:min(len(w.keys), len(w.records))]
		slices.Reverse(w.keys)
	}
	w.snapshot.found = w.found
	page.Records = w.records
	if n := len(w.records); n > 0 {
		page.First, page.Last = w.at(0).Encode(), w.at(n-1).Encode()
	}
	return page
}

func (w *walker) at(i int) place.Place {
	p := place.Place{Seq: w.found[i].seq}
	if w.q.Sort != nil {
		p.Key = w.keys[i]
	}
	return p
}

// cutWalk takes a page of a Walk out of all that is selected, which is in the order of creation.
func (v *snapshot) cutWalk(q store.Query, all []store.Record) (store.Page, error) {
	w := &walker{snapshot: v, q: q, limit: int64(max(q.Limit, 0)) + 1}
	from := place.Place{}
	if q.Walk.From != nil {
		var err error
		if from, err = place.Parse(q.Walk.From); err != nil {
			return store.Page{}, err
		}
	}
	known := v.found
	for n := range all {
		i := n
		if q.Walk.Backward {
			i = len(all) - 1 - n
		}
		behind := known[i].seq > from.Seq
		if q.Walk.Backward {
			behind = known[i].seq < from.Seq
		}
		if (behind || q.Walk.From == nil) && w.limit > 0 {
			w.records, w.found = append(w.records, all[i]), append(w.found, known[i])
			w.limit--
		}
	}
	page := w.page()
	page.Total = int64(len(all))
	if q.Walk.Total > 0 {
		page.Total = q.Walk.Total
	}
	return page, nil
}

package sqlite

import (
	"context"

	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/filtersql"
	"github.com/scim-operator/scim-operator/scimserver/store/sqlite/conn"
)

// Find implements store.Reader.
func (v *snapshot) Find(ctx context.Context, q store.Query) (store.Page, error) {
	if err := ctx.Err(); err != nil {
		return store.Page{}, err
	}
	typ := v.findSymbol(q.Type)
	if typ == 0 || v.tenant == 0 {
		return store.Page{}, nil
	}
	if q.Sort == nil && q.Filter != nil && filtersql.Few(q.Filter, v.scope(q)) {
		return v.searchFew(ctx, q, typ)
	}
	if err := v.begin(); err != nil {
		return store.Page{}, err
	}
	switch {
	case q.Walk != nil:
		return v.interruptibly(ctx, func() (store.Page, error) { return v.walk(ctx, q, typ) })
	case q.Sort != nil || v.summed(q.Filter) == nil:
		return v.interruptibly(ctx, func() (store.Page, error) { return v.search(ctx, q, typ) })
	}
	return v.list(ctx, q, typ, v.summed(q.Filter))
}

// sum says how many resources there are of what the tables tally, block and span have sums of.
type sum struct {
	column  int    // of the sum, in spansSQL and blocksSQL
	tally   string // statement for all
	listing string // statement for a page
}

var (
	ofAll    = &sum{column: 1, tally: "SELECT total FROM tally WHERE tenant = ?1 AND type = ?2", listing: listSQL}
	ofStated = &sum{column: 2, tally: "SELECT stated FROM tally WHERE tenant = ?1 AND type = ?2", listing: listStatedSQL}
)

// ofInactive is no sum of the tables block and span.
var ofInactive = &sum{tally: "SELECT total - active FROM tally WHERE tenant = ?1 AND type = ?2"}

// summed returns the sum of what a filter selects, nil if there is none. The sums of a transaction that writes are in its
// ledger, of which but the total is looked up.
func (v *snapshot) summed(e filter.Expr) *sum {
	switch {
	case e == nil:
		return ofAll
	case v.ledger == nil && filtersql.Active(e, true):
		return ofStated
	}
	return nil
}

// total returns how many resources of a type there are.
func (v *snapshot) total(typ int64, s *sum) (int64, error) {
	st, err := v.prepare(s.tally)
	if err != nil {
		return 0, err
	}
	st.BindInt64(1, v.tenant)
	st.BindInt64(2, typ)
	n, err := st.Int()
	return n + v.ledger.pending(v.tenant, typ), v.failed(err)
}

// list returns a page in the order of creation.
func (v *snapshot) list(ctx context.Context, q store.Query, typ int64, s *sum) (store.Page, error) {
	total, err := v.total(typ, s)
	page := store.Page{Total: total}
	if err != nil || q.Limit <= 0 || q.Offset >= page.Total {
		return page, err
	}
	first, skip, err := v.seek(typ, q.Offset, s)
	if err != nil {
		return page, err
	}
	page.Records, err = v.listFrom(ctx, q, typ, s, first, skip)
	return page, err
}

const (
	spansSQL  = "SELECT number, total, stated FROM span WHERE tenant = ?1 AND type = ?2 AND number >= ?3 ORDER BY number"
	blocksSQL = "SELECT number, total, stated FROM block WHERE tenant = ?1 AND type = ?2 AND number >= ?3 ORDER BY number"
)

// seek finds the block that the offset falls into: the first seq of it, and how many resources of it
// are to be skipped. The sums of a transaction that writes are not up to date, so it has to skip all.
func (v *snapshot) seek(typ, offset int64, s *sum) (first, skip int64, err error) {
	if offset == 0 || v.ledger != nil {
		return 0, offset, nil
	}
	number, _, skip, err := v.pass(spansSQL, typ, 0, offset, s.column)
	if err != nil {
		return 0, 0, err
	}
	number, n, skip, err := v.pass(blocksSQL, typ, number<<spanShift, skip, s.column)
	first = number << blockShift
	if n == blockSize { // nothing else is in the block, so that the place is the seq
		return first + skip, 0, err
	}
	return first, skip, err
}

// pass passes sums from a number on, until the next would go beyond the offset. It returns the number and the sum of that
// one, and what is left of the offset.
func (v *snapshot) pass(sql string, typ, number, offset int64, column int) (at, n, left int64, err error) {
	st, err := v.prepare(sql)
	if err != nil {
		return 0, 0, 0, err
	}
	defer st.Reset()
	st.BindInt64(1, v.tenant)
	st.BindInt64(2, typ)
	st.BindInt64(3, number)
	for {
		if row, err := st.Step(); err != nil || !row {
			return number, 0, offset, v.failed(err)
		}
		number = st.Int64(0)
		n := st.Int64(column)
		if offset < n {
			return number, n, offset, nil
		}
		offset -= n
	}
}

// The index is named, as the planner would rather read the rows of everybody in the order of seq.
const (
	listPart      = "SELECT " + recordColumns + " FROM resource r INDEXED BY resource_order WHERE r.tenant = ?1 AND r.type = ?2"
	listSQL       = listPart + " AND r.seq >= ?3 ORDER BY r.seq LIMIT ?4 OFFSET ?5"
	listStatedSQL = listPart + " AND r.seq >= ?3 AND r.active = 1 ORDER BY r.seq LIMIT ?4 OFFSET ?5"
)

func (v *snapshot) listFrom(ctx context.Context, q store.Query, typ int64, s *sum, first, skip int64) ([]store.Record, error) {
	st, err := v.prepare(s.listing)
	if err != nil {
		return nil, err
	}
	defer st.Reset()
	for i, n := range [...]int64{v.tenant, typ, first, int64(q.Limit), skip} {
		st.BindInt64(i+1, n)
	}
	return v.records(ctx, st, q, min(q.Limit, maxRoom))
}

// maxRoom is how many records a page has room for at most before it grows.
const maxRoom = 128

// records reads a page, for which it makes room.
func (v *snapshot) records(ctx context.Context, st *conn.Stmt, q store.Query, room int) (records []store.Record, err error) {
	records, v.found = v.roomFor(q, room), make([]found, 0, room)
	err = v.each(ctx, st, func() error {
		records = append(records, store.Record{})
		r := &records[len(records)-1]
		v.scanPage(st, r, q)
		v.found = append(v.found, foundIn(st, r.ID))
		return nil
	})
	v.keepRoom(q, records)
	return records, err
}

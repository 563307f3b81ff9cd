package sqlite

import (
	"context"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/sqlite/conn"
	"github.com/scim-operator/scim-operator/scimserver/store/sqlite/filtersql"
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
	switch {
	case q.Filter == nil && q.Sort == nil:
		return v.list(ctx, q, typ)
	case q.Sort == nil && filtersql.Few(q.Filter, v.scope(q)):
		return v.searchFew(ctx, q, typ)
	default:
		return v.search(ctx, q, typ)
	}
}

const totalSQL = "SELECT total FROM tally WHERE tenant = ?1 AND type = ?2"

// total returns how many resources of a type there are.
func (v *snapshot) total(typ int64) (int64, error) {
	st, err := v.prepare(totalSQL)
	if err != nil {
		return 0, err
	}
	st.BindInt64(1, v.tenant)
	st.BindInt64(2, typ)
	n, err := st.Int()
	return n + v.ledger.pending(v.tenant, typ), v.failed(err)
}

// list returns a page in the order of creation.
func (v *snapshot) list(ctx context.Context, q store.Query, typ int64) (store.Page, error) {
	total, err := v.total(typ)
	page := store.Page{Total: total}
	if err != nil || q.Limit <= 0 || q.Offset >= page.Total {
		return page, err
	}
	first, skip, err := v.seek(typ, q.Offset)
	if err != nil {
		return page, err
	}
	page.Records, err = v.listFrom(ctx, q, typ, first, skip)
	return page, err
}

const blocksSQL = "SELECT number, total FROM block WHERE tenant = ?1 AND type = ?2 ORDER BY number"

// seek finds the block that the offset falls into: the first seq of it, and how many resources of it
// are to be skipped. The blocks of a transaction that writes are not up to date, so it has to skip all.
func (v *snapshot) seek(typ, offset int64) (first, skip int64, err error) {
	if offset == 0 || v.ledger != nil {
		return 0, offset, nil
	}
	st, err := v.prepare(blocksSQL)
	if err != nil {
		return 0, 0, err
	}
	defer st.Reset()
	st.BindInt64(1, v.tenant)
	st.BindInt64(2, typ)
	for {
		if row, err := st.Step(); err != nil || !row {
			return first, offset, v.failed(err)
		}
		first = st.Int64(0) << blockShift
		total := st.Int64(1)
		if offset < total {
			return first, offset, nil
		}
		offset -= total
	}
}

// The index is named, as the planner would rather read the rows of everybody in the order of seq.
const listSQL = "SELECT " + recordColumns + ` FROM resource r INDEXED BY resource_order
	WHERE r.tenant = ?1 AND r.type = ?2 AND r.seq >= ?3 ORDER BY r.seq LIMIT ?4 OFFSET ?5`

func (v *snapshot) listFrom(ctx context.Context, q store.Query, typ, first, skip int64) ([]store.Record, error) {
	st, err := v.prepare(listSQL)
	if err != nil {
		return nil, err
	}
	defer st.Reset()
	for i, n := range [...]int64{v.tenant, typ, first, int64(q.Limit), skip} {
		st.BindInt64(i+1, n)
	}
	return v.records(ctx, st, q, min(q.Limit, roomFor))
}

// roomFor is how many records a page has room for at most before it grows.
const roomFor = 128

// records reads a page, for which it makes room.
func (v *snapshot) records(ctx context.Context, st *conn.Stmt, q store.Query, room int) (records []store.Record, err error) {
	records, v.found = make([]store.Record, 0, room), make([]found, 0, room)
	err = v.each(ctx, st, func() error {
		records = append(records, store.Record{})
		r := &records[len(records)-1]
		scanRecord(st, r, q.Type)
		v.found = append(v.found, found{id: r.ID, seq: st.Int64(6)})
		return nil
	})
	return records, err
}

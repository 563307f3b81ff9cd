package sqlite

import (
	"context"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/sqlite/conn"
)

// row is what is stored of a resource beside its document.
type row struct {
	seq, typ int64
	version  int64
	created  int64
	active   int64
	unique   bool
	alone    bool // no group holds it
	name     string
	external string
	display  string
	keys     []byte
}

// recentRow is the row that a transaction has read last: who changes a resource has read it before.
type recentRow struct {
	row
	typ, id string
	valid   bool // it has not been changed since, but for its groups
}

var rowQuery = queryByID(recordColumns+`, NOT EXISTS (SELECT 1 FROM membership m WHERE m.member = r.seq),
	r.name_unique, r.name, r.external, r.display, r.keys`, "")

// Get implements store.Reader.
func (t *tx) Get(ctx context.Context, typ, id string) (r store.Record, err error) {
	t.recent = recentRow{}
	if err := ctx.Err(); err != nil {
		return r, err
	}
	st, found, err := t.locate(rowQuery, typ, id)
	if err != nil {
		return r, err
	}
	defer st.Reset()
	if !found {
		return r, store.ErrNotFound
	}
	scanRecord(st, &r, typ)
	t.recent = recentRow{typ: typ, id: id, valid: true, row: scanRow(st, t.findSymbol(typ))}
	return r, nil
}

func scanRow(st *conn.Stmt, typ int64) row {
	return row{
		typ: typ, version: st.Int64(1), created: st.Int64(2), active: st.Int64(4), seq: st.Int64(seqColumn),
		alone: st.Int64(7) != 0, unique: st.Int64(8) != 0,
		name: st.Text(9), external: st.Text(10), display: st.Text(11), keys: st.Bytes(12),
	}
}

// findRow returns the row of a resource, or ErrNotFound.
func (t *tx) findRow(ctx context.Context, typ, id string) (row, error) {
	if t.isRecent(typ, id) {
		return t.recent.row, ctx.Err()
	}
	_, err := t.Get(ctx, typ, id)
	return t.recent.row, err
}

func (t *tx) isRecent(typ, id string) bool {
	return t.recent.valid && t.recent.typ == typ && t.recent.id == id
}

// changeRow returns the row of a resource, which is read anew after the change.
func (t *tx) changeRow(ctx context.Context, typ, id string) (row, error) {
	r, err := t.findRow(ctx, typ, id)
	t.recent.valid = false
	return r, err
}

// GroupsOf implements store.Reader. Most users that are changed are known to have no groups.
func (t *tx) GroupsOf(ctx context.Context, ids []string) (map[string][]store.GroupRef, error) {
	if len(ids) == 1 && t.recent.id == ids[0] && t.recent.alone {
		return nil, ctx.Err()
	}
	return t.snapshot.GroupsOf(ctx, ids)
}

// group returns the number of a group that must be there.
func (t *tx) group(ctx context.Context, id string) (int64, error) {
	if t.isRecent(store.TypeGroup, id) {
		return t.recent.seq, ctx.Err()
	}
	seq, err := t.groupSeq(ctx, id)
	if err == nil && seq == 0 {
		err = store.ErrNotFound
	}
	return seq, err
}

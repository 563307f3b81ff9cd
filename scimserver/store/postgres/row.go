package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// row is what is stored of a resource beside its document.
type row struct {
	seq      int64
	version  int64
	created  int64
	active   int64
	unique   bool
	alone    bool // no group holds it
	name     string
	external string
	display  string
	keys     []string
}

// recentRow is the row that a transaction has read last: who changes a resource has read it before.
type recentRow struct {
	row
	typ, id string
	valid   bool // it has not been changed since, but for its groups
}

const (
	rowOfSQL = "SELECT " + recordColumns + aloneColumn + `, r.name_unique IS NOT NULL, coalesce(r.name, ''), coalesce(r.external, ''), coalesce(r.display, ''), r.keys
	FROM resource r WHERE r.tenant = ` + own
	rowSQL = rowOfSQL + " AND r.id = $2 AND r.kind = $3"
)

// Get implements store.Reader.
func (t *tx) Get(ctx context.Context, typ, id string) (store.Record, error) {
	t.recent = recentRow{}
	read, is := t.rowAhead(ctx, typ, id)
	if !is {
		err := t.query(ctx, rowSQL, func(rows pgx.Rows) error {
			is = true
			return rows.Scan(read.places()...)
		}, text(id), kindOf(typ))
		switch {
		case err != nil:
			return store.Record{}, err
		case !is:
			return store.Record{}, store.ErrNotFound
		}
	}
	w, r := read.w, read.r
	r.seq, r.version, r.created, r.active = w.seq, w.record.Version, w.created, w.active
	t.read = read
	t.recent = recentRow{typ: typ, id: w.record.ID, valid: true, row: r}
	t.found = []found{{id: w.record.ID, seq: w.seq, alone: r.alone}}
	return w.of(typ), nil
}

// findRow returns the row of a resource, or ErrNotFound.
func (t *tx) findRow(ctx context.Context, typ, id string) (row, error) {
	if err := t.writable(ctx); err != nil {
		return row{}, err
	}
	if t.isRecent(typ, id) {
		return t.recent.row, nil
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
	delete(t.b.ahead.rows, resourceKey{kindOf(typ), text(id)})
	return r, err
}

// GroupsOf implements store.Reader. Most users that are changed are known to have no groups.
func (t *tx) GroupsOf(ctx context.Context, ids []string) (map[string][]store.GroupRef, error) {
	if len(ids) == 1 && t.recent.id == ids[0] && t.recent.alone {
		return nil, ctx.Err()
	}
	return t.reader.GroupsOf(ctx, ids)
}

package sqlite

import (
	"bytes"
	"context"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/sqlite/conn"
)

// row is what is stored of a resource beside its document.
type row struct {
	seq, typ int64
	version  int64
	created  int64
	active   bool
	unique   bool
	name     string
	external string
	display  string
	keys     []byte
}

const rowSQL = `SELECT seq, version, created, active, name_unique, name, external, display, keys
	FROM resource WHERE tenant = ?1 AND id = ?2 AND type = ?3`

// findRow reads the row of a resource, or returns ErrNotFound.
func (t *tx) findRow(ctx context.Context, typ, id string) (row, error) {
	if err := ctx.Err(); err != nil {
		return row{}, err
	}
	st, err := t.prepare(rowSQL)
	if err != nil {
		return row{}, err
	}
	defer st.Reset()
	t.bindResource(st, typ, id)
	switch found, err := st.Step(); {
	case err != nil:
		return row{}, t.failed(err)
	case !found:
		return row{}, store.ErrNotFound
	}
	return scanRow(st, t.findSymbol(typ)), nil
}

func scanRow(st *conn.Stmt, typ int64) row {
	return row{
		seq: st.Int64(0), typ: typ, version: st.Int64(1), created: st.Int64(2),
		active: st.Int64(3) != 0, unique: st.Int64(4) != 0,
		name: st.Text(5), external: st.Text(6), display: st.Text(7), keys: st.Bytes(8),
	}
}

// Replace implements store.Writer.
func (t *tx) Replace(ctx context.Context, r store.Record) (store.Record, error) {
	old, err := t.findRow(ctx, r.Type, r.ID)
	if err != nil {
		return store.Record{}, err
	}
	if err := t.checkUnique(&r, old.seq); err != nil {
		return store.Record{}, err
	}
	keys, err := t.lookupKeys(&r)
	if err != nil {
		return store.Record{}, err
	}
	if err := t.replaceResource(&r, old, keys); err != nil {
		return store.Record{}, err
	}
	t.ledger.activity(t.tenant, old.typ, old.active, r.Active)
	return stored(r, old.version+1, old.created), nil
}

const (
	replaceDocSQL = "UPDATE resource SET version = ?2, modified = ?3, doc = ?4 WHERE seq = ?1"
	replaceSQL    = `UPDATE resource SET version = ?2, modified = ?3, active = ?4, name = ?5, name_unique = ?6,
		external = ?7, display = ?8, keys = ?9, doc = ?10 WHERE seq = ?1`
)

// replaceResource writes the new state. Mostly the keys stay, and then no index but one is touched.
func (t *tx) replaceResource(r *store.Record, old row, keys []lookupKey) error {
	if old.same(r, keys) {
		return t.replaceDoc(r, old)
	}
	before, err := parseKeys(old.keys)
	if err != nil {
		return t.failed(err)
	}
	st, err := t.write(replaceSQL)
	if err != nil {
		return err
	}
	st.BindInt64(1, old.seq)
	st.BindInt64(2, old.version+1)
	st.BindInt64(3, r.Modified.UnixMilli())
	bindContent(st, 4, r, keys)
	if err := st.Exec(); err != nil {
		return t.constraint(r, err)
	}
	return t.changeLookups(old.seq, before, keys)
}

// same tells whether nothing but the document changes.
func (w row) same(r *store.Record, keys []lookupKey) bool {
	k := r.Keys
	return w.active == r.Active && w.name == k.Name && w.unique == (k.NameUnique && k.Name != "") &&
		w.external == k.ExternalID && w.display == k.Display && bytes.Equal(w.keys, encodeKeys(keys))
}

func (t *tx) replaceDoc(r *store.Record, old row) error {
	st, err := t.write(replaceDocSQL)
	if err != nil {
		return err
	}
	st.BindInt64(1, old.seq)
	st.BindInt64(2, old.version+1)
	st.BindInt64(3, r.Modified.UnixMilli())
	st.BindTextBytes(4, r.Doc)
	return t.failed(st.Exec())
}

const touchSQL = "UPDATE resource SET version = version + 1, modified = ?2 WHERE seq = ?1"

// Touch implements store.Writer.
func (t *tx) Touch(ctx context.Context, typ, id string, at time.Time) error {
	r, err := t.findRow(ctx, typ, id)
	if err != nil {
		return err
	}
	return t.writeInts(touchSQL, r.seq, at.UnixMilli())
}

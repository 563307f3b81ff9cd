package sqlite

import (
	"bytes"
	"context"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/sqlite/conn"
)

// Replace implements store.Writer.
func (t *tx) Replace(ctx context.Context, r store.Record) (store.Record, error) {
	old, err := t.changeRow(ctx, r.Type, r.ID)
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
	t.ledger.activity(t.tenant, old.typ, old.seq, old.active, r.Activity())
	return stored(r, old.version+1, old.created), nil
}

// replaceResource writes the new state.
func (t *tx) replaceResource(r *store.Record, old row, keys []lookupKey) error {
	encoded := encodeKeys(keys)
	changed := old.changes(r, encoded)
	st, err := t.write(replaceSQL[changed])
	if err != nil {
		return err
	}
	st.BindInt64(1, old.seq)
	st.BindInt64(2, old.version+1)
	st.BindInt64(3, r.Modified.UnixMilli())
	st.BindTextBytes(4, r.Doc)
	bindChanges(st, changed, r, encoded)
	if err := st.Exec(); err != nil {
		return t.constraint(r, err)
	}
	if changed&changesKeys == 0 {
		return nil
	}
	before, err := parseKeys(old.keys)
	if err != nil {
		return t.failed(err)
	}
	return t.changeLookups(old.seq, before, keys)
}

// Columns that mostly stay as they are. SQLite rewrites every index that has a column of an UPDATE,
// whether its value changes or not, so that there is a statement for each set of them.
const (
	changesActive = 1 << iota
	changesName
	changesExternal
	changesDisplay
	changesKeys
	allChanges = 1<<iota - 1
)

var replaceSQL = func() (sql [allChanges + 1]string) {
	columns := [...]string{", active = ?5", ", name = ?6, name_unique = ?7", ", external = ?8", ", display = ?9", ", keys = ?10"}
	for set := range sql {
		sql[set] = "UPDATE resource SET version = ?2, modified = ?3, doc = ?4"
		for i, column := range columns {
			if set&(1<<i) != 0 {
				sql[set] += column
			}
		}
		sql[set] += " WHERE seq = ?1"
	}
	return sql
}()

func bindChanges(st *conn.Stmt, changed int, r *store.Record, keys []byte) {
	if changed&changesActive != 0 {
		st.BindInt64(5, r.Activity())
	}
	if changed&changesName != 0 {
		bindName(st, 6, r.Keys)
	}
	if changed&changesExternal != 0 {
		bindOptional(st, 8, r.Keys.ExternalID)
	}
	if changed&changesDisplay != 0 {
		bindOptional(st, 9, r.Keys.Display)
	}
	if changed&changesKeys != 0 {
		bindKeys(st, 10, keys)
	}
}

// changes tells which columns change.
func (w row) changes(r *store.Record, keys []byte) (set int) {
	k := r.Keys
	for i, same := range [...]bool{
		w.active == r.Activity(), w.name == k.Name && w.unique == (k.NameUnique && k.Name != ""),
		w.external == k.ExternalID, w.display == k.Display, bytes.Equal(w.keys, keys),
	} {
		if !same {
			set |= 1 << i
		}
	}
	return set
}

const touchSQL = "UPDATE resource SET version = version + 1, modified = ?2 WHERE seq = ?1"

// Touch implements store.Writer.
func (t *tx) Touch(ctx context.Context, typ, id string, at time.Time) error {
	r, err := t.changeRow(ctx, typ, id)
	if err != nil {
		return err
	}
	return t.writeInts(touchSQL, r.seq, at.UnixMilli())
}

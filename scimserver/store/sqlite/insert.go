package sqlite

import (
	"context"
	"strings"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/sqlite/conn"
)

const insertSQL = `INSERT INTO resource
	(tenant, type, id, version, created, modified, active, name, name_unique, external, display, keys, doc)
	VALUES (?1, ?2, ?3, 1, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)`

// Insert implements store.Writer.
func (t *tx) Insert(ctx context.Context, r store.Record) (store.Record, error) {
	if err := ctx.Err(); err != nil {
		return store.Record{}, err
	}
	if err := t.needTenant(); err != nil {
		return store.Record{}, err
	}
	if err := t.checkUnique(&r, 0); err != nil {
		return store.Record{}, err
	}
	keys, err := t.lookupKeys(&r)
	if err != nil {
		return store.Record{}, err
	}
	typ, err := t.symbol(r.Type)
	if err != nil {
		return store.Record{}, err
	}
	seq, err := t.insertResource(&r, typ, keys)
	if err != nil {
		return store.Record{}, err
	}
	t.s.hints.put(t.tenant, r.ID, seq)
	t.ledger.count(t.tenant, typ, seq, 1, r.Activity())
	t.inserted = r.ID
	return stored(r, 1, r.Created.UnixMilli()), t.changeLookups(seq, nil, keys)
}

func (t *tx) insertResource(r *store.Record, typ int64, keys []lookupKey) (seq int64, err error) {
	st, err := t.write(insertSQL)
	if err != nil {
		return 0, err
	}
	st.BindInt64(1, t.tenant)
	st.BindInt64(2, typ)
	bindID(st, 3, r.ID)
	st.BindInt64(4, r.Created.UnixMilli())
	st.BindInt64(5, r.Modified.UnixMilli())
	bindContent(st, 6, r, keys)
	if err := st.Exec(); err != nil {
		return 0, t.constraint(r, err)
	}
	return t.session.conn.LastInsertID(), nil
}

// bindContent sets eight parameters from first on: active, name, name_unique, external, display, keys and doc.
func bindContent(st *conn.Stmt, first int, r *store.Record, keys []lookupKey) {
	st.BindInt64(first, r.Activity())
	bindName(st, first+1, r.Keys)
	bindOptional(st, first+3, r.Keys.ExternalID)
	bindOptional(st, first+4, r.Keys.Display)
	bindKeys(st, first+5, encodeKeys(keys))
	st.BindTextBytes(first+6, r.Doc)
}

// bindKeys binds NULL for no keys.
func bindKeys(st *conn.Stmt, i int, keys []byte) {
	if len(keys) == 0 {
		st.BindNull(i)
		return
	}
	st.BindBlob(i, keys)
}

func bindName(st *conn.Stmt, i int, k store.Keys) {
	bindOptional(st, i, k.Name)
	if k.Name != "" && k.NameUnique {
		st.BindInt64(i+1, 1)
	} else {
		st.BindNull(i + 1)
	}
}

// bindOptional binds NULL for the empty text.
func bindOptional(st *conn.Stmt, i int, text string) {
	if text == "" {
		st.BindNull(i)
		return
	}
	st.BindText(i, text)
}

// constraint says which value is taken where a unique index has refused a record.
func (t *tx) constraint(r *store.Record, err error) error {
	switch {
	case !isConstraint(err):
		return t.failed(err)
	case strings.Contains(err.Error(), "resource.id"):
		return &store.UniquenessError{Attribute: "id"}
	}
	return &store.UniquenessError{Attribute: store.NameAttribute(r.Type)}
}

// stored is the record as the store returns it.
func stored(r store.Record, version, createdMS int64) store.Record {
	r.Version = version
	r.Created = timeOf(createdMS)
	r.Modified = timeOf(r.Modified.UnixMilli())
	r.Keys = store.Keys{}
	return r
}

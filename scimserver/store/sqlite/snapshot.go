package sqlite

import (
	"context"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/sqlite/conn"
)

// snapshot implements store.Reader on a session that is in a transaction.
type snapshot struct {
	s       *Store
	session *session
	tenant  int64   // 0: it has no data
	ledger  *ledger // what the transaction has changed itself; nil in a View
	failure error   // first failure of the database
	ended   bool
	found   []found // what Find has returned last, in its order
}

// found is a resource of a page.
type found struct {
	id  string
	seq int64
}

// failed takes note of a failure of the database.
func (v *snapshot) failed(err error) error {
	err = classify(err)
	if v.failure == nil {
		v.failure = err
	}
	return err
}

func (v *snapshot) prepare(sql string) (*conn.Stmt, error) {
	if v.ended {
		return nil, errUsedLate
	}
	st, err := v.session.prepare(sql)
	return st, v.failed(err)
}

const tenantSQL = "SELECT id FROM tenant WHERE key = ?1"

// findTenant sets the number of the tenant in this snapshot.
func (v *snapshot) findTenant(key string) error {
	st, err := v.prepare(tenantSQL)
	if err != nil {
		return err
	}
	st.BindText(1, key)
	v.tenant, err = st.Int()
	return v.failed(err)
}

// findSymbol returns the number of a symbol, 0 if no row refers to it.
func (v *snapshot) findSymbol(name string) int64 {
	if id := v.s.names.symbol(name); id != 0 {
		return id
	}
	return v.ledger.symbol(name)
}

const symbolTextSQL = "SELECT name FROM symbol WHERE id = ?1"

// symbolText is the reverse of findSymbol. A symbol may be so new that only the table has it.
func (v *snapshot) symbolText(id int64) (string, error) {
	if text := v.s.names.symbolText(id); text != "" {
		return text, nil
	}
	st, err := v.prepare(symbolTextSQL)
	if err != nil {
		return "", err
	}
	defer st.Reset()
	st.BindInt64(1, id)
	_, err = st.Step()
	return st.Text(0), v.failed(err)
}

// recordColumns are the columns that scanRecord reads.
const recordColumns = "r.id, r.version, r.created, r.modified, r.active, r.doc, r.seq"

func scanRecord(st *conn.Stmt, r *store.Record, typ string) {
	r.Type = typ
	r.ID = firstID(st)
	r.Version = st.Int64(1)
	r.Created = timeOf(st.Int64(2))
	r.Modified = timeOf(st.Int64(3))
	r.Active = st.Int64(4) != 0
	r.Doc = st.Bytes(5)
}

func timeOf(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

const getSQL = "SELECT " + recordColumns + " FROM resource r WHERE r.tenant = ?1 AND r.id = ?2 AND r.type = ?3"

// Get implements store.Reader.
func (v *snapshot) Get(ctx context.Context, typ, id string) (r store.Record, err error) {
	if err := ctx.Err(); err != nil {
		return r, err
	}
	st, err := v.prepare(getSQL)
	if err != nil {
		return r, err
	}
	defer st.Reset()
	v.bindResource(st, typ, id)
	switch row, err := st.Step(); {
	case err != nil:
		return r, v.failed(err)
	case !row:
		return r, store.ErrNotFound
	}
	scanRecord(st, &r, typ)
	return r, nil
}

// bindResource sets the parameters tenant, id and type.
func (v *snapshot) bindResource(st *conn.Stmt, typ, id string) {
	st.BindInt64(1, v.tenant)
	bindID(st, 2, id)
	st.BindInt64(3, v.findSymbol(typ))
}

const seqSQL = "SELECT seq FROM resource WHERE tenant = ?1 AND id = ?2"

// seqOf returns the number of a resource of any type, 0 if the tenant has no such one.
func (v *snapshot) seqOf(id string) (int64, error) {
	st, err := v.prepare(seqSQL)
	if err != nil {
		return 0, err
	}
	st.BindInt64(1, v.tenant)
	bindID(st, 2, id)
	seq, err := st.Int()
	return seq, v.failed(err)
}

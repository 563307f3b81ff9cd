package sqlite

import (
	"errors"
	"fmt"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/sqlite/conn"
)

// tx is the transaction of one request: it implements store.Writer.
type tx struct {
	snapshot
	b      *batch
	r      *request
	ledger ledger
	before int64 // changes of the session
	recent recentRow

	inserted string // id of the resource that was inserted last, if it has no member yet
}

func newTx(b *batch, r *request) *tx {
	t := &tx{b: b, r: r, before: b.session.conn.TotalChanges()}
	t.ledger.outer = &b.ledger
	t.snapshot = snapshot{s: b.w.s, session: b.session, key: r.tenant, begun: true, ledger: &t.ledger}
	return t
}

// run calls the function of the request. A failure of the database fails the transaction, whatever
// the function makes of it.
func (t *tx) run() error {
	defer func() { t.ended = true }()
	if t.r.careful {
		if err := t.failed(t.session.exec("SAVEPOINT request")); err != nil {
			return err
		}
	}
	t.findTenant()
	err := t.permitted()
	if err == nil {
		err = t.r.call(t)
	}
	switch {
	case t.failure == nil || errors.Is(err, t.failure):
		return err
	case err == nil:
		return t.failure
	}
	return fmt.Errorf("%w, then: %w", t.failure, err)
}

// end makes the transaction part of the batch, or undoes it. It tells whether it could be undone.
func (t *tx) end(succeeded bool) (undone bool, err error) {
	conn := t.session.conn
	switch {
	case !conn.InTransaction():
		return false, nil
	case succeeded:
		t.b.ledger.merge(&t.ledger)
	case conn.TotalChanges() == t.before:
	case t.r.careful:
		err = t.session.exec("ROLLBACK TO request")
	default:
		return false, nil
	}
	if t.r.careful {
		err = errors.Join(err, t.session.exec("RELEASE request"))
	}
	return true, err
}

// write prepares a statement that changes the database.
func (t *tx) write(sql string) (*conn.Stmt, error) {
	if t.ended {
		return nil, errUsedLate
	}
	t.found, t.tops = nil, nil
	return t.prepare(sql)
}

// writeInts runs a statement that changes the database and whose parameters are integers.
func (t *tx) writeInts(sql string, args ...int64) error {
	st, err := t.write(sql)
	if err != nil {
		return err
	}
	for i, v := range args {
		st.BindInt64(i+1, v)
	}
	return t.failed(st.Exec())
}

const (
	insertTenantSQL = "INSERT INTO tenant (key, owner) VALUES (?1, ?2) RETURNING id"
	insertSymbolSQL = "INSERT INTO symbol (name) VALUES (?1) RETURNING id"
)

// findTenant sets the number of the tenant. Nobody but the writer changes it, so that no table need be read.
func (t *tx) findTenant() {
	var known bool
	if t.tenant, known = t.ledger.tenant(t.key); !known {
		t.tenant = t.s.names.tenant(t.key)
	}
}

// needTenant makes the tenant if it is not there yet.
func (t *tx) needTenant() (err error) {
	if t.tenant == 0 {
		t.tenant, err = t.putOwner(insertTenantSQL, t.key, store.Ownership{Owner: t.s.names.selfOf(t.key)})
	}
	return err
}

// symbol returns the number of a symbol, which it makes if need be.
func (t *tx) symbol(name string) (int64, error) {
	if id := t.findSymbol(name); id != 0 {
		return id, nil
	}
	id, err := t.insertName(insertSymbolSQL, name)
	if err == nil {
		t.ledger.addSymbol(name, id)
	}
	return id, err
}

func (t *tx) insertName(sql, name string) (int64, error) {
	st, err := t.write(sql)
	if err != nil {
		return 0, err
	}
	st.BindText(1, name)
	id, err := st.Int()
	return id, t.failed(err)
}

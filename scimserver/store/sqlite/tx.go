package sqlite

import (
	"errors"
	"fmt"

	"github.com/scim-operator/scim-operator/scimserver/store/sqlite/conn"
)

// tx is the transaction of one request: it implements store.Writer.
type tx struct {
	snapshot
	b      *batch
	r      *request
	ledger ledger
	wrote  bool
	saved  bool // by a savepoint
}

func newTx(b *batch, r *request) *tx {
	t := &tx{b: b, r: r}
	t.ledger.outer = &b.ledger
	t.snapshot = snapshot{s: b.w.s, session: b.session, ledger: &t.ledger}
	return t
}

// run calls the function of the request. A failure of the database fails the transaction, whatever
// the function makes of it.
func (t *tx) run() error {
	defer func() { t.ended = true }()
	if err := t.findTenant(t.r.tenant); err != nil {
		return err
	}
	err := t.r.call(t)
	switch {
	case t.failure == nil || errors.Is(err, t.failure):
		return err
	case err == nil:
		return t.failure
	}
	return fmt.Errorf("%w, then: %w", t.failure, err)
}

// end makes the transaction part of the batch, or undoes it.
func (t *tx) end(succeeded bool) error {
	if !succeeded {
		return t.undo()
	}
	t.b.ledger.merge(&t.ledger)
	t.b.dirty = t.b.dirty || t.wrote
	if t.saved {
		return t.session.exec("RELEASE request")
	}
	return nil
}

func (t *tx) undo() error {
	switch {
	case !t.wrote || !t.session.conn.InTransaction():
		return nil
	case t.saved:
		return errors.Join(t.session.exec("ROLLBACK TO request"), t.session.exec("RELEASE request"))
	}
	return errors.Join(t.session.exec("ROLLBACK"), t.session.exec("BEGIN IMMEDIATE"))
}

// write prepares a statement that changes the database.
func (t *tx) write(sql string) (*conn.Stmt, error) {
	if t.ended {
		return nil, errUsedLate
	}
	if err := t.beginWrite(); err != nil {
		return nil, err
	}
	t.found = nil
	return t.prepare(sql)
}

func (t *tx) beginWrite() error {
	if t.wrote {
		return nil
	}
	t.wrote = true
	if !t.b.dirty {
		return nil
	}
	t.saved = true
	return t.failed(t.session.exec("SAVEPOINT request"))
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
	insertTenantSQL = "INSERT INTO tenant (key) VALUES (?1) RETURNING id"
	insertSymbolSQL = "INSERT INTO symbol (name) VALUES (?1) RETURNING id"
)

// needTenant makes the tenant if it is not there yet.
func (t *tx) needTenant() (err error) {
	if t.tenant == 0 {
		t.tenant, err = t.insertName(insertTenantSQL, t.r.tenant)
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

package sqlite

import (
	"context"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/sqlite/conn"
)

// snapshot implements store.Reader. Its statements see one state of the database: that of a transaction, or while there is
// none that of the statement held. Most Views have one statement, and spare themselves BEGIN and ROLLBACK so.
type snapshot struct {
	s       *Store
	session *session
	key     string     // of the tenant
	tenant  int64      // 0: it has no data
	begun   bool       // there is a transaction
	held    *conn.Stmt // the first statement, which stays open
	ledger  *ledger    // what the transaction has changed itself; nil in a View
	failure error      // first failure of the database
	ended   bool
	found   []found         // what Get or Find has returned last, in its order
	tops    map[string]bool // ids of groups that no group holds
}

// found is a resource that was returned.
type found struct {
	id    string
	seq   int64
	alone bool // it is known that no group holds it
}

// failed takes note of a failure of the database.
func (v *snapshot) failed(err error) error {
	err = classify(err)
	if v.failure == nil {
		v.failure = err
	}
	return err
}

// prepare returns the statement for a text of this package.
func (v *snapshot) prepare(sql string) (*conn.Stmt, error) {
	if v.ended {
		return nil, errUsedLate
	}
	if v.held == nil {
		if err := v.begin(); err != nil {
			return nil, err
		}
	}
	st, err := v.session.prepare(sql)
	if err == nil && st == v.held {
		err = v.begin()
	}
	return st, v.failed(err)
}

// prepareFirst is prepare for a statement that may be held. Its last row must be that of noMore, as the state of the database
// would be lost with its end.
func (v *snapshot) prepareFirst(sql string) (*conn.Stmt, error) {
	if !v.mayHold() {
		return v.prepare(sql)
	}
	st, err := v.session.prepare(sql)
	v.held = st
	return st, v.failed(err)
}

// mayHold tells whether the next statement is the first of a View, which knows its tenant.
func (v *snapshot) mayHold() bool { return !v.begun && !v.ended && v.held == nil && v.tenant != 0 }

const tenantSQL = "SELECT id FROM tenant WHERE key = ?1"

// begin opens the transaction of a View, which keeps the state that the statement held sees.
func (v *snapshot) begin() error {
	if v.begun {
		return nil
	}
	if err := v.session.exec("BEGIN"); err != nil {
		return v.failed(err)
	}
	v.begun = true
	if v.held != nil {
		v.held.Reset()
		v.held = nil
		return nil
	}
	st, err := v.prepare(tenantSQL)
	if err != nil {
		return err
	}
	st.BindText(1, v.key)
	v.tenant, err = st.Int()
	return v.failed(err)
}

// end ends a View.
func (v *snapshot) end() {
	v.ended = true
	if v.held != nil {
		v.held.Reset()
	}
	v.session.rollback()
	v.session.scratch.forget()
}

// step runs a statement to its next row. The number of the tenant was looked up before the statement held took its snapshot;
// if the tenant was purged in between it has no data.
func (v *snapshot) step(st *conn.Stmt) (bool, error) {
	row, err := st.Step()
	if err != nil {
		return false, v.failed(err)
	}
	if st == v.held && v.tenant != v.s.names.tenant(v.key) {
		v.tenant = 0
		return false, nil
	}
	return row && !st.IsNull(0), nil
}

// reset ends the execution of a statement, unless it is held.
func (v *snapshot) reset(st *conn.Stmt) {
	if st != v.held {
		st.Reset()
	}
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
const (
	recordColumns = "r.id, r.version, r.created, r.modified, r.active, r.doc, r.seq"
	seqColumn     = 6
)

func scanRecord(st *conn.Stmt, r *store.Record, typ string) {
	scanFacts(st, r, typ)
	r.Doc = st.Bytes(5)
}

func scanFacts(st *conn.Stmt, r *store.Record, typ string) {
	r.Type = typ
	r.ID = firstID(st)
	r.Version = st.Int64(1)
	r.Created = timeOf(st.Int64(2))
	r.Modified = timeOf(st.Int64(3))
	r.Active = st.Int64(4) != 0
}

func timeOf(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// noMore follows the columns of recordColumns and aloneColumn.
const (
	aloneColumn = ", NOT EXISTS (SELECT 1 FROM membership m WHERE m.member = r.seq)"
	noMore      = " UNION ALL SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL" //nolint:dupword // SQL
)

var (
	getQuery  = queryByID(recordColumns, "")
	viewQuery = queryByID(recordColumns+aloneColumn, noMore)
)

// Get implements store.Reader. In a View it asks at once whether there are groups to be read.
func (v *snapshot) Get(ctx context.Context, typ, id string) (r store.Record, err error) {
	if err := ctx.Err(); err != nil {
		return r, err
	}
	q := getQuery
	if v.ledger == nil {
		q = viewQuery
	}
	st, row, err := v.locate(q, typ, id)
	if err != nil {
		return r, err
	}
	defer v.reset(st)
	if !row {
		return r, store.ErrNotFound
	}
	scanRecord(st, &r, typ)
	v.found = append(v.found[:0], foundIn(st, r.ID))
	return r, nil
}

// foundIn is what the columns behind those of the record say.
func foundIn(st *conn.Stmt, id string) found {
	const alone = seqColumn + 1
	return found{id: id, seq: st.Int64(seqColumn), alone: st.Columns() > alone && st.Int64(alone) != 0}
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

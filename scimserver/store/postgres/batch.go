package postgres

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// How long the database may take, whatever the contexts of the callers are.
const (
	statementWithin = 2 * time.Minute
	endWithin       = 5 * time.Second
	resolveWithin   = 10 * time.Second
)

// Who stands still with a tenant locked, as a process that is stopped or a machine that is gone, loses its transaction after
// this time of the server's: others wait for the lock. It is set for the transaction alone, because of poolers.
const (
	idleMost      = "'idle_in_transaction_session_timeout', '5s', true"
	limitIdleSQL  = "SELECT set_config(" + idleMost + ")"
	limitIdleItem = "set_config(" + idleMost + ")"
)

// batch is a transaction of the database that holds the transactions of several callers. It begins by locking the tenant's
// row, so that the tenant has no other writer in any process, and what depends on the order of commits can be counted
// here. What is written is sent with the next statement that has an answer, at last with COMMIT.
type batch struct {
	s       *Store
	lane    *lane
	key     string
	conn    *pgxpool.Conn
	alone   bool // it takes in no second transaction
	started time.Time

	begun   bool
	before  tenantRow // as it was read
	row     tenantRow // as it will be
	blocks  []block
	pending []ask
	wrote   bool // there is something to commit
	told    bool // events or log rows were written
	size    int  // transactions that have succeeded
	broken  bool // the database has failed; nothing of it happens

	ahead readAhead
	first *store.Ahead // of the transaction that the batch begins with; nil: nothing, or it reads that itself

	settled chan struct{} // closed when the batch is durable, or has failed to be
	err     error         // known then
}

// tenantRow is a row of the table tenant.
type tenantRow struct {
	id             int64
	owner          store.Ownership
	epoch          string
	version, token int64
	seq            int64

	users, activeUsers, statedUsers, groups int64
	members, activeMembers                  int64

	last, pruned, pending, parked, logs int64
}

const tenantColumns = `id, coalesce(owner, ''), coalesce(mark, ''), epoch, version, token, seq, users, active_users, stated_users, groups, members, active_members,
	last, pruned, pending, parked, logs`

// scan reads tenantColumns, and passes over limitIdleItem.
func (r *tenantRow) scan(rows pgx.Rows) error {
	return rows.Scan(&r.id, &r.owner.Owner, &r.owner.Mark, &r.epoch, &r.version, &r.token, &r.seq, &r.users, &r.activeUsers, &r.statedUsers, &r.groups, &r.members,
		&r.activeMembers, &r.last, &r.pruned, &r.pending, &r.parked, &r.logs, nil)
}

const (
	beginSQL      = "BEGIN ISOLATION LEVEL READ COMMITTED"
	tenantLockSQL = "SELECT " + tenantColumns + ", " + limitIdleItem + " FROM tenant WHERE key = $1 FOR UPDATE"
	makeTenantSQL = `INSERT INTO tenant (id, key, owner, epoch, version, token, seq, users, active_users, stated_users, groups, members, active_members,
		last, pruned, pending, parked, logs) VALUES ($1, $2, $3, $4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0) ON CONFLICT DO NOTHING`
	setTenantSQL = `UPDATE tenant SET version = $2, token = $3, seq = $4, users = $5, active_users = $6, stated_users = $7, groups = $8,
		members = $9, active_members = $10, last = $11, pruned = $12, pending = $13, parked = $14, logs = $15, epoch = $16 WHERE id = $1`
)

func (r *tenantRow) set() ask {
	return ask{sql: setTenantSQL, args: []any{r.id, r.version, r.token, r.seq, r.users, r.activeUsers, r.statedUsers, r.groups,
		r.members, r.activeMembers, r.last, r.pruned, r.pending, r.parked, r.logs, r.epoch}}
}

// random is a positive number that nobody else has.
func random() int64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // it never fails
	return int64(binary.BigEndian.Uint64(b[:]) >> 2)
}

// run sends what is pending and the statements, in one round trip with what is read ahead.
func (b *batch) run(ctx context.Context, asks ...ask) error {
	return b.roundTrip(ctx, asks, b.readAhead())
}

func (b *batch) roundTrip(ctx context.Context, asks, more []ask) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), statementWithin)
	defer cancel()
	list := append(append(together(b.pending), asks...), more...)
	b.pending = nil
	if b.begun {
		return send(ctx, b.conn.Conn(), nil, list...)
	}
	b.begun = true
	lock := ask{sql: tenantLockSQL, args: []any{b.key}, scan: b.row.scan}
	if err := send(ctx, b.conn.Conn(), []ask{{sql: beginSQL}}, append([]ask{lock}, list...)...); err != nil {
		return err
	}
	if b.row.id == 0 {
		if err := b.makeTenant(ctx); err != nil {
			return err
		}
	}
	b.before = b.row
	b.lane.found(&b.before)
	return nil
}

var errMade = errors.New("the tenant was made meanwhile")

// newTenant is the row of a tenant that comes into being.
func newTenant(owner string) tenantRow {
	var epoch [8]byte
	_, _ = rand.Read(epoch[:]) // it never fails
	return tenantRow{id: random(), owner: store.Ownership{Owner: owner}, epoch: hex.EncodeToString(epoch[:])}
}

// makeTenant makes the tenant's row. Nothing was there before, unless another process has been faster.
func (b *batch) makeTenant(ctx context.Context) error {
	b.row = newTenant(b.s.selves.of(b.key))
	var made int64
	err := send(ctx, b.conn.Conn(), nil, ask{
		sql: makeTenantSQL, args: []any{b.row.id, b.key, optional(b.row.owner.Owner), b.row.epoch}, rows: &made,
	})
	if err == nil && made == 0 {
		return &againError{cause: errMade, own: true}
	}
	return err
}

// fail ends the batch without anything of it.
func (b *batch) fail(err error) {
	if b.broken {
		return
	}
	b.broken = true
	b.rollback()
	b.settle(&againError{cause: err, dead: isLost(err)})
}

// rollback undoes all that was sent.
func (b *batch) rollback() {
	if b.begun && !b.conn.Conn().IsClosed() {
		ctx, cancel := context.WithTimeout(context.Background(), endWithin)
		defer cancel()
		_, _ = b.conn.Exec(ctx, "ROLLBACK") // a failure shows in the state, with which the pool throws the connection away
	}
	b.begun, b.pending, b.blocks, b.row = false, nil, nil, tenantRow{}
	b.ahead.forget()
}

func (b *batch) settle(err error) {
	b.err = err
	close(b.settled)
}

// finish commits, and gives the connection back.
func (b *batch) finish() {
	defer b.conn.Release()
	switch {
	case b.broken:
		return
	case !b.wrote:
		b.rollback()
		b.settle(nil)
		return
	}
	err := b.commit()
	switch {
	case err == nil:
		b.s.written.Store(time.Now().UnixNano())
		if b.told {
			b.s.committed(b.key)
		}
		b.settle(nil)
		b.analyse()
	case isLost(err) && sqlstate(err) != idleTooLong: // the latter ends a transaction before its COMMIT
		b.settle(b.resolve(err))
	default:
		b.fail(err)
	}
}

func (b *batch) commit() error {
	b.row.version++
	b.row.token = random()
	for _, c := range b.blocks {
		b.pending = append(b.pending, c.add(b.row.id))
	}
	return b.roundTrip(context.Background(), []ask{b.row.set(), {sql: "COMMIT"}}, nil)
}

const outcomeSQL = "SELECT version, token FROM tenant WHERE id = $1 FOR UPDATE"

// resolve finds out whether a commit has happened whose answer was lost. It waits for the end of the transaction, if the
// server still has it.
func (b *batch) resolve(cause error) error {
	ctx, cancel := context.WithTimeout(context.Background(), resolveWithin)
	defer cancel()
	var version, token int64
	look := ask{sql: outcomeSQL, args: []any{b.row.id}, scan: func(rows pgx.Rows) error { return rows.Scan(&version, &token) }}
	for wait := retryLeast / 10; ; wait *= 2 {
		b.s.dropIdle()
		err := b.s.single(ctx, look)
		mine, known := b.happened(version, token)
		switch {
		case err == nil && known && mine:
			if b.told {
				b.s.committed(b.key)
			}
			return nil
		case err == nil && known:
			return &againError{cause: cause, dead: true}
		case err == nil, b.s.closed.Load():
			return b.unknown(cause)
		}
		select {
		case <-ctx.Done():
			return b.unknown(cause)
		case <-time.After(wait):
		}
	}
}

// happened tells what the tenant's row, as it is now, says of the commit. Who has come after it may have seen it.
func (b *batch) happened(version, token int64) (mine, known bool) {
	if version > b.row.version {
		return b.lane.made(b.row.version, b.row.token)
	}
	return version == b.row.version && token == b.row.token, true // else the number is not used, or by another transaction
}

func (b *batch) unknown(cause error) error {
	return &store.Fault{
		Reason: store.FaultUnreachable, Err: fmt.Errorf("%w: %w", store.ErrUnknownOutcome, cause),
		Detail: "the connection to the server was lost at the end of a transaction, of which it is not known whether it has happened",
	}
}

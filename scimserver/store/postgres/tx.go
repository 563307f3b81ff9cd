package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// tx is the transaction of one caller: it implements store.Writer.
type tx struct {
	reader
	b       *batch
	access  access
	checked bool      // the owner of the tenant permits it
	denied  error     // it does not
	saved   tenantRow // before the transaction
	wasTold bool
	blocks  []block
	first   int  // of the pending statements that are the transaction's
	flushed bool // some of its changes are in the database, behind a savepoint unless they are the batch's first
	failure error
	ended   bool
	recent  recentRow
	read    rowRead // of recent, as it was read
}

// access is what a transaction is about to do to its tenant.
type access int

const (
	writing access = iota
	loading
	purging
)

func newTx(b *batch, a access) *tx {
	t := &tx{b: b, access: a, saved: b.row, wasTold: b.told, first: len(b.pending), blocks: slices.Clone(b.blocks)}
	t.reader = reader{db: t, key: b.key, writing: true}
	return t
}

// Update implements store.Store.
func (s *Store) Update(ctx context.Context, tenant string, fn func(store.Writer) error) error {
	return s.update(ctx, tenant, writing, func(t *tx) error { return fn(t) })
}

const (
	savepointSQL = "SAVEPOINT request"
	backSQL      = "ROLLBACK TO SAVEPOINT request"
	releaseSQL   = "RELEASE SAVEPOINT request"
)

// run implements runner. It sends what is pending, too.
func (t *tx) run(ctx context.Context, asks ...ask) error {
	switch {
	case t.ended:
		return errUsedLate
	case t.failure != nil:
		return t.failure
	case t.b.begun && t.permitted() != nil:
		return t.denied
	}
	begun := t.b.begun
	if len(t.b.pending) > t.first {
		t.flush()
	}
	t.first = 0
	err := t.b.run(ctx, asks...)
	if !begun {
		t.saved = t.b.before
	}
	if err != nil {
		return t.failed(ctx, err)
	}
	return t.permitted()
}

// permitted tells whether the owner of the tenant lets this process do it. The tenant's row is locked, so that its owner stays.
func (t *tx) permitted() error {
	if t.checked {
		return t.denied
	}
	t.checked = true
	owner := t.b.row.owner
	if t.access == purging {
		owner.Mark = ""
	}
	t.denied = owner.Permits(t.key, t.b.s.selves.of(t.key), t.access == loading)
	return t.denied
}

// flush puts a savepoint before the first change that is sent, if there are others to be saved.
func (t *tx) flush() {
	if t.flushed {
		return
	}
	t.flushed = true
	if t.b.size > 0 {
		t.b.pending = slices.Insert(t.b.pending, t.first, ask{sql: savepointSQL})
	}
}

// change runs a statement that changes something and whose answer is needed. Its first parameter is the tenant's number.
func (t *tx) change(ctx context.Context, sql string, rows *int64, args ...any) error {
	if err := t.writable(ctx); err != nil {
		return err
	}
	t.found, t.tops = nil, nil
	t.b.ahead.forget()
	t.flush()
	return t.run(ctx, ask{sql: sql, args: append([]any{t.b.row.id}, args...), rows: rows})
}

// failed takes note of a failure of the database.
func (t *tx) failed(ctx context.Context, err error) error {
	var own callerError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &own):
		return own.error
	}
	if t.failure == nil {
		t.failure = err
	}
	return classify(context.WithoutCancel(ctx), err)
}

// begin sees to it that the tenant is locked and its row is known.
func (t *tx) begin(ctx context.Context) error {
	switch err := ctx.Err(); {
	case err != nil:
		return err
	case t.b.begun && t.failure == nil:
		return t.permitted()
	}
	return t.run(ctx)
}

// write puts a change off until the next statement that has an answer. Its first parameter is the tenant's number.
func (t *tx) write(sql string, args ...any) {
	t.found, t.tops = nil, nil
	t.b.pending = append(t.b.pending, ask{sql: sql, args: append([]any{t.b.row.id}, args...)})
}

// writable tells whether the transaction may write, and begins it if need be.
func (t *tx) writable(ctx context.Context) error {
	if t.ended {
		return errUsedLate
	}
	return t.begin(ctx)
}

// end makes the transaction part of the batch, or undoes it.
func (t *tx) end(ctx context.Context, err error) error {
	if t.failure == nil && err == nil {
		err = t.denied
	}
	if t.failure == nil && err == nil {
		t.ended = true
		t.b.blocks = t.blocks
		if t.flushed && t.b.size > 0 {
			t.b.pending = append(t.b.pending, ask{sql: releaseSQL})
		}
		t.b.size++
		t.b.wrote = t.b.wrote || t.flushed || len(t.b.pending) > t.first || t.b.row != t.saved
		return nil
	}
	failure := t.failure
	t.undo()
	var again *againError
	switch {
	case failure == nil:
		return err
	case errors.As(failure, &again):
		return again
	case passes(failure), isLost(failure):
		return &againError{cause: failure, own: true, dead: isLost(failure)}
	}
	failure = t.b.s.failed(context.WithoutCancel(ctx), failure)
	if err == nil || errors.Is(err, failure) {
		return failure
	}
	return fmt.Errorf("%w, then: %w", failure, err)
}

// undo takes back what the transaction has done.
func (t *tx) undo() {
	t.ended = true
	b := t.b
	b.told = t.wasTold
	b.ahead.forget()
	switch {
	case t.failure != nil:
		b.fail(t.failure)
	case t.flushed && b.size == 0:
		b.rollback()
	case t.flushed:
		b.pending = append(b.pending[:0], ask{sql: backSQL}, ask{sql: releaseSQL})
		b.row = t.saved
	default:
		b.pending = b.pending[:min(t.first, len(b.pending))]
		b.row = t.saved
	}
}

// totals is what the tenant has, with what the transaction has changed.
func (t *tx) totals(ctx context.Context, kind int16) (totals, error) {
	err := t.begin(ctx)
	r := &t.b.row
	if kind == kindGroup {
		return totals{all: r.groups}, err
	}
	return totals{all: r.users, active: r.activeUsers, stated: r.statedUsers}, err
}

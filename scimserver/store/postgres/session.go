package postgres

import (
	"context"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// ask is a statement, and what becomes of its answer.
type ask struct {
	sql   string
	args  []any
	scan  func(pgx.Rows) error // called for each row; nil: there are none
	rows  *int64               // how many rows the statement has changed; nil: of no interest
	check func() error         // called behind the last row; nil: there is nothing to be checked
	begin func()               // called before the first row, nil: nothing need be set back if the statement runs again
	light bool                 // it takes a moment, and may go together with those of others; begin and scan touch nothing shared
}

// text is a text that PostgreSQL takes: U+0000 and what is no UTF-8 cannot be kept.
func text(s string) string {
	if strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(s, "\x00", "\u2400")
	}
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\ufffd")
	}
	return s
}

// optional is NULL for the empty text.
func optional(s string) any {
	if s == "" {
		return nil
	}
	return text(s)
}

// optionalBytes is NULL for what is empty.
func optionalBytes(b []byte) any {
	if len(b) == 0 {
		return nil
	}
	return string(b)
}

// send runs statements in one round trip. Those in front have no answers.
func send(ctx context.Context, conn *pgx.Conn, front []ask, asks ...ask) (err error) {
	b := &pgx.Batch{}
	for _, list := range [...][]ask{front, asks} {
		for _, a := range list {
			b.Queue(a.sql, a.args...)
		}
	}
	results := conn.SendBatch(ctx, b)
	defer func() {
		if e := results.Close(); err == nil {
			err = e
		}
	}()
	for range front {
		if _, err := results.Exec(); err != nil {
			return frontError{err}
		}
	}
	for _, a := range asks {
		if err := a.answer(results); err != nil {
			return err
		}
	}
	return nil
}

// frontError means that nothing has been answered yet.
type frontError struct{ error }

func (e frontError) Unwrap() error { return e.error }

// answer reads the answer of one statement.
func (a *ask) answer(results pgx.BatchResults) error {
	if a.scan == nil {
		tag, err := results.Exec()
		if a.rows != nil {
			*a.rows = tag.RowsAffected()
		}
		return err
	}
	rows, err := results.Query()
	if err != nil {
		return err
	}
	defer rows.Close()
	if a.begin != nil {
		a.begin()
	}
	for rows.Next() {
		if err := a.scan(rows); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil || a.check == nil {
		return err
	}
	return a.check()
}

// single runs one statement by itself. It may run twice.
func (s *Store) single(ctx context.Context, a ask) error {
	return s.onConn(ctx, func(conn *pgx.Conn) error { return send(ctx, conn, nil, a) })
}

// onConn runs fn on a connection, and once more where the connection turns out to be dead, as after a restart of the
// server.
func (s *Store) onConn(ctx context.Context, fn func(conn *pgx.Conn) error) error {
	for tries := 1; ; tries++ {
		conn, err := s.acquire(ctx)
		if err != nil {
			return err
		}
		err = fn(conn.Conn())
		conn.Release()
		if err == nil || tries > 1 || !isLost(err) || ctx.Err() != nil {
			return s.failed(ctx, err)
		}
		s.dropIdle()
	}
}

// failed classifies an error, and lets the connector know where the connection is at fault.
func (s *Store) failed(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if s.closed.Load() && isLost(err) {
		return errClosed
	}
	err = classify(ctx, err)
	s.suspect(err)
	return err
}

// suspect drops connections to a server that takes no writes: another one may be the primary now. A full disk is remembered,
// as small writes still succeed on it.
func (s *Store) suspect(err error) {
	f, ok := errors.AsType[*store.Fault](err)
	switch {
	case !ok:
	case f.Reason == store.FaultReadOnly:
		s.dropIdle()
	case f.Reason == store.FaultFull:
		s.full.Store(f)
	}
}

// dropIdle closes the idle connections, which may be dead like the one that failed.
func (s *Store) dropIdle() {
	if pool := s.pool.Load(); pool != nil {
		pool.Reset()
	}
}

// view implements store.Reader on one snapshot. Most Views have one statement, which is a snapshot by itself and needs no
// transaction. Where another one follows, the first is asked again in the transaction of the second: unless it has the same
// answer, the View begins anew.
type view struct {
	reader
	s      *Store
	conn   *pgxpool.Conn // nil until the transaction begins
	first  *ask          // the statement before the transaction
	sum    sum           // of its answer
	steady bool          // there is a transaction from the first statement on
	moved  bool          // the first statement has another answer now
	begun  bool
	ended  bool
}

const beginViewSQL = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"

// View implements store.Store.
func (s *Store) View(ctx context.Context, tenant string, fn func(store.Reader) error) error {
	if _, err := s.connected(); err != nil {
		return err
	}
	key := text(tenant)
	v := &view{s: s, reader: reader{key: key}}
	err := v.use(ctx, fn)
	if v.moved {
		v = &view{s: s, reader: reader{key: key}, steady: true}
		err = v.use(ctx, fn)
	}
	return err
}

func (v *view) use(ctx context.Context, fn func(store.Reader) error) error {
	v.db = v
	defer v.end(ctx)
	return fn(v)
}

var errMoved = errors.New("the state has changed since the first statement")

// run implements runner. The snapshot begins with the first statements.
func (v *view) run(ctx context.Context, asks ...ask) error {
	switch {
	case v.ended:
		return errUsedLate
	case v.moved:
		return errMoved
	case ctx.Err() != nil:
		return ctx.Err()
	case v.begun:
		return v.failed(ctx, send(ctx, v.conn.Conn(), nil, asks...))
	case v.first == nil && !v.steady && len(asks) == 1 && asks[0].light:
		v.first = &asks[0]
		return v.failed(ctx, v.s.lights.run(ctx, asks[0].summed(&v.sum)))
	}
	return v.begin(ctx, asks)
}

// begin begins the transaction with the statements.
func (v *view) begin(ctx context.Context, asks []ask) (err error) {
	if v.conn, err = v.s.acquire(ctx); err != nil {
		return err
	}
	v.begun = true
	front := []ask{{sql: beginViewSQL}}
	if v.first != nil {
		asks = append([]ask{v.repeat()}, asks...)
	}
	err = send(ctx, v.conn.Conn(), front, asks...)
	if errors.As(err, new(frontError)) && isLost(err) && ctx.Err() == nil {
		if err = v.reconnect(ctx); err == nil {
			err = send(ctx, v.conn.Conn(), front, asks...)
		}
	}
	return v.failed(ctx, err)
}

// repeat is the first statement again. It fails unless the answer is the same.
func (v *view) repeat() ask {
	var now sum
	a := v.first.again(&now)
	a.check = func() error {
		if v.moved = now != v.sum; v.moved {
			return errMoved
		}
		return nil
	}
	return a
}

// reconnect takes another connection in the place of one that turns out to be dead, as after a restart of the server.
func (v *view) reconnect(ctx context.Context) error {
	v.s.dropIdle()
	conn, err := v.s.acquire(ctx)
	if err == nil {
		v.conn.Release()
		v.conn = conn
	}
	return err
}

func (v *view) failed(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if own, ok := errors.AsType[callerError](err); ok {
		return own.error
	}
	return classify(ctx, err)
}

// callerError is an error of who reads rows, and none of the database.
type callerError struct{ error }

// end gives the connection back.
func (v *view) end(ctx context.Context) {
	v.ended = true
	if v.conn == nil {
		return
	}
	if conn := v.conn.Conn(); v.begun && !conn.IsClosed() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endWithin)
		_, _ = conn.Exec(ctx, "COMMIT") // a failure shows in the state, with which the pool throws the connection away
		cancel()
	}
	v.conn.Release()
}

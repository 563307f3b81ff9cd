package postgres

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// Options say where the database is.
type Options struct {
	// URI as libpq has it, postgres://USER:PASSWORD@HOST:PORT/DATABASE, with its parameters, pgx's
	// default_query_exec_mode and the pool's pool_max_conns (10, or 4 for each processor, unless it is given).
	URI string
	// File has the URI instead; a change of it is noticed within seconds.
	File string
	Log  *slog.Logger // nil: none
}

// Store is a store.Store in PostgreSQL.
type Store struct {
	log     *slog.Logger
	pool    atomic.Pointer[pgxpool.Pool] // nil: not connected yet, or closed
	problem atomic.Pointer[store.Fault]  // why the last try to connect failed
	written atomic.Int64                 // when something was last committed, Unix nanoseconds
	commits atomic.Pointer[commitFuncs]
	lanes   lanes
	lights  lights
	selves  selves
	down    outage
	full    atomic.Pointer[store.Fault] // the disk was full, and nobody has found room since
	few     atomic.Int64                // when the log has told of a connection limit, Unix nanoseconds

	analysed atomic.Bool // or it need not be done

	wake    chan struct{} // the connector looks at once
	end     context.CancelFunc
	stopped chan struct{} // the connector has ended
	closed  atomic.Bool
	closing sync.Once
}

var _ store.Store = (*Store)(nil)

// openWithin is how long Open waits for the first connection.
const openWithin = 10 * time.Second

// Open connects, and brings the schema up to date. The error is ctx's or that of a mistake in this program: where the database cannot
// be used the store is there all the same, returns a *store.Fault that says why, and tries again until it can.
func Open(ctx context.Context, o Options) (*Store, error) {
	steps, err := readMigrations(migrations)
	if err != nil {
		return nil, err
	}
	return open(ctx, o, steps)
}

func open(ctx context.Context, o Options, steps []migration) (*Store, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Store{log: o.Log, wake: make(chan struct{}, 1), stopped: make(chan struct{})}
	s.lanes.s, s.lights.s = s, s
	base, end := context.WithCancel(context.WithoutCancel(ctx))
	s.end = end
	first := make(chan struct{})
	c := &connector{s: s, source: source{uri: o.URI, file: o.File}, steps: steps}
	go c.run(base, first)
	timer := time.NewTimer(openWithin)
	defer timer.Stop()
	select {
	case <-first:
	case <-timer.C:
	case <-ctx.Done():
		return nil, s.closeWith(ctx.Err())
	}
	return s, nil
}

func (s *Store) closeWith(err error) error {
	_ = s.Close() // err tells more
	return err
}

// connected returns the pool, or why there is none.
func (s *Store) connected() (*pgxpool.Pool, error) {
	if s.closed.Load() {
		return nil, errClosed
	}
	if pool := s.pool.Load(); pool != nil {
		return pool, nil
	}
	if f := s.problem.Load(); f != nil {
		return nil, f
	}
	return nil, &store.Fault{Reason: store.FaultUnreachable, Detail: "the server is not connected to the database yet"}
}

// How long a request waits for a connection that others have, where the server takes no more of them.
const (
	limitedMost = 5 * time.Second
	limitedLook = 20 * time.Millisecond
)

// acquire takes a connection, which must be released.
func (s *Store) acquire(ctx context.Context) (*pgxpool.Conn, error) {
	began := time.Now()
	for {
		pool, err := s.connected()
		if err != nil {
			return nil, err
		}
		if f := s.down.recent(); f != nil {
			return nil, f
		}
		conn, err := pool.Acquire(ctx)
		switch {
		case err == nil:
			return conn, nil
		case s.closed.Load():
			return nil, errClosed
		case ctx.Err() == nil && s.pool.Load() != pool: // it was replaced meanwhile
		case sqlstate(err) == connectionLimit && pool.Stat().TotalConns() > 0 && time.Since(began) < limitedMost:
			s.goOnWithFew(ctx, pool, err)
		default:
			err = classify(ctx, err)
			s.down.note(err)
			return nil, err
		}
	}
}

// goOnWithFew waits a moment: the pool has connections, although fewer than it may, and one of them may be free then.
func (s *Store) goOnWithFew(ctx context.Context, pool *pgxpool.Pool, err error) {
	const tellEvery = time.Minute
	now := time.Now()
	if last := s.few.Load(); now.Sub(time.Unix(0, last)) > tellEvery && s.few.CompareAndSwap(last, now.UnixNano()) {
		s.log.Warn("the database takes no more connections; requests wait for those that there are",
			"connections", pool.Stat().TotalConns(), "wanted", pool.Config().MaxConns, "problem", faultOf(err).Detail)
	}
	timer := time.NewTimer(rand.N(limitedLook) + limitedLook)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

const countsSQL = "SELECT users, active_users, groups, members, active_members FROM tenant WHERE key = $1"

// Counts implements store.Store.
func (s *Store) Counts(ctx context.Context, tenant string) (c store.Counts, err error) {
	err = s.single(ctx, ask{sql: countsSQL, args: []any{tenant}, scan: func(rows pgx.Rows) error {
		return rows.Scan(&c.Users, &c.ActiveUsers, &c.Groups, &c.Members, &c.ActiveMembers)
	}})
	return c, err
}

const (
	probeSQL   = "INSERT INTO probe (id, at) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET at = excluded.at"
	probeAfter = 5 * time.Second

	// roomSQL fills half a MiB, so that it fails where a row in a page that is there would still fit.
	roomSQL  = "INSERT INTO probe (id, at) SELECT -i, i FROM generate_series(1, $1::int) i"
	roomRows = 8_000
)

// Ping implements store.Store. It writes a row, unless something was committed a moment ago.
func (s *Store) Ping(ctx context.Context) error {
	if _, err := s.connected(); err != nil {
		return err
	}
	if full := s.full.Load(); full != nil {
		if err := s.findRoom(ctx); err != nil {
			return err
		}
		s.full.CompareAndSwap(full, nil)
	}
	if time.Since(time.Unix(0, s.written.Load())) < probeAfter {
		return ctx.Err()
	}
	return s.single(ctx, ask{sql: probeSQL, args: []any{time.Now().UnixMilli()}})
}

// findRoom fills some room and gives it back.
func (s *Store) findRoom(ctx context.Context) error {
	return s.onConn(ctx, func(conn *pgx.Conn) error {
		err := pgx.BeginFunc(ctx, conn, func(pgx.Tx) error {
			if err := send(ctx, conn, nil, ask{sql: roomSQL, args: []any{roomRows}}); err != nil {
				return err
			}
			return errEnough
		})
		if errors.Is(err, errEnough) {
			return nil
		}
		return err
	})
}

var errEnough = errors.New("there is room")

// Close implements store.Store.
func (s *Store) Close() error {
	s.closing.Do(func() {
		s.closed.Store(true)
		s.end()
		<-s.stopped
		if pool := s.pool.Load(); pool != nil {
			pool.Close()
		}
	})
	return nil
}

// OnCommit implements store.Store.
func (s *Store) OnCommit(fn func(tenant string)) {
	s.commits.Store(&commitFuncs{fn: fn, next: s.commits.Load()})
}

// commitFuncs is a list of functions.
type commitFuncs struct {
	fn   func(string)
	next *commitFuncs
}

// committed tells who waits for events or log rows.
func (s *Store) committed(tenant string) {
	for f := s.commits.Load(); f != nil; f = f.next {
		f.fn(tenant)
	}
}

// outage spares those who come while no connection can be made the time that it takes to find out.
type outage struct{ last atomic.Pointer[failure] }

type failure struct {
	fault *store.Fault
	at    time.Time
}

// downFor is how long an outage is believed in.
const downFor = 250 * time.Millisecond

func (o *outage) note(err error) {
	if f, ok := errors.AsType[*store.Fault](err); ok {
		o.last.Store(&failure{fault: f, at: time.Now()})
	}
}

func (o *outage) recent() *store.Fault {
	if f := o.last.Load(); f != nil && time.Since(f.at) < downFor {
		return f.fault
	}
	return nil
}

package postgres

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// Limits of a batch: whoever is in it waits for the commit at its end.
const (
	maxBatch     = 128
	maxBatchTime = 20 * time.Millisecond
)

// maxTries is how often a transaction is begun anew that others were in the way of.
const maxTries = 10

// lanes are the tenants that are being written to by this process.
type lanes struct {
	s  *Store
	mu sync.Mutex
	of map[string]*lane
}

// lane runs the transactions of one tenant one after the other, each in the goroutine that asked for it. Those that come
// while another one is at work are committed together with it, and share its round trips and its sync; a lone one waits
// for nobody. While a batch is being committed the next one begins, and waits in the database for the tenant's row.
type lane struct {
	s       *Store
	key     string
	users   int           // that hold the lane, under lanes.mu
	turn    chan struct{} // holds one value while somebody has the turn
	waiting atomic.Int32
	batch   *batch // the open one; who has the turn may use it
	mu      sync.Mutex
	ahead   aheads
	commits [16]commitMark // the latest that batches have found, under mu
}

// commitMark tells who has made the version that a tenant's row had.
type commitMark struct{ version, token int64 }

// found takes note of what a batch has found in the tenant's row.
func (l *lane) found(r *tenantRow) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.commits[r.version%int64(len(l.commits))] = commitMark{r.version, r.token}
}

// made tells whether a version was made with the token, if a later batch has seen it.
func (l *lane) made(version, token int64) (mine, known bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.commits[version%int64(len(l.commits))]
	return c.token == token, c.version == version && version > 0
}

func (l *lanes) join(key string) *lane {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := l.of[key]
	if n == nil {
		if l.of == nil {
			l.of = make(map[string]*lane)
		}
		n = &lane{s: l.s, key: key, turn: make(chan struct{}, 1)}
		l.of[key] = n
	}
	n.users++
	return n
}

func (l *lanes) leave(n *lane) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n.users--; n.users == 0 {
		delete(l.of, n.key)
	}
}

// update runs a transaction of a tenant until it is committed, or fails for good.
func (s *Store) update(ctx context.Context, tenant string, a access, fn func(*tx) error) error {
	l := s.lanes.join(text(tenant))
	defer s.lanes.leave(l)
	for tries := 1; ; tries++ {
		err := l.once(ctx, a, fn, tries > 1)
		var again *againError
		if !errors.As(err, &again) {
			return err
		}
		if tries >= again.worth() {
			return s.failed(context.WithoutCancel(ctx), again.cause)
		}
		if again.own {
			time.Sleep(rand.N(time.Duration(tries) * 5 * time.Millisecond)) // who was in the way gets out of it
		}
	}
}

// againError is why a transaction is to be begun anew.
type againError struct {
	cause error
	own   bool // it failed itself, and not a neighbour in its batch
	dead  bool // the connection broke
}

// worth is how many tries a transaction gets. One that shares the failure of a batch is tried alone.
func (e *againError) worth() int {
	switch {
	case e.dead:
		return 3
	case passes(e.cause), errors.Is(e.cause, errMade):
		return maxTries
	}
	return 2
}

func (e *againError) Error() string { return "try again: " + e.cause.Error() }

// once runs a transaction as part of a batch, or alone.
func (l *lane) once(ctx context.Context, a access, fn func(*tx) error, alone bool) error {
	if err := l.enter(ctx); err != nil {
		return err
	}
	b, err := l.perform(ctx, a, fn, alone)
	if b == nil {
		return err
	}
	<-b.settled
	var again *againError
	if b.err != nil && err != nil && !errors.As(b.err, &again) {
		return &againError{cause: b.err, dead: true}
	}
	if b.err != nil {
		return b.err
	}
	return err
}

// enter waits for the turn.
func (l *lane) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case l.turn <- struct{}{}:
		return nil
	default:
	}
	l.waiting.Add(1)
	defer l.waiting.Add(-1)
	defer l.await(ctx)()
	select {
	case l.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		l.s.lanes.join(l.key)
		go l.resign()
		return ctx.Err()
	}
}

// resign sees to it that a batch is committed that was left open for somebody who does not wait any more.
func (l *lane) resign() {
	defer l.s.lanes.leave(l)
	l.turn <- struct{}{}
	l.pass()
}

// perform runs the function, and passes the turn on however it ends. It returns the batch unless there is nothing to be waited for: also a
// refusal stands only if those before it in the batch do, whose changes it has seen.
func (l *lane) perform(ctx context.Context, a access, fn func(*tx) error, alone bool) (b *batch, err error) {
	defer l.pass()
	if b, err = l.open(ctx, alone); err != nil {
		return nil, err
	}
	b.first = nil
	if own, ok := store.AheadOf(ctx); ok && !b.begun && a == writing {
		b.first = &own
	}
	t := newTx(b, a)
	if a != writing {
		defer b.ahead.forget()
	}
	behind, returned := b.size > 0, false
	defer func() {
		if !returned { // it panics, or ends its goroutine
			t.undo()
		}
	}()
	err = fn(t)
	returned = true
	if err = t.end(ctx, err); err != nil && (!behind || t.failure != nil) {
		return nil, err
	}
	return b, err
}

// open returns the batch for the next transaction.
func (l *lane) open(ctx context.Context, alone bool) (*batch, error) {
	if alone && l.batch != nil {
		l.close()
	}
	if l.batch == nil {
		runtime.Gosched() // so that what those will read who are about to wait is read in the first round trip, too
		conn, err := l.s.acquire(ctx)
		if err != nil {
			return nil, err
		}
		l.batch = &batch{s: l.s, lane: l, key: l.key, conn: conn, alone: alone, started: time.Now(), settled: make(chan struct{})}
	}
	return l.batch, nil
}

// pass gives the turn to the next one. The batch is committed unless that one is to join it, and the next one need not wait for
// that.
func (l *lane) pass() {
	b := l.batch
	full := b != nil && (b.broken || b.alone || l.waiting.Load() == 0 || b.size >= maxBatch || time.Since(b.started) > maxBatchTime)
	if full {
		l.batch = nil
	}
	<-l.turn
	if full {
		b.finish()
	}
}

// close commits the open batch.
func (l *lane) close() {
	b := l.batch
	l.batch = nil
	b.finish()
}

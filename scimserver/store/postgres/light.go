package postgres

import (
	"context"
	"errors"
	"hash/maphash"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// lights runs statements of Views that take a moment, each by itself a snapshot: those that come while others are under way
// go together, in one round trip on one connection. That costs the server, the database and the system between them half of
// what a round trip for each would.
type lights struct {
	s       *Store
	mu      sync.Mutex
	busy    int // groups under way
	waiting []*light
}

// Limits of groups. A group in which something goes wrong, or is not answered soon, is tried again one by one.
const (
	maxLights   = 32
	lightGroups = 2
	lightWithin = 2 * time.Second
)

// light is a statement that waits for its answer.
type light struct {
	ask      ask
	answered bool
	err      error // of who reads the rows
	turn     chan []*light
}

var lightPool = sync.Pool{New: func() any { return &light{turn: make(chan []*light, 1)} }}

// run answers one statement, whose scan may be called in another goroutine meanwhile.
func (l *lights) run(ctx context.Context, a ask) error {
	n := lightPool.Get().(*light)
	n.ask = a
	if group := l.enter(n); group != nil {
		l.serve(ctx, group, n)
	}
	answered, err := n.answered, n.err
	*n = light{turn: n.turn}
	lightPool.Put(n)
	if answered {
		return err
	}
	return l.s.single(ctx, a)
}

// enter waits until the statement is answered, or returns a group that it is to lead.
func (l *lights) enter(n *light) []*light {
	l.mu.Lock()
	l.waiting = append(l.waiting, n)
	if l.busy < lightGroups {
		l.busy++
		group := l.next()
		l.mu.Unlock()
		return group
	}
	l.mu.Unlock()
	return <-n.turn
}

// next takes those that wait, in the order of their coming.
func (l *lights) next() []*light {
	n := min(len(l.waiting), maxLights)
	group := append([]*light(nil), l.waiting[:n]...)
	rest := copy(l.waiting, l.waiting[n:])
	clear(l.waiting[rest:])
	l.waiting = l.waiting[:rest]
	return group
}

// serve answers a group. The first of those that came meanwhile leads the next one.
func (l *lights) serve(ctx context.Context, group []*light, self *light) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lightWithin)
	defer cancel()
	defer l.pass(group, self) // also where a reader of rows panics
	conn, err := l.s.acquire(ctx)
	if err != nil {
		return
	}
	defer conn.Release()
	answerAll(ctx, conn.Conn(), group)
}

func (l *lights) pass(group []*light, self *light) {
	l.mu.Lock()
	if len(l.waiting) > 0 {
		next := l.next()
		next[0].turn <- next
	} else {
		l.busy--
	}
	l.mu.Unlock()
	for _, n := range group {
		if n != self {
			n.turn <- nil
		}
	}
}

// answerAll runs the statements of a group, up to the first that fails.
func answerAll(ctx context.Context, conn *pgx.Conn, group []*light) {
	b := &pgx.Batch{QueuedQueries: make([]*pgx.QueuedQuery, 0, len(group))}
	for _, n := range group {
		b.Queue(n.ask.sql, n.ask.args...)
	}
	results := conn.SendBatch(ctx, b)
	defer func() { _ = results.Close() }() // what failed was not answered
	for _, n := range group {
		err := n.ask.answer(results)
		var own callerError
		switch {
		case err == nil:
		case errors.As(err, &own):
			n.err = own.error
		default:
			return
		}
		n.answered = true
	}
}

// sum is what an answer is known again by.
type sum uint64

var sumSeed = maphash.MakeSeed()

// summed is an ask that sums up its rows.
func (a ask) summed(total *sum) ask {
	scan, begin := a.scan, a.begin
	a.begin = func() {
		*total = 1
		if begin != nil {
			begin()
		}
	}
	a.scan = func(rows pgx.Rows) error {
		total.add(rows)
		return scan(rows)
	}
	return a
}

// again is the same ask, whose rows are summed up and no more.
func (a ask) again(total *sum) ask {
	a.begin = func() { *total = 1 }
	a.scan = func(rows pgx.Rows) error {
		total.add(rows)
		return nil
	}
	return a
}

func (t *sum) add(rows pgx.Rows) {
	for _, v := range rows.RawValues() {
		n := sum(len(v))
		if v == nil {
			n--
		}
		*t = (*t*31+n)*31 + sum(maphash.Bytes(sumSeed, v))
	}
	*t *= 31
}

package postgres

import (
	"context"
	"maps"

	"github.com/jackc/pgx/v5"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// replayRows is how many events one transaction of a replay looks at.
const replayRows = 2000

// replayer walks the events of a tenant from the newest to the oldest, in several transactions, and makes those that a
// query selects pending again. The newest event of a member goes with them, so that a receiver that looks at no sequence
// ends with the member's present state.
type replayer struct {
	q      store.ReplayQuery
	heads  map[string]int64 // by member the oldest event that is pending, as far as the walk has come
	newest map[string]replayed
	floor  int64 // nothing older need be looked at
	before int64 // what was looked at; 0: nothing yet
	done   bool
	n      int64
}

// Replay implements store.Store.
func (s *Store) Replay(ctx context.Context, tenant string, q store.ReplayQuery) (int64, error) {
	r := &replayer{q: q, heads: map[string]int64{}, newest: map[string]replayed{}}
	for !r.done {
		var part replayer
		err := s.update(ctx, tenant, writing, func(t *tx) error {
			part = *r
			part.heads, part.newest = maps.Clone(r.heads), maps.Clone(r.newest)
			return part.step(ctx, t)
		})
		if err != nil {
			return r.n, err
		}
		*r = part
	}
	return r.n, nil
}

// replayed is an event as the walk sees it.
type replayed struct {
	sequence, next int64
	state          int16
	member         string
}

const replaySQL = "SELECT sequence, state, coalesce(next, 0), member FROM event WHERE tenant = " + own + " AND sequence >= $2 AND sequence < $3 ORDER BY sequence DESC LIMIT $4"

const oldestDueSQL = "SELECT sequence FROM event WHERE tenant = " + own + " AND due IS NOT NULL ORDER BY sequence LIMIT 1"

// findFloor looks for the first event that is selected, or an older one that is pending: what is replayed goes behind it.
func (r *replayer) findFloor(ctx context.Context, t *tx) error {
	r.floor = max(r.q.From, 1)
	return t.query(ctx, oldestDueSQL, func(rows pgx.Rows) error {
		var oldest int64
		err := rows.Scan(&oldest)
		r.floor = min(r.floor, oldest)
		return err
	})
}

// step looks at some events.
func (r *replayer) step(ctx context.Context, t *tx) error {
	if err := t.writable(ctx); err != nil {
		return err
	}
	if r.before == 0 {
		r.before = t.b.row.last + 1
		if err := r.findFloor(ctx, t); err != nil {
			return err
		}
	}
	var events []replayed
	err := t.query(ctx, replaySQL, func(rows pgx.Rows) error {
		var e replayed
		err := rows.Scan(&e.sequence, &e.state, &e.next, &e.member)
		events = append(events, e)
		return err
	}, r.floor, r.before, replayRows)
	if err != nil {
		return err
	}
	r.done = len(events) < replayRows
	for _, e := range events {
		r.before = e.sequence
		r.look(t, e)
	}
	return nil
}

// look makes an event pending if it is selected, and notes where its member stands.
func (r *replayer) look(t *tx, e replayed) {
	newest, seen := r.newest[e.member]
	if !seen {
		r.newest[e.member], newest = e, e
	}
	switch {
	case e.state == eventPending:
		r.pass(t, e)
		return
	case !r.selects(e):
		return
	}
	if newest.sequence != e.sequence && r.heads[e.member] == 0 {
		r.queue(t, newest)
	}
	r.queue(t, e)
	r.n++
}

const (
	requeueSQL = "UPDATE event SET state = 1, attempts = 0, error = NULL, due = $3, next = $4 WHERE tenant = $1 AND sequence = $2"
	waitSQL    = "UPDATE event SET due = NULL WHERE tenant = $1 AND sequence = $2 AND state = 1"
)

// pass has a pending event come before those of its member that were queued behind it.
func (r *replayer) pass(t *tx, e replayed) {
	head := r.heads[e.member]
	r.heads[e.member] = e.sequence
	if head == 0 || head == e.next {
		return
	}
	t.write(waitSQL, head)
	t.write(followSQL, e.sequence, head)
}

func (r *replayer) selects(e replayed) bool {
	return e.sequence >= r.q.From && (r.q.To == 0 || e.sequence <= r.q.To) && (r.q.Member == "" || r.q.Member == e.member) &&
		(!r.q.ParkedOnly || e.state == eventParked)
}

// queue puts an event before the member's first pending one.
func (r *replayer) queue(t *tx, e replayed) {
	if e.state == eventParked {
		t.b.row.parked--
	}
	t.b.row.pending++
	t.b.told = true
	head := r.heads[e.member]
	var next any
	if head != 0 {
		t.write(waitSQL, head)
		next = head
	}
	r.heads[e.member] = e.sequence
	t.write(requeueSQL, e.sequence, r.q.At.UnixMilli(), next)
}

package sqlite

import (
	"context"
	"maps"
	"time"

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
	newest map[string]int64 // by member
	floor  int64            // nothing older need be looked at
	before int64            // what was looked at; 0: nothing yet
	done   bool
	n      int64
}

// Replay implements store.Store.
func (s *Store) Replay(ctx context.Context, tenant string, q store.ReplayQuery) (int64, error) {
	r := &replayer{q: q, heads: map[string]int64{}, newest: map[string]int64{}}
	for !r.done {
		var part replayer
		err := s.change(ctx, tenant, func(t *tx) error {
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
	sequence, state, next int64
	member                string
}

const replaySQL = "SELECT id, state, next, member FROM event WHERE id > ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3"

// step looks at some events.
func (r *replayer) step(ctx context.Context, t *tx) error {
	if t.tenant == 0 {
		r.done = true
		return nil
	}
	stream, err := t.stream()
	if err != nil {
		return err
	}
	if r.before == 0 {
		r.before = stream.last + 1
		if r.floor, err = r.lowest(t); err != nil {
			return err
		}
	}
	events, err := r.read(ctx, t)
	if err != nil {
		return err
	}
	for _, e := range events {
		if err := r.look(t, e); err != nil {
			return err
		}
	}
	return nil
}

// lowest is the first event that is selected, or an older one that is pending: what is replayed goes behind it.
func (r *replayer) lowest(t *tx) (int64, error) {
	st, err := t.prepare(firstPendingSQL)
	if err != nil {
		return 0, err
	}
	st.BindInt64(1, t.tenant)
	id, err := st.Int()
	lowest := max(r.q.From, 1)
	if id != 0 {
		lowest = min(lowest, sequenceOf(id))
	}
	return lowest, t.failed(err)
}

func (r *replayer) read(ctx context.Context, t *tx) (events []replayed, err error) {
	st, err := t.prepare(replaySQL)
	if err != nil {
		return nil, err
	}
	defer st.Reset()
	st.BindInt64(1, streamID(t.tenant, r.floor-1))
	st.BindInt64(2, streamID(t.tenant, r.before))
	st.BindInt64(3, replayRows)
	err = t.each(ctx, st, func() error {
		events = append(events, replayed{
			sequence: sequenceOf(st.Int64(0)), state: st.Int64(1), next: st.Int64(2), member: idAt(st, 3),
		})
		return nil
	})
	r.done = len(events) < replayRows
	if len(events) > 0 {
		r.before = events[len(events)-1].sequence
	}
	return events, err
}

// look makes an event pending if it is selected, and notes where its member stands.
func (r *replayer) look(t *tx, e replayed) error {
	newest, seen := r.newest[e.member]
	if !seen {
		r.newest[e.member], newest = e.sequence, e.sequence
	}
	switch {
	case e.state == eventPending:
		return r.pass(t, e)
	case !r.selects(e):
		return nil
	}
	if newest != e.sequence && r.heads[e.member] == 0 {
		if err := r.queue(t, replayed{sequence: newest, member: e.member}); err != nil {
			return err
		}
	}
	if err := r.queue(t, e); err != nil {
		return err
	}
	r.n++
	return nil
}

// pass has a pending event come before those of its member that were queued behind it.
func (r *replayer) pass(t *tx, e replayed) error {
	head := r.heads[e.member]
	r.heads[e.member] = e.sequence
	if head == 0 || head == e.next {
		return nil
	}
	if err := t.writeInts(waitSQL, streamID(t.tenant, head)); err != nil {
		return err
	}
	return t.writeInts(followSQL, streamID(t.tenant, e.sequence), head)
}

func (r *replayer) selects(e replayed) bool {
	return e.sequence >= r.q.From && (r.q.To == 0 || e.sequence <= r.q.To) && (r.q.Member == "" || r.q.Member == e.member) &&
		(!r.q.ParkedOnly || e.state == eventParked)
}

const (
	requeueSQL = "UPDATE event SET state = 1, attempts = 0, error = NULL, due = ?2, next = ?3 WHERE id = ?1"
	waitSQL    = "UPDATE event SET due = NULL WHERE id = ?1 AND state = 1"
)

// queue puts an event before the member's first pending one.
func (r *replayer) queue(t *tx, e replayed) error {
	p, err := t.progressOf(e.sequence)
	if err != nil || p.state == eventPending {
		return err
	}
	stream, err := t.stream()
	if err != nil {
		return err
	}
	if p.state == eventParked {
		stream.parked--
	}
	stream.pending++
	head := r.heads[e.member]
	if head != 0 {
		if err := t.writeInts(waitSQL, streamID(t.tenant, head)); err != nil {
			return err
		}
	}
	r.heads[e.member] = e.sequence
	return t.requeue(e.sequence, head, r.q.At)
}

func (t *tx) requeue(sequence, next int64, at time.Time) error {
	st, err := t.write(requeueSQL)
	if err != nil {
		return err
	}
	st.BindInt64(1, streamID(t.tenant, sequence))
	st.BindInt64(2, at.UnixMilli())
	st.BindInt64(3, next)
	return t.failed(st.Exec())
}

package queue

import (
	"context"
	"maps"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// replayRows is how many events one transaction of a replay looks at.
const replayRows = 2000

// Event is an event as a replay sees it.
type Event struct {
	Sequence int64
	State    int
	Next     int64 // sequence of the one that waits for this one; 0: none
	MemberID string
}

// Table is the events of a tenant, in a transaction. Sequences name them.
type Table interface {
	// Last is the newest event; 0: there is none.
	Last(ctx context.Context) (int64, error)
	// FirstPending is the oldest event that is pending; 0: there is none.
	FirstPending(ctx context.Context) (int64, error)
	// Before reads at most limit events from floor on and before another one, the newest first.
	Before(ctx context.Context, floor, before int64, limit int) ([]Event, error)
	// State is what state an event has now.
	State(ctx context.Context, sequence int64) (int, error)
	// Requeue makes an event of another state pending, whose turn it is; next waits for it, unless that is 0.
	Requeue(ctx context.Context, e Event, next int64) error
	// Wait has a pending event wait for another one.
	Wait(ctx context.Context, sequence int64) error
	// Follow has next wait for an event that is pending.
	Follow(ctx context.Context, sequence, next int64) error
}

// Replay walks the events of a tenant from the newest to the oldest, in several transactions, and makes those that a query
// selects pending again. The newest event of a member goes with them, so that a receiver that looks at no sequence ends with
// the member's present state. It returns how many were selected. update runs a transaction, perhaps several times.
func Replay(q store.ReplayQuery, update func(step func(context.Context, Table) error) error) (int64, error) {
	w := walk{q: q, heads: map[string]int64{}, newest: map[string]int64{}}
	for !w.done {
		var next walk
		err := update(func(ctx context.Context, t Table) error {
			next = w
			next.heads, next.newest = maps.Clone(w.heads), maps.Clone(w.newest)
			return next.step(ctx, t)
		})
		if err != nil {
			return w.n, err
		}
		w = next
	}
	return w.n, nil
}

// walk is where a replay is.
type walk struct {
	q      store.ReplayQuery
	heads  map[string]int64 // by member the oldest event that is pending, as far as the walk has come
	newest map[string]int64 // by member
	floor  int64            // nothing older need be looked at
	before int64            // what was looked at; 0: nothing yet
	done   bool
	n      int64
}

// step looks at some events.
func (w *walk) step(ctx context.Context, t Table) error {
	if w.before == 0 {
		if err := w.begin(ctx, t); err != nil {
			return err
		}
	}
	events, err := t.Before(ctx, w.floor, w.before, replayRows)
	if err != nil {
		return err
	}
	w.done = len(events) < replayRows
	for _, e := range events {
		w.before = e.Sequence
		if err := w.look(ctx, t, e); err != nil {
			return err
		}
	}
	return nil
}

// begin finds the first event that is selected, or an older one that is pending: what is replayed goes behind it.
func (w *walk) begin(ctx context.Context, t Table) error {
	last, err := t.Last(ctx)
	if err != nil {
		return err
	}
	w.before, w.floor = last+1, max(w.q.From, 1)
	pending, err := t.FirstPending(ctx)
	if pending != 0 {
		w.floor = min(w.floor, pending)
	}
	return err
}

// look makes an event pending if it is selected, and notes where its member stands.
func (w *walk) look(ctx context.Context, t Table, e Event) error {
	newest, seen := w.newest[e.MemberID]
	if !seen {
		w.newest[e.MemberID], newest = e.Sequence, e.Sequence
	}
	switch {
	case e.State == Pending:
		return w.pass(ctx, t, e)
	case !w.selects(e):
		return nil
	}
	if newest != e.Sequence && w.heads[e.MemberID] == 0 {
		if err := w.queueNewest(ctx, t, Event{Sequence: newest, MemberID: e.MemberID}); err != nil {
			return err
		}
	}
	w.n++
	return w.queue(ctx, t, e)
}

// pass has a pending event come before those of its member that were queued behind it.
func (w *walk) pass(ctx context.Context, t Table, e Event) error {
	head := w.heads[e.MemberID]
	w.heads[e.MemberID] = e.Sequence
	if head == 0 || head == e.Next {
		return nil
	}
	if err := t.Wait(ctx, head); err != nil {
		return err
	}
	return t.Follow(ctx, e.Sequence, head)
}

func (w *walk) selects(e Event) bool {
	return e.Sequence >= w.q.From && (w.q.To == 0 || e.Sequence <= w.q.To) && (w.q.Member == "" || w.q.Member == e.MemberID) &&
		(!w.q.ParkedOnly || e.State == Parked)
}

// queueNewest puts an event into the queue that an earlier transaction may have looked at: another replay may have queued it
// since.
func (w *walk) queueNewest(ctx context.Context, t Table, e Event) (err error) {
	switch e.State, err = t.State(ctx, e.Sequence); {
	case err != nil:
		return err
	case e.State == Pending:
		w.heads[e.MemberID] = e.Sequence
		return nil
	}
	return w.queue(ctx, t, e)
}

// queue puts an event before the member's first pending one.
func (w *walk) queue(ctx context.Context, t Table, e Event) error {
	head := w.heads[e.MemberID]
	if head != 0 {
		if err := t.Wait(ctx, head); err != nil {
			return err
		}
	}
	w.heads[e.MemberID] = e.Sequence
	return t.Requeue(ctx, e, head)
}

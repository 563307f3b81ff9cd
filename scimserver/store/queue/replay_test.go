package queue_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/queue"
)

// table has events whose sequences are their places, from 1 on.
type table struct{ events []queue.Event }

func newTable(n int, member string) *table {
	t := &table{}
	for i := range n {
		t.events = append(t.events, queue.Event{Sequence: int64(i) + 1, MemberID: member})
	}
	return t
}

func (t *table) at(sequence int64) *queue.Event { return &t.events[sequence-1] }

func (t *table) Last(context.Context) (int64, error) { return int64(len(t.events)), nil }

func (t *table) FirstPending(context.Context) (int64, error) {
	for _, e := range t.events {
		if e.State == queue.Pending {
			return e.Sequence, nil
		}
	}
	return 0, nil
}

func (t *table) Before(_ context.Context, floor, before int64, limit int) (events []queue.Event, err error) {
	for n := before - 1; n >= floor && len(events) < limit; n-- {
		events = append(events, *t.at(n))
	}
	return events, nil
}

func (t *table) State(_ context.Context, sequence int64) (int, error) {
	return t.at(sequence).State, nil
}

func (t *table) Requeue(_ context.Context, e queue.Event, next int64) error {
	t.at(e.Sequence).State, t.at(e.Sequence).Next = queue.Pending, next
	return nil
}

func (t *table) Wait(context.Context, int64) error { return nil }

func (t *table) Follow(_ context.Context, sequence, next int64) error {
	t.at(sequence).Next = next
	return nil
}

// TestOtherReplay: the newest event of a member was looked at in one transaction and is queued by another replay before the
// next one; it is not queued again, and follows what is replayed.
func TestOtherReplay(t *testing.T) {
	t.Parallel()
	events := newTable(2500, "others")
	events.at(1).MemberID, events.at(2500).MemberID = "ann", "ann"
	began, requeued := 0, map[int64]int64{}
	n, err := queue.Replay(store.ReplayQuery{To: 1}, func(step func(context.Context, queue.Table) error) error {
		if began++; began == 2 {
			events.at(2500).State = queue.Pending
		}
		return step(t.Context(), recorder{events, requeued})
	})
	if err != nil || n != 1 || began != 2 {
		t.Errorf("%d replayed in %d transactions, %v", n, began, err)
	}
	if diff := cmp.Diff(map[int64]int64{1: 2500}, requeued); diff != "" {
		t.Errorf("queued, and what follows (-want +got):\n%s", diff)
	}
}

// recorder notes what is queued, and what follows it.
type recorder struct {
	*table
	requeued map[int64]int64
}

func (r recorder) Requeue(ctx context.Context, e queue.Event, next int64) error {
	r.requeued[e.Sequence] = next
	return r.table.Requeue(ctx, e, next)
}

// TestReplayAgain: a transaction that is run again, as after a conflict, counts once.
func TestReplayAgain(t *testing.T) {
	t.Parallel()
	n, err := queue.Replay(store.ReplayQuery{}, func(step func(context.Context, queue.Table) error) error {
		if err := step(t.Context(), newTable(10, "ann")); err != nil {
			return err
		}
		return step(t.Context(), newTable(10, "ann"))
	})
	if err != nil || n != 10 {
		t.Errorf("%d replayed, %v; want 10", n, err)
	}
}

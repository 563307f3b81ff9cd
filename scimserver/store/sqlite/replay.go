package sqlite

import (
	"context"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/queue"
)

// Replay implements store.Store.
func (s *Store) Replay(ctx context.Context, tenant string, q store.ReplayQuery) (int64, error) {
	return queue.Replay(q, func(step func(context.Context, queue.Table) error) error {
		return s.change(ctx, tenant, func(t *tx) error {
			if t.tenant == 0 {
				return step(ctx, noEvents{})
			}
			return step(ctx, replaying{tx: t, at: q.At})
		})
	})
}

// noEvents are those of a tenant that is not known: nothing but its end is asked for.
type noEvents struct{ queue.Table }

func (noEvents) Last(context.Context) (int64, error) { return 0, nil }

func (noEvents) FirstPending(context.Context) (int64, error) { return 0, nil }

func (noEvents) Before(context.Context, int64, int64, int) ([]queue.Event, error) { return nil, nil }

// replaying is the events of a tenant for a replay.
type replaying struct {
	*tx
	at time.Time // from which on they are due
}

// Last implements queue.Table.
func (r replaying) Last(context.Context) (int64, error) {
	stream, err := r.stream()
	if err != nil {
		return 0, err
	}
	return stream.last, nil
}

// FirstPending implements queue.Table.
func (r replaying) FirstPending(context.Context) (int64, error) {
	st, err := r.prepare(firstPendingSQL)
	if err != nil {
		return 0, err
	}
	st.BindInt64(1, r.tenant)
	id, err := st.Int()
	if err != nil || id == 0 {
		return 0, r.failed(err)
	}
	return sequenceOf(id), nil
}

const replaySQL = "SELECT id, state, next, member FROM event WHERE id > ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3"

// Before implements queue.Table.
func (r replaying) Before(ctx context.Context, floor, before int64, limit int) (events []queue.Event, err error) {
	st, err := r.prepare(replaySQL)
	if err != nil {
		return nil, err
	}
	defer st.Reset()
	st.BindInt64(1, streamID(r.tenant, floor-1))
	st.BindInt64(2, streamID(r.tenant, before))
	st.BindInt64(3, int64(limit))
	err = r.each(ctx, st, func() error {
		events = append(events, queue.Event{
			Sequence: sequenceOf(st.Int64(0)), State: int(st.Int64(1)), Next: st.Int64(2), MemberID: idAt(st, 3),
		})
		return nil
	})
	return events, err
}

// State implements queue.Table.
func (r replaying) State(_ context.Context, sequence int64) (int, error) {
	p, err := r.progressOf(sequence)
	return int(p.state), err
}

const (
	requeueSQL = "UPDATE event SET state = 1, attempts = 0, error = NULL, due = ?2, next = ?3 WHERE id = ?1"
	waitSQL    = "UPDATE event SET due = NULL WHERE id = ?1 AND state = 1"
)

// Requeue implements queue.Table.
func (r replaying) Requeue(_ context.Context, e queue.Event, next int64) error {
	stream, err := r.stream()
	if err != nil {
		return err
	}
	stream.parked -= units(e.State == queue.Parked)
	stream.pending++
	st, err := r.write(requeueSQL)
	if err != nil {
		return err
	}
	st.BindInt64(1, streamID(r.tenant, e.Sequence))
	st.BindInt64(2, r.at.UnixMilli())
	st.BindInt64(3, next)
	return r.failed(st.Exec())
}

// Wait implements queue.Table.
func (r replaying) Wait(_ context.Context, sequence int64) error {
	return r.writeInts(waitSQL, streamID(r.tenant, sequence))
}

// Follow implements queue.Table.
func (r replaying) Follow(_ context.Context, sequence, next int64) error {
	return r.writeInts(followSQL, streamID(r.tenant, sequence), next)
}

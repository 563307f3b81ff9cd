package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/queue"
)

// Replay implements store.Store.
func (s *Store) Replay(ctx context.Context, tenant string, q store.ReplayQuery) (int64, error) {
	return queue.Replay(q, func(step func(context.Context, queue.Table) error) error {
		return s.update(ctx, tenant, writing, func(t *tx) error {
			return step(ctx, replaying{tx: t, at: q.At})
		})
	})
}

// replaying is the events of a tenant for a replay.
type replaying struct {
	*tx
	at time.Time // from which on they are due
}

// Last implements queue.Table.
func (r replaying) Last(ctx context.Context) (int64, error) {
	if err := r.writable(ctx); err != nil {
		return 0, err
	}
	return r.b.row.last, nil
}

const oldestDueSQL = "SELECT sequence FROM event WHERE tenant = " + own + " AND due IS NOT NULL ORDER BY sequence LIMIT 1"

// FirstPending implements queue.Table. An event that waits for another one is younger.
func (r replaying) FirstPending(ctx context.Context) (sequence int64, err error) {
	err = r.query(ctx, oldestDueSQL, func(rows pgx.Rows) error { return rows.Scan(&sequence) })
	return sequence, err
}

const replaySQL = "SELECT sequence, state, coalesce(next, 0), member FROM event WHERE tenant = " + own + " AND sequence >= $2 AND sequence < $3 ORDER BY sequence DESC LIMIT $4"

// Before implements queue.Table.
func (r replaying) Before(ctx context.Context, floor, before int64, limit int) (events []queue.Event, err error) {
	err = r.query(ctx, replaySQL, func(rows pgx.Rows) error {
		var e queue.Event
		err := rows.Scan(&e.Sequence, &e.State, &e.Next, &e.MemberID)
		events = append(events, e)
		return err
	}, floor, before, limit)
	return events, err
}

// State implements queue.Table.
func (r replaying) State(ctx context.Context, sequence int64) (int, error) {
	known, err := r.progressOf(ctx, []int64{sequence})
	return int(known[sequence].state), err
}

const (
	requeueSQL = "UPDATE event SET state = 1, attempts = 0, error = NULL, due = $3, next = $4 WHERE tenant = $1 AND sequence = $2"
	waitSQL    = "UPDATE event SET due = NULL WHERE tenant = $1 AND sequence = $2 AND state = 1"
)

// Requeue implements queue.Table.
func (r replaying) Requeue(ctx context.Context, e queue.Event, next int64) error {
	if err := r.writable(ctx); err != nil {
		return err
	}
	r.b.row.parked -= units(e.State == queue.Parked)
	r.b.row.pending++
	r.b.told = true
	var follower any
	if next != 0 {
		follower = next
	}
	r.write(requeueSQL, e.Sequence, r.at.UnixMilli(), follower)
	return nil
}

// Wait implements queue.Table.
func (r replaying) Wait(ctx context.Context, sequence int64) error {
	return r.later(ctx, waitSQL, sequence)
}

// Follow implements queue.Table.
func (r replaying) Follow(ctx context.Context, sequence, next int64) error {
	return r.later(ctx, followSQL, sequence, next)
}

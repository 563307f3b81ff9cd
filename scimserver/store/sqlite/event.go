package sqlite

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/queue"
	"github.com/scim-operator/scim-operator/scimserver/store/sqlite/conn"
)

// The states of an event.
const (
	eventDone    = queue.Done
	eventPending = queue.Pending
	eventParked  = queue.Parked
)

const eventColumns = "id, type, state, created, due, attempts, error, member, body"

func scanEvent(st *conn.Stmt, epoch string) store.Event {
	e := store.Event{
		Sequence: sequenceOf(st.Int64(0)), Type: queue.Types[st.Int64(1)],
		Delivered: st.Int64(2) == eventDone, Parked: st.Int64(2) == eventParked, Created: timeOf(st.Int64(3)),
		Attempts: int(st.Int64(5)), LastError: st.Text(6), MemberID: idAt(st, 7), Body: st.Bytes(8),
	}
	e.ID = queue.ID(epoch, e.Sequence)
	if !st.IsNull(4) {
		e.NextAttempt = timeOf(st.Int64(4))
	}
	return e
}

// NextSequence implements store.Writer.
func (t *tx) NextSequence(ctx context.Context) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	s, err := t.stream()
	if err != nil {
		return 0, err
	}
	return s.last + 1, nil
}

const insertEventSQL = `INSERT INTO event (id, tenant, type, state, created, due, next, attempts, error, member, body)
	VALUES (?1, ?2, ?3, ?4, ?5, ?6, NULL, 0, NULL, ?7, ?8)`

// AppendEvent implements store.Writer.
func (t *tx) AppendEvent(ctx context.Context, e store.Event, previous int64) error {
	next, err := t.NextSequence(ctx)
	if err != nil {
		return err
	}
	typ := slices.Index(queue.Types[:], e.Type)
	if e.Sequence != next || typ < 1 {
		return fmt.Errorf("event %d of type %q: the next sequence is %d", e.Sequence, e.Type, next)
	}
	waits := false
	if !e.Delivered {
		if waits, err = t.follow(previous, e.Sequence); err != nil {
			return err
		}
	}
	if err := t.insertEvent(&e, int64(typ), waits); err != nil {
		return err
	}
	s, err := t.stream()
	if err != nil {
		return err
	}
	s.last++
	if !e.Delivered {
		s.pending++
	}
	return nil
}

func (t *tx) insertEvent(e *store.Event, typ int64, waits bool) error {
	st, err := t.write(insertEventSQL)
	if err != nil {
		return err
	}
	st.BindInt64(1, streamID(t.tenant, e.Sequence))
	st.BindInt64(2, t.tenant)
	st.BindInt64(3, typ)
	st.BindInt64(5, e.Created.UnixMilli())
	switch {
	case e.Delivered:
		st.BindInt64(4, eventDone)
		st.BindNull(6)
	case waits:
		st.BindInt64(4, eventPending)
		st.BindNull(6)
	default:
		st.BindInt64(4, eventPending)
		st.BindInt64(6, e.NextAttempt.UnixMilli())
	}
	bindID(st, 7, e.MemberID)
	st.BindTextBytes(8, e.Body)
	return t.failed(st.Exec())
}

const followSQL = "UPDATE event SET next = ?2 WHERE id = ?1 AND state = 1"

// follow lets an event wait for the one before, if that is pending.
func (t *tx) follow(previous, sequence int64) (waits bool, err error) {
	if previous == 0 {
		return false, nil
	}
	if err := t.writeInts(followSQL, streamID(t.tenant, previous), sequence); err != nil {
		return false, err
	}
	return t.session.conn.Changes() > 0, nil
}

// progress is what the delivery of an event changes.
type progress struct {
	state, next int64
	due         bool
	at          int64 // when
}

// claimedBy tells whether the event is still under the claim, if it is one.
func (p progress) claimedBy(claim time.Time) bool { return claim.IsZero() || p.at == claim.UnixMilli() }

const progressSQL = "SELECT state, next, due FROM event WHERE id = ?1"

// progressOf returns the state and what waits for the event; an unknown event is done.
func (t *tx) progressOf(sequence int64) (progress, error) {
	st, err := t.prepare(progressSQL)
	if err != nil {
		return progress{}, err
	}
	defer st.Reset()
	st.BindInt64(1, streamID(t.tenant, sequence))
	row, err := st.Step()
	if err != nil || !row {
		return progress{}, t.failed(err)
	}
	return progress{state: st.Int64(0), next: st.Int64(1), due: !st.IsNull(2), at: st.Int64(2)}, nil
}

const (
	doneSQL    = "UPDATE event SET state = 0, due = NULL WHERE id = ?1"
	releaseSQL = "UPDATE event SET due = created WHERE id = ?1 AND state = 1"
)

// finish takes a pending event out of the queue by one of the statements above, and lets the next pending one of its
// member go. It tells whether it did: an event that is not pending, or waits for another one, stays as it is.
func (t *tx) finish(sequence int64, how func() error) (bool, error) {
	p, err := t.progressOf(sequence)
	if err != nil || p.state != eventPending || !p.due {
		return false, err
	}
	if err := how(); err != nil {
		return false, err
	}
	s, err := t.stream()
	if err != nil {
		return false, err
	}
	s.pending--
	for p.next != 0 {
		next := p.next
		if p, err = t.progressOf(next); err != nil {
			return false, err
		}
		if p.state == eventPending {
			return true, t.writeInts(releaseSQL, streamID(t.tenant, next))
		}
	}
	return true, nil
}

// Delivered implements store.Store.
func (s *Store) Delivered(ctx context.Context, tenant string, sequences []int64) error {
	return s.change(ctx, tenant, func(t *tx) error {
		for _, n := range sequences {
			if _, err := t.finish(n, func() error { return t.writeInts(doneSQL, streamID(t.tenant, n)) }); err != nil {
				return err
			}
		}
		return nil
	})
}

// change runs fn in a transaction of the tenant.
func (s *Store) change(ctx context.Context, tenant string, fn func(*tx) error) error {
	return s.writer.update(&request{ctx: ctx, tenant: tenant, fn: fn})
}

const (
	failSQL = "UPDATE event SET attempts = attempts + 1, error = ?2, due = ?3 WHERE id = ?1 AND state = 1 AND due IS NOT NULL"
	parkSQL = "UPDATE event SET attempts = attempts + 1, error = ?2, due = NULL, state = 2 WHERE id = ?1"
)

// Failed implements store.Store.
func (s *Store) Failed(ctx context.Context, tenant string, sequence int64, a store.Attempt) error {
	return s.change(ctx, tenant, func(t *tx) error {
		if p, err := t.progressOf(sequence); err != nil || !p.claimedBy(a.Claim) {
			return err
		}
		if !a.Park {
			return t.noteAttempt(failSQL, sequence, a)
		}
		parked, err := t.finish(sequence, func() error { return t.noteAttempt(parkSQL, sequence, a) })
		if err != nil || !parked {
			return err
		}
		stream, err := t.stream()
		if err == nil {
			stream.parked++
		}
		return err
	})
}

func (t *tx) noteAttempt(sql string, sequence int64, a store.Attempt) error {
	st, err := t.write(sql)
	if err != nil {
		return err
	}
	st.BindInt64(1, streamID(t.tenant, sequence))
	bindOptional(st, 2, a.Error)
	if !a.Park {
		st.BindInt64(3, a.Next.UnixMilli())
	}
	return t.failed(st.Exec())
}

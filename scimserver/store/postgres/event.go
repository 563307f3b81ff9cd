package postgres

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/queue"
)

// The states of an event.
const (
	eventDone    int16 = queue.Done
	eventPending int16 = queue.Pending
	eventParked  int16 = queue.Parked
)

// eventColumns are the columns that scanEvent reads; n is the tenant.
const eventColumns = "n.epoch, e.sequence, e.type, e.state, e.created, e.due, e.attempts, coalesce(e.error, ''), e.member, e.body"

func scanEvent(rows pgx.Rows, more ...any) (e store.Event, err error) {
	var epoch string
	var typ, state int16
	var created int64
	var due *int64
	err = rows.Scan(append([]any{&epoch, &e.Sequence, &typ, &state, &created, &due, &e.Attempts, &e.LastError, &e.MemberID, &e.Body}, more...)...)
	e.Type, e.Delivered, e.Parked, e.Created = queue.Types[typ], state == eventDone, state == eventParked, timeOf(created)
	e.ID = queue.ID(epoch, e.Sequence)
	if due != nil {
		e.NextAttempt = timeOf(*due)
	}
	return e, err
}

// NextSequence implements store.Writer.
func (t *tx) NextSequence(ctx context.Context) (int64, error) {
	err := t.writable(ctx)
	return t.b.row.last + 1, err
}

const (
	insertEventSQL = `INSERT INTO event (tenant, sequence, type, state, created, due, attempts, member, body)
		VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8)`
	insertNextSQL = `INSERT INTO event (tenant, sequence, type, state, created, due, attempts, member, body)
		VALUES ($1, $2, $3, $4, $5, CASE WHEN EXISTS (SELECT 1 FROM event p WHERE p.tenant = $1 AND p.sequence = $9 AND p.state = 1) THEN NULL ELSE $6::bigint END, 0, $7, $8)`
	followSQL = "UPDATE event SET next = $3 WHERE tenant = $1 AND sequence = $2 AND state = 1"
)

// AppendEvent implements store.Writer. It waits for the one before, if that is pending.
func (t *tx) AppendEvent(ctx context.Context, e store.Event, previous int64) error {
	next, err := t.NextSequence(ctx)
	if err != nil {
		return err
	}
	typ := slices.Index(queue.Types[:], e.Type)
	if e.Sequence != next || typ < 1 {
		return fmt.Errorf("event %d of type %q: the next sequence is %d", e.Sequence, e.Type, next)
	}
	sql, state, due := insertEventSQL, eventDone, any(nil)
	if !e.Delivered {
		state, due = eventPending, e.NextAttempt.UnixMilli()
		t.b.row.pending++
	}
	args := []any{e.Sequence, int16(typ), state, e.Created.UnixMilli(), due, text(e.MemberID), string(e.Body)}
	if !e.Delivered && previous != 0 {
		sql, args = insertNextSQL, append(args, previous)
	}
	t.write(sql, args...)
	if !e.Delivered && previous != 0 {
		t.write(followSQL, previous, e.Sequence)
	}
	t.b.row.last = e.Sequence
	t.b.told = true
	return nil
}

// progress is what the delivery of an event changes.
type progress struct {
	sequence, next int64
	state          int16
	due            bool
	at             int64 // when
}

// claimedBy tells whether the event is still under the claim, if it is one.
func (p progress) claimedBy(claim time.Time) bool { return claim.IsZero() || p.at == claim.UnixMilli() }

const progressSQL = "SELECT sequence, state, coalesce(next, 0), due IS NOT NULL, coalesce(due, 0) FROM event WHERE tenant = " + own + " AND sequence = ANY ($2::bigint[])"

// progressOf reads events. Unknown ones are not there.
func (t *tx) progressOf(ctx context.Context, sequences []int64) (map[int64]progress, error) {
	known := make(map[int64]progress, len(sequences))
	err := t.query(ctx, progressSQL, func(rows pgx.Rows) error {
		var p progress
		err := rows.Scan(&p.sequence, &p.state, &p.next, &p.due, &p.at)
		known[p.sequence] = p
		return err
	}, sequences)
	return known, err
}

const freeSQL = "UPDATE event SET due = created WHERE tenant = $1 AND sequence = ANY ($2::bigint[]) AND state = 1"

// finishing is what is known of the events of a transaction that finishes some.
type finishing struct {
	known map[int64]progress
	freed []int64 // those that may be sent now
}

// finish takes those of the events out of the queue that are pending and wait for no other, and lets the next pending one of
// each of their members go. It returns them; what becomes of them is for the caller to write.
func (t *tx) finish(ctx context.Context, sequences []int64) (finished []int64, err error) {
	if err := t.writable(ctx); err != nil {
		return nil, err
	}
	q := finishing{}
	if q.known, err = t.progressOf(ctx, sequences); err != nil {
		return nil, err
	}
	for _, n := range sequences {
		p := q.known[n]
		if p.state != eventPending || !p.due {
			continue
		}
		finished = append(finished, n)
		q.freed = slices.DeleteFunc(q.freed, func(o int64) bool { return o == n })
		p.state = eventDone
		q.known[n] = p
		if err := t.free(ctx, &q, p.next); err != nil {
			return nil, err
		}
	}
	t.b.row.pending -= int64(len(finished))
	if len(q.freed) > 0 {
		t.write(freeSQL, q.freed)
	}
	return finished, nil
}

// free lets an event go, or the next one behind it that is pending.
func (t *tx) free(ctx context.Context, q *finishing, n int64) error {
	for n != 0 {
		if _, ok := q.known[n]; !ok {
			more, err := t.progressOf(ctx, []int64{n})
			if err != nil {
				return err
			}
			q.known[n] = more[n]
		}
		p := q.known[n]
		if p.state == eventPending {
			p.due = true
			q.known[n] = p
			q.freed = append(q.freed, n)
			return nil
		}
		n = p.next
	}
	return nil
}

const doneSQL = "UPDATE event SET state = 0, due = NULL WHERE tenant = $1 AND sequence = ANY ($2::bigint[])"

// Delivered implements store.Store.
func (s *Store) Delivered(ctx context.Context, tenant string, sequences []int64) error {
	return s.update(ctx, tenant, writing, func(t *tx) error {
		finished, err := t.finish(ctx, sequences)
		if err == nil && len(finished) > 0 {
			t.write(doneSQL, finished)
		}
		return err
	})
}

const (
	failSQL = "UPDATE event SET attempts = attempts + 1, error = $3, due = $4 WHERE tenant = $1 AND sequence = $2 AND state = 1 AND due IS NOT NULL"
	parkSQL = "UPDATE event SET attempts = attempts + 1, error = $3, due = NULL, state = 2 WHERE tenant = $1 AND sequence = $2"
)

// Failed implements store.Store.
func (s *Store) Failed(ctx context.Context, tenant string, sequence int64, a store.Attempt) error {
	return s.update(ctx, tenant, writing, func(t *tx) error {
		if !a.Claim.IsZero() {
			if err := t.writable(ctx); err != nil {
				return err
			}
			known, err := t.progressOf(ctx, []int64{sequence})
			if err != nil || !known[sequence].claimedBy(a.Claim) {
				return err
			}
		}
		if !a.Park {
			return t.later(ctx, failSQL, sequence, optional(a.Error), a.Next.UnixMilli())
		}
		finished, err := t.finish(ctx, []int64{sequence})
		if err != nil || len(finished) == 0 {
			return err
		}
		t.b.row.parked++
		t.write(parkSQL, sequence, optional(a.Error))
		return nil
	})
}

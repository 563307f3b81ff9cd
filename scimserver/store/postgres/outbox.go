package postgres

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

const (
	eventFrom = "SELECT " + eventColumns + " FROM event e JOIN tenant n ON n.id = e.tenant WHERE e.tenant = " + own
	dueSQL    = eventFrom + " AND e.due IS NOT NULL AND e.due <= $2 ORDER BY e.due, e.sequence LIMIT $3"
	eventsSQL = eventFrom + " AND e.sequence > $2 ORDER BY e.sequence LIMIT $3"
)

// Due implements store.Store.
func (s *Store) Due(ctx context.Context, tenant string, now time.Time, limit int, claim time.Duration) (due []store.Event, err error) {
	if claim > 0 {
		return s.claimDue(ctx, tenant, now, limit, claim)
	}
	err = s.single(ctx, ask{sql: dueSQL, args: []any{text(tenant), now.UnixMilli(), limit}, scan: eventsInto(&due)})
	return onePerMember(due), err
}

func eventsInto(list *[]store.Event) func(pgx.Rows) error {
	return func(rows pgx.Rows) error {
		e, err := scanEvent(rows)
		*list = append(*list, e)
		return err
	}
}

const claimSQL = "UPDATE event SET due = $3 WHERE tenant = $1 AND sequence = ANY ($2::bigint[])"

// claimDue is Due with a claim.
func (s *Store) claimDue(ctx context.Context, tenant string, now time.Time, limit int, claim time.Duration) (due []store.Event, err error) {
	until := now.Add(claim).UnixMilli()
	err = s.update(ctx, tenant, writing, func(t *tx) error {
		if err := t.writable(ctx); err != nil {
			return err
		}
		due = nil
		if err := t.query(ctx, dueSQL, eventsInto(&due), now.UnixMilli(), limit); err != nil {
			return err
		}
		due = onePerMember(due)
		var sequences []int64
		for i := range due {
			sequences = append(sequences, due[i].Sequence)
			due[i].NextAttempt = timeOf(until)
		}
		if len(sequences) > 0 {
			t.write(claimSQL, sequences, until)
		}
		return nil
	})
	return due, err
}

const unclaimSQL = "UPDATE event SET due = created WHERE tenant = $1 AND sequence = $2 AND due = $3"

// Unclaim implements store.Store.
func (s *Store) Unclaim(ctx context.Context, tenant string, events []store.Event) error {
	return s.update(ctx, tenant, writing, func(t *tx) error {
		for _, e := range events {
			if err := t.later(ctx, unclaimSQL, e.Sequence, e.NextAttempt.UnixMilli()); err != nil {
				return err
			}
		}
		return nil
	})
}

// onePerMember leaves the oldest event of each member. There are more only where a part of the events is replayed while
// new ones come.
func onePerMember(due []store.Event) []store.Event {
	first := make(map[string]int64, len(due))
	for _, e := range due {
		if n, ok := first[e.MemberID]; !ok || e.Sequence < n {
			first[e.MemberID] = e.Sequence
		}
	}
	return slices.DeleteFunc(due, func(e store.Event) bool { return first[e.MemberID] != e.Sequence })
}

const nextDueSQL = "SELECT due FROM event WHERE tenant = " + own + " AND due IS NOT NULL ORDER BY due LIMIT 1"

// NextDue implements store.Store.
func (s *Store) NextDue(ctx context.Context, tenant string) (at time.Time, err error) {
	err = s.single(ctx, ask{sql: nextDueSQL, args: []any{text(tenant)}, scan: func(rows pgx.Rows) error {
		var due int64
		err := rows.Scan(&due)
		at = timeOf(due)
		return err
	}})
	return at, err
}

const streamSQL = "SELECT last, pruned, pending, parked FROM tenant WHERE key = $1"

func scanStream(r *tenantRow) func(pgx.Rows) error {
	return func(rows pgx.Rows) error { return rows.Scan(&r.last, &r.pruned, &r.pending, &r.parked) }
}

// read runs fn on one snapshot of the tenant.
func (s *Store) read(ctx context.Context, tenant string, fn func(*view) error) error {
	return s.View(ctx, tenant, func(r store.Reader) error { return fn(r.(*view)) })
}

// Events implements store.Store.
func (s *Store) Events(ctx context.Context, tenant string, after int64, limit int) (list []store.Event, err error) {
	err = s.read(ctx, tenant, func(v *view) error {
		var stream tenantRow
		list = nil
		err := v.run(ctx, v.ask(streamSQL, scanStream(&stream)), v.ask(eventsSQL, eventsInto(&list), after, limit))
		if err == nil && after < stream.pruned {
			list, err = nil, store.ErrGone
		}
		return err
	})
	return list, err
}

const (
	firstSelect     = "SELECT created, coalesce(error, '') FROM event WHERE tenant = " + own
	firstPendingSQL = firstSelect + " AND due IS NOT NULL ORDER BY sequence LIMIT 1"
	firstParkedSQL  = firstSelect + " AND state = 2 ORDER BY sequence LIMIT 1"
	firstOffSQL     = firstSelect + " AND state = 1 AND type >= 4 ORDER BY sequence LIMIT 1"
)

// Backlog implements store.Store.
func (s *Store) Backlog(ctx context.Context, tenant string) (b store.Backlog, err error) {
	var stream tenantRow
	var parkedError string
	var unused string
	first := func(at *time.Time, lastError *string) func(pgx.Rows) error {
		return func(rows pgx.Rows) error {
			var created int64
			err := rows.Scan(&created, lastError)
			*at = timeOf(created)
			return err
		}
	}
	var parkedAt time.Time
	err = s.read(ctx, tenant, func(v *view) error {
		return v.run(ctx,
			v.ask(streamSQL, scanStream(&stream)),
			v.ask(firstParkedSQL, first(&parkedAt, &parkedError)),
			v.ask(firstPendingSQL, first(&b.OldestPending, &b.LastError)),
			v.ask(firstOffSQL, first(&b.OldestOffboarding, &unused)),
		)
	})
	b.Last, b.First, b.Pending, b.Parked = stream.last, stream.pruned+1, stream.pending, stream.parked
	if b.LastError == "" {
		b.LastError = parkedError
	}
	return b, err
}

const (
	oldestEventsSQL = "SELECT sequence, created, state FROM event WHERE tenant = " + own + " AND sequence > $2 ORDER BY sequence LIMIT $3"
	pruneEventsSQL  = "DELETE FROM event WHERE tenant = $1 AND sequence > $2 AND sequence <= $3"
)

// PruneEvents implements store.Store.
func (s *Store) PruneEvents(ctx context.Context, tenant string, before time.Time, keep int64, limit int) (n int64, err error) {
	err = s.update(ctx, tenant, writing, func(t *tx) error {
		if err := t.writable(ctx); err != nil {
			return err
		}
		var last, parked int64
		done := false
		n = 0
		row := &t.b.row
		err := t.query(ctx, oldestEventsSQL, func(rows pgx.Rows) error {
			var sequence, created int64
			var state int16
			err := rows.Scan(&sequence, &created, &state)
			old := created < before.UnixMilli() || sequence <= row.last-keep
			if done = done || !old || state == eventPending; !done {
				n++
				last = sequence
				parked += units(state == eventParked)
			}
			return err
		}, row.pruned, limit)
		if err == nil && n > 0 {
			t.write(pruneEventsSQL, row.pruned, last)
			row.pruned, row.parked = last, row.parked-parked
		}
		return err
	})
	return n, err
}

package sqlite

import (
	"context"
	"slices"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/sqlite/conn"
)

// read runs fn on one snapshot of the tenant.
func (s *Store) read(ctx context.Context, tenant string, fn func(*snapshot) error) error {
	return s.View(ctx, tenant, func(r store.Reader) error { return fn(r.(*snapshot)) })
}

const dueSQL = "SELECT " + eventColumns + ` FROM event
	WHERE tenant = ?1 AND due IS NOT NULL AND due <= ?2 ORDER BY due, id LIMIT ?3`

// Due implements store.Store.
func (s *Store) Due(ctx context.Context, tenant string, now time.Time, limit int, claim time.Duration) (due []store.Event, err error) {
	if claim > 0 {
		return s.claimDue(ctx, tenant, now, limit, claim)
	}
	err = s.read(ctx, tenant, func(v *snapshot) error {
		due, err = v.events(ctx, dueSQL, now.UnixMilli(), int64(limit))
		return err
	})
	return onePerMember(due), err
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

// events runs a query whose first parameter is the tenant's number.
func (v *snapshot) events(ctx context.Context, sql string, more ...int64) (list []store.Event, err error) {
	stream, err := v.readStream()
	if err != nil {
		return nil, err
	}
	return v.eventsOf(ctx, stream.epoch, sql, more...)
}

func (v *snapshot) eventsOf(ctx context.Context, epoch, sql string, more ...int64) (list []store.Event, err error) {
	st, err := v.memberQuery(ctx, sql)
	if err != nil {
		return nil, err
	}
	defer st.Reset()
	for i, n := range more {
		st.BindInt64(2+i, n)
	}
	err = v.each(ctx, st, func() error {
		list = append(list, scanEvent(st, epoch))
		return nil
	})
	return list, err
}

const nextDueSQL = "SELECT due FROM event WHERE tenant = ?1 AND due IS NOT NULL ORDER BY due LIMIT 1"

// NextDue implements store.Store.
func (s *Store) NextDue(ctx context.Context, tenant string) (at time.Time, err error) {
	err = s.read(ctx, tenant, func(v *snapshot) error {
		st, err := v.memberQuery(ctx, nextDueSQL)
		if err != nil {
			return err
		}
		defer st.Reset()
		row, err := st.Step()
		if row {
			at = timeOf(st.Int64(0))
		}
		return v.failed(err)
	})
	return at, err
}

const eventsSQL = "SELECT " + eventColumns + " FROM event WHERE ?1 <> 0 AND id > ?2 AND id < ?3 ORDER BY id LIMIT ?4"

// Events implements store.Store.
func (s *Store) Events(ctx context.Context, tenant string, after int64, limit int) (list []store.Event, err error) {
	err = s.read(ctx, tenant, func(v *snapshot) error {
		stream, err := v.readStream()
		if err != nil || after >= stream.last {
			return err
		}
		if after < stream.pruned {
			return store.ErrGone
		}
		list, err = v.events(ctx, eventsSQL, streamID(v.tenant, after), streamID(v.tenant+1, 0), int64(limit))
		return err
	})
	return list, err
}

const (
	firstPendingSQL = "SELECT min(id) FROM event WHERE tenant = ?1 AND due IS NOT NULL"
	firstParkedSQL  = "SELECT min(id) FROM event WHERE tenant = ?1 AND state = 2"
	firstOffSQL     = "SELECT min(id) FROM event WHERE tenant = ?1 AND state = 1 AND type >= 4"
	createdSQL      = "SELECT created, error FROM event WHERE id = ?1"
)

// Backlog implements store.Store.
func (s *Store) Backlog(ctx context.Context, tenant string) (b store.Backlog, err error) {
	err = s.read(ctx, tenant, func(v *snapshot) error {
		stream, err := v.readStream()
		if err != nil {
			return err
		}
		b = store.Backlog{Last: stream.last, First: stream.pruned + 1, Pending: stream.pending, Parked: stream.parked}
		var parkedError string
		if _, parkedError, err = v.first(ctx, firstParkedSQL); err != nil {
			return err
		}
		if b.OldestPending, b.LastError, err = v.first(ctx, firstPendingSQL); err != nil {
			return err
		}
		if b.LastError == "" {
			b.LastError = parkedError
		}
		b.OldestOffboarding, _, err = v.first(ctx, firstOffSQL)
		return err
	})
	return b, err
}

// first reads the event that a query finds, if any.
func (v *snapshot) first(ctx context.Context, sql string) (created time.Time, lastError string, err error) {
	st, err := v.memberQuery(ctx, sql)
	if err != nil {
		return created, "", err
	}
	id, err := st.Int()
	if err != nil || id == 0 {
		return created, "", v.failed(err)
	}
	if st, err = v.prepare(createdSQL); err != nil {
		return created, "", err
	}
	defer st.Reset()
	st.BindInt64(1, id)
	if _, err := st.Step(); err != nil {
		return created, "", v.failed(err)
	}
	return timeOf(st.Int64(0)), st.Text(1), nil
}

const (
	oldestEventsSQL = "SELECT id, created, state FROM event WHERE id > ?1 AND id < ?2 ORDER BY id LIMIT ?3"
	pruneEventsSQL  = "DELETE FROM event WHERE id > ?1 AND id <= ?2"
)

// PruneEvents implements store.Store.
func (s *Store) PruneEvents(ctx context.Context, tenant string, before time.Time, keep int64, limit int) (n int64, err error) {
	err = s.change(ctx, tenant, func(t *tx) error {
		n = 0
		if t.tenant == 0 {
			return nil
		}
		stream, err := t.stream()
		if err != nil {
			return err
		}
		st, err := t.prepare(oldestEventsSQL)
		if err != nil {
			return err
		}
		var last, parked int64
		err = t.scanIDs(ctx, st, stream.pruned, limit, func() bool {
			sequence := sequenceOf(st.Int64(0))
			old := st.Int64(1) < before.UnixMilli() || sequence <= stream.last-keep
			if !old || st.Int64(2) == eventPending {
				return false
			}
			n++
			last = sequence
			if st.Int64(2) == eventParked {
				parked++
			}
			return true
		})
		if err != nil || n == 0 {
			return err
		}
		from := stream.pruned
		stream.pruned, stream.parked = last, stream.parked-parked
		return t.writeInts(pruneEventsSQL, streamID(t.tenant, from), streamID(t.tenant, last))
	})
	return n, err
}

// scanIDs binds the tenant's range behind a sequence, and a limit, and calls f for each row until it returns false.
func (t *tx) scanIDs(ctx context.Context, st *conn.Stmt, after int64, limit int, f func() bool) error {
	defer st.Reset()
	st.BindInt64(1, streamID(t.tenant, after))
	st.BindInt64(2, streamID(t.tenant+1, 0))
	st.BindInt64(3, int64(limit))
	if err := ctx.Err(); err != nil {
		return err
	}
	for {
		row, err := st.Step()
		if err != nil || !row {
			return t.failed(err)
		}
		if !f() {
			return nil
		}
	}
}

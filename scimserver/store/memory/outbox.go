package memory

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/queue"
)

// NextSequence implements store.Writer.
func (t *tenant) NextSequence(ctx context.Context) (int64, error) {
	return t.members.last + 1, ctx.Err()
}

// AppendEvent implements store.Writer.
func (t *tenant) AppendEvent(ctx context.Context, e store.Event, previous int64) error {
	if e.Sequence != t.members.last+1 || slices.Index(queue.Types[:], e.Type) < 1 {
		return fmt.Errorf("event %d of type %q: the next sequence is %d", e.Sequence, e.Type, t.members.last+1)
	}
	e.Created, e.NextAttempt, e.Body = milliseconds(e.Created), milliseconds(e.NextAttempt), slices.Clone(e.Body)
	if p := t.members.event(previous); e.Delivered || p != nil && p.pending() {
		e.NextAttempt = time.Time{}
		if !e.Delivered {
			p.next = e.Sequence
		}
	}
	t.members.begin()
	t.members.events = append(t.members.events, event{Event: e})
	t.members.last, t.members.told = e.Sequence, true
	return ctx.Err()
}

// begin gives the events of a tenant that has none yet the part of their IDs that no other tenant's have.
func (m *members) begin() {
	if m.epoch == "" {
		m.epoch = strings.ToLower(rand.Text())
	}
}

func (e *event) pending() bool { return !e.Delivered && !e.Parked }

// waits tells whether a pending event lets an earlier one go first.
func (e *event) waits() bool { return e.NextAttempt.IsZero() }

func (m *members) event(sequence int64) *event {
	i := slices.IndexFunc(m.events, func(e event) bool { return e.Sequence == sequence })
	if i < 0 {
		return nil
	}
	return &m.events[i]
}

// finish lets the next pending event of the member go.
func (m *members) finish(e *event) {
	e.NextAttempt = time.Time{}
	for n := m.event(e.next); n != nil; n = m.event(n.next) {
		if n.pending() {
			n.NextAttempt = n.Created
			return
		}
	}
}

// numbered gives events their IDs.
func (m *members) numbered(list []event) (out []store.Event) {
	for _, e := range list {
		e.ID = queue.ID(m.epoch, e.Sequence)
		out = append(out, e.Event)
	}
	return out
}

// Due implements store.Store.
func (s *Store) Due(ctx context.Context, key string, now time.Time, limit int, claim time.Duration) (list []store.Event, err error) {
	if claim == 0 {
		t, err := s.tenant(ctx, key)
		if err != nil {
			return nil, err
		}
		return t.members.shown(t.members.due(now, limit)), nil
	}
	err = s.changeMembers(ctx, key, func(m *members) {
		due := m.due(now, limit)
		for _, e := range due {
			e.NextAttempt = milliseconds(now.Add(claim))
		}
		list = m.shown(due)
	})
	return list, err
}

func (m *members) due(now time.Time, limit int) (due []*event) {
	seen := map[string]bool{}
	for i := range m.events {
		if e := &m.events[i]; e.pending() && !e.waits() && !e.NextAttempt.After(now) && !seen[e.MemberID] {
			seen[e.MemberID] = true
			due = append(due, e)
		}
	}
	slices.SortStableFunc(due, func(a, b *event) int { return a.NextAttempt.Compare(b.NextAttempt) })
	return due[:min(limit, len(due))]
}

func (m *members) shown(due []*event) []store.Event {
	list := make([]event, len(due))
	for i, e := range due {
		list[i] = *e
	}
	return m.numbered(list)
}

// Unclaim implements store.Store.
func (s *Store) Unclaim(ctx context.Context, key string, events []store.Event) error {
	return s.changeMembers(ctx, key, func(m *members) {
		for _, given := range events {
			if e := m.event(given.Sequence); e != nil && e.pending() && e.NextAttempt.Equal(given.NextAttempt) {
				e.NextAttempt = e.Created
			}
		}
	})
}

// DueTenants implements store.Store.
func (s *Store) DueTenants(ctx context.Context, now time.Time, limit int) (keys []string, err error) {
	if _, err := s.tenant(ctx, ""); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	oldest := map[string]time.Time{}
	for key, t := range s.tenants {
		if due := t.members.due(now, 1); len(due) > 0 {
			oldest[key] = due[0].NextAttempt
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, func(a, b string) int { return cmp.Or(oldest[a].Compare(oldest[b]), cmp.Compare(a, b)) })
	return keys[:min(limit, len(keys))], nil
}

// Heads implements store.Store.
func (s *Store) Heads(ctx context.Context, tenants []string) (map[string]store.Head, error) {
	heads := map[string]store.Head{}
	for _, key := range tenants {
		t, err := s.tenant(ctx, key)
		if err != nil {
			return nil, err
		}
		if h := (store.Head{Event: t.members.last, Log: t.members.logged}); h != (store.Head{}) {
			heads[key] = h
		}
	}
	return heads, nil
}

// NextDue implements store.Store.
func (s *Store) NextDue(ctx context.Context, key string) (next time.Time, err error) {
	t, err := s.tenant(ctx, key)
	if err != nil {
		return next, err
	}
	for _, e := range t.members.events {
		if e.pending() && !e.waits() && (next.IsZero() || e.NextAttempt.Before(next)) {
			next = e.NextAttempt
		}
	}
	return next, nil
}

// changeMembers runs fn in a transaction.
func (s *Store) changeMembers(ctx context.Context, key string, fn func(*members)) error {
	return s.Update(ctx, key, func(w store.Writer) error {
		fn(&w.(*tenant).members)
		return nil
	})
}

// Delivered implements store.Store.
func (s *Store) Delivered(ctx context.Context, key string, sequences []int64) error {
	return s.changeMembers(ctx, key, func(m *members) {
		for _, n := range sequences {
			if e := m.event(n); e != nil && e.pending() && !e.waits() {
				e.Delivered = true
				m.finish(e)
			}
		}
	})
}

// Failed implements store.Store.
func (s *Store) Failed(ctx context.Context, key string, sequence int64, a store.Attempt) error {
	return s.changeMembers(ctx, key, func(m *members) {
		e := m.event(sequence)
		if e == nil || !e.pending() || e.waits() || !a.Claim.IsZero() && !e.NextAttempt.Equal(milliseconds(a.Claim)) {
			return
		}
		e.Attempts++
		e.LastError, e.NextAttempt = a.Error, milliseconds(a.Next)
		if a.Park {
			e.Parked = true
			m.finish(e)
		}
	})
}

// Replay implements store.Store.
func (s *Store) Replay(ctx context.Context, key string, q store.ReplayQuery) (n int64, err error) {
	err = s.changeMembers(ctx, key, func(m *members) {
		n = 0
		latest := map[string]int64{} // of those chosen, by member
		for i := range m.events {
			if e := &m.events[i]; !e.pending() && selects(q, e) {
				n++
				latest[e.MemberID] = e.Sequence
				requeue(e)
			}
		}
		for id, sequence := range latest {
			m.chain(id, sequence, q.At)
		}
	})
	return n, err
}

func selects(q store.ReplayQuery, e *event) bool {
	return e.Sequence >= q.From && (q.To == 0 || e.Sequence <= q.To) && (q.Member == "" || q.Member == e.MemberID) &&
		(!q.ParkedOnly || e.Parked)
}

func requeue(e *event) {
	e.Delivered, e.Parked, e.Attempts, e.LastError, e.NextAttempt = false, false, 0, "", time.Time{}
}

// chain puts the pending events of a member in their order, with its newest event at the end where no other is behind the
// latest that was chosen; the first one is due, at a time of its own if it was due before.
func (m *members) chain(memberID string, latest int64, at time.Time) {
	var own []*event
	for i := range m.events {
		if e := &m.events[i]; e.MemberID == memberID {
			own = append(own, e)
		}
	}
	if !slices.ContainsFunc(own, func(e *event) bool { return e.pending() && e.Sequence > latest }) {
		requeueNewest(own)
	}
	own = slices.DeleteFunc(own, func(e *event) bool { return !e.pending() })
	for i, e := range own {
		if i == 0 && e.waits() {
			e.NextAttempt = milliseconds(at)
		}
		if i > 0 {
			e.NextAttempt = time.Time{}
			own[i-1].next = e.Sequence
		}
	}
}

// requeueNewest has the newest event sent as well, where nothing else is behind what was replayed.
func requeueNewest(own []*event) {
	newest := own[len(own)-1]
	if !newest.pending() {
		requeue(newest)
	}
}

// Events implements store.Store.
func (s *Store) Events(ctx context.Context, key string, after int64, limit int) ([]store.Event, error) {
	t, err := s.tenant(ctx, key)
	if err != nil || after >= t.members.last {
		return nil, err
	}
	if after < t.members.pruned {
		return nil, store.ErrGone
	}
	list := slices.DeleteFunc(slices.Clone(t.members.events), func(e event) bool { return e.Sequence <= after })
	return t.members.numbered(list[:min(limit, len(list))]), nil
}

// Backlog implements store.Store.
func (s *Store) Backlog(ctx context.Context, key string) (b store.Backlog, err error) {
	t, err := s.tenant(ctx, key)
	if err != nil {
		return b, err
	}
	b.Last, b.First = t.members.last, t.members.pruned+1
	var parked, head *event
	for i := range t.members.events {
		e := &t.members.events[i]
		switch {
		case e.Parked:
			b.Parked++
			parked = cmp.Or(parked, e)
		case e.pending():
			b.Pending++
			if !e.waits() {
				head = cmp.Or(head, e)
			}
			if store.Offboards(e.Type) && b.OldestOffboarding.IsZero() {
				b.OldestOffboarding = e.Created
			}
		}
	}
	if head != nil {
		b.OldestPending, b.LastError = head.Created, head.LastError
	}
	if b.LastError == "" && parked != nil {
		b.LastError = parked.LastError
	}
	return b, nil
}

// PruneEvents implements store.Store.
func (s *Store) PruneEvents(ctx context.Context, key string, before time.Time, keep int64, limit int) (n int64, err error) {
	err = s.changeMembers(ctx, key, func(m *members) {
		n = 0
		for _, e := range m.events {
			old := e.Created.Before(milliseconds(before)) || e.Sequence <= m.last-keep
			if !old || e.pending() || n == int64(limit) {
				break
			}
			m.pruned = e.Sequence
			n++
		}
		m.events = m.events[n:]
	})
	return n, err
}

// OnCommit implements store.Store.
func (s *Store) OnCommit(fn func(tenant string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.commits = append(s.commits, fn)
}

// AppendLog implements store.Writer.
func (t *tenant) AppendLog(ctx context.Context, r store.LogRow) error {
	t.members.begin()
	t.members.logged++
	r.Sequence, r.Time, r.Entry = t.members.logged, milliseconds(r.Time), slices.Clone(r.Entry)
	t.members.log = append(t.members.log, r)
	t.members.told = true
	return ctx.Err()
}

// QueryLog implements store.Store.
func (s *Store) QueryLog(ctx context.Context, key string, q store.LogQuery) ([]store.LogRow, error) {
	t, err := s.tenant(ctx, key)
	if err != nil {
		return nil, err
	}
	rows := slices.DeleteFunc(slices.Clone(t.members.log), func(r store.LogRow) bool {
		anybody := q.UserID == "" && q.Subject == 0
		meant := q.UserID != "" && r.UserID == q.UserID || q.Subject != 0 && r.Subject == q.Subject
		return r.Sequence <= q.After || r.Time.Before(q.Since) || !anybody && !meant
	})
	if q.Newest {
		return rows[max(0, len(rows)-q.Limit):], nil
	}
	return rows[:min(q.Limit, len(rows))], nil
}

// PruneLog implements store.Store.
func (s *Store) PruneLog(ctx context.Context, key string, before time.Time, keep int64, limit int) (n int64, err error) {
	err = s.changeMembers(ctx, key, func(m *members) {
		n = 0
		for _, r := range m.log {
			if !r.Time.Before(milliseconds(before)) && r.Sequence > m.logged-keep || n == int64(limit) {
				break
			}
			n++
		}
		m.log = m.log[n:]
	})
	return n, err
}

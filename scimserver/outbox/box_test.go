package outbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

var errBroken = errors.New("the disk is full")

// box is a Store in memory, after the words of store.Outbox.
type box struct {
	mu     sync.Mutex
	events map[string][]*store.Event
	broken map[string]bool // by method
	looks  int             // calls of Due and DueTenants
	writes int             // calls of Delivered
	shared bool
}

func newBox() *box { return &box{events: map[string][]*store.Event{}, broken: map[string]bool{}} }

// add appends an event of a member, due at once.
func (b *box) add(tenant, member string) store.Event {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	e := &store.Event{
		Sequence: int64(len(b.events[tenant]) + 1), MemberID: member, Type: store.MemberUpdated, Created: now, NextAttempt: now,
		Body: []byte("{}"),
	}
	e.ID = fmt.Sprintf("%s#%d", tenant, e.Sequence)
	b.events[tenant] = append(b.events[tenant], e)
	return *e
}

func (b *box) fail(method string, broken bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.broken[method] = broken
}

// heads are the oldest pending events of each member.
func (b *box) heads(tenant string) (list []*store.Event) {
	seen := map[string]bool{}
	for _, e := range b.events[tenant] {
		if !e.Delivered && !e.Parked && !seen[e.MemberID] {
			seen[e.MemberID] = true
			list = append(list, e)
		}
	}
	slices.SortStableFunc(list, func(x, y *store.Event) int {
		return cmp.Or(x.NextAttempt.Compare(y.NextAttempt), cmp.Compare(x.Sequence, y.Sequence))
	})
	return list
}

func (b *box) Due(_ context.Context, tenant string, now time.Time, limit int, claim time.Duration) (due []store.Event, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.looks++
	if b.broken["Due"] {
		return nil, errBroken
	}
	for _, e := range b.heads(tenant) {
		if len(due) < limit && !e.NextAttempt.After(now) {
			if claim > 0 {
				e.NextAttempt = now.Add(claim)
			}
			due = append(due, *e)
		}
	}
	return due, nil
}

func (b *box) Unclaim(_ context.Context, tenant string, events []store.Event) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, given := range events {
		if e := b.events[tenant][given.Sequence-1]; e.NextAttempt.Equal(given.NextAttempt) {
			e.NextAttempt = e.Created
		}
	}
	return nil
}

func (b *box) DueTenants(_ context.Context, now time.Time, limit int) (tenants []string, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.looks++
	if b.broken["Due"] {
		return nil, errBroken
	}
	for tenant := range b.events {
		for _, e := range b.heads(tenant) {
			if !e.NextAttempt.After(now) && len(tenants) < limit {
				tenants = append(tenants, tenant)
				break
			}
		}
	}
	return tenants, nil
}

func (b *box) Shared() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.shared
}

func (b *box) share() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.shared = true
}

func (b *box) NextDue(_ context.Context, tenant string) (time.Time, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.broken["NextDue"] {
		return time.Time{}, errBroken
	}
	for _, e := range b.heads(tenant) {
		return e.NextAttempt, nil
	}
	return time.Time{}, nil
}

func (b *box) Delivered(_ context.Context, tenant string, sequences []int64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.writes++
	if b.broken["Delivered"] {
		return errBroken
	}
	for _, n := range sequences {
		b.events[tenant][n-1].Delivered = true
	}
	return nil
}

func (b *box) Failed(_ context.Context, tenant string, sequence int64, a store.Attempt) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.broken["Failed"] {
		return errBroken
	}
	e := b.events[tenant][sequence-1]
	if e.Delivered || !a.Claim.IsZero() && !a.Claim.Equal(e.NextAttempt) {
		return nil
	}
	e.Attempts++
	e.NextAttempt, e.Parked, e.LastError = a.Next, a.Park, a.Error
	return nil
}

// replay makes parked events pending.
func (b *box) replay(tenant string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.events[tenant] {
		if e.Parked {
			e.Parked, e.Attempts, e.NextAttempt = false, 0, time.Now()
		}
	}
}

// find returns an event as it is now.
func (b *box) find(tenant string, sequence int64) store.Event {
	b.mu.Lock()
	defer b.mu.Unlock()
	return *b.events[tenant][sequence-1]
}

func (b *box) expect(t *testing.T, tenant string, delivered, pending, parked int) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	var d, p, k int
	for _, e := range b.events[tenant] {
		switch {
		case e.Delivered:
			d++
		case e.Parked:
			k++
		default:
			p++
		}
	}
	if d != delivered || p != pending || k != parked {
		t.Errorf("%s has %d delivered, %d pending, %d parked events; want %d, %d, %d", tenant, d, p, k, delivered, pending, parked)
	}
}

package memory

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// members is what a tenant has beside its directory.
type members struct {
	byID    map[string]store.MemberRecord
	holds   []store.Hold
	events  []event
	last    int64 // sequence of the latest event
	pruned  int64 // of the latest one that is no longer kept
	log     []store.LogRow
	logged  int64
	work    map[string]bool
	intents []store.Intent
	booked  []time.Time
	state   map[string][]byte
	told    bool // events or log rows were written
	epoch   string
}

// event is an event and what waits for it.
type event struct {
	store.Event
	next int64
}

func newMembers() members {
	return members{byID: map[string]store.MemberRecord{}, work: map[string]bool{}, state: map[string][]byte{}}
}

func (m *members) clone() members {
	c := *m
	c.byID, c.work, c.state = maps.Clone(m.byID), maps.Clone(m.work), maps.Clone(m.state)
	c.holds, c.events, c.log = slices.Clone(m.holds), slices.Clone(m.events), slices.Clone(m.log)
	c.intents, c.booked = slices.Clone(m.intents), slices.Clone(m.booked)
	return c
}

// sorted are the members by id.
func (t *tenant) sorted() []store.MemberRecord {
	return slices.SortedFunc(maps.Values(t.members.byID), func(a, b store.MemberRecord) int { return cmp.Compare(a.ID, b.ID) })
}

// one is the member that is left of a search.
func one(ctx context.Context, found ...store.MemberRecord) (store.MemberRecord, error) {
	if err := ctx.Err(); err != nil {
		return store.MemberRecord{}, err
	}
	if len(found) == 0 {
		return store.MemberRecord{}, store.ErrNotFound
	}
	m := found[0]
	m.Keys = nil
	return m, nil
}

// Member implements store.Reader.
func (t *tenant) Member(ctx context.Context, id string) (store.MemberRecord, error) {
	if m, ok := t.members.byID[id]; ok {
		return one(ctx, m)
	}
	return one(ctx)
}

// MemberOf implements store.Reader.
func (t *tenant) MemberOf(ctx context.Context, userID string) (store.MemberRecord, error) {
	for _, m := range t.members.byID {
		if m.UserID == userID && userID != "" {
			return one(ctx, m)
		}
	}
	return one(ctx)
}

// Unlinked implements store.Reader.
func (t *tenant) Unlinked(ctx context.Context, userName, externalID string) (store.MemberRecord, error) {
	var byExternal, byName []store.MemberRecord
	for _, m := range t.sorted() {
		if m.UserID != "" {
			continue
		}
		if externalID != "" && m.ExternalID == externalID {
			byExternal = append(byExternal, m)
		}
		if userName != "" && filter.Fold(m.UserName) == filter.Fold(userName) {
			byName = append(byName, m)
		}
	}
	for _, found := range [][]store.MemberRecord{byExternal, byName} {
		if len(found) > 0 {
			return one(ctx, slices.MaxFunc(found, func(a, b store.MemberRecord) int {
				return cmp.Or(a.Modified.Compare(b.Modified), cmp.Compare(a.ID, b.ID))
			}))
		}
	}
	return one(ctx)
}

// Holders implements store.Reader.
func (t *tenant) Holders(ctx context.Context, k store.Key) (found []store.MemberRecord, err error) {
	for _, m := range t.sorted() {
		if slices.ContainsFunc(m.Keys, func(o store.Key) bool { return o.Path == k.Path && o.Value == k.Value }) {
			m.Keys = nil
			found = append(found, m)
		}
	}
	return found, ctx.Err()
}

// MemberPage implements store.Reader.
func (t *tenant) MemberPage(ctx context.Context, after string, limit int) (page []store.MemberRecord, err error) {
	for _, m := range t.sorted() {
		if m.ID > after && len(page) < limit {
			m.Keys = nil
			page = append(page, m)
		}
	}
	return page, ctx.Err()
}

// Holds implements store.Reader.
func (t *tenant) Holds(ctx context.Context, memberID string) (holds []store.Hold, err error) {
	for _, h := range t.members.holds {
		if memberID == "" || h.MemberID == memberID {
			holds = append(holds, h)
		}
	}
	slices.SortFunc(holds, func(a, b store.Hold) int {
		return cmp.Or(cmp.Compare(a.MemberID, b.MemberID), cmp.Compare(a.Name, b.Name))
	})
	return holds, ctx.Err()
}

// putMember checks and stores a member.
func (t *tenant) putMember(ctx context.Context, m store.MemberRecord) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, o := range t.members.byID {
		if o.ID != m.ID && m.UserID != "" && o.UserID == m.UserID {
			return &store.UniquenessError{Attribute: "user"}
		}
	}
	m.Created, m.Modified = milliseconds(m.Created), milliseconds(m.Modified)
	t.members.byID[m.ID] = m
	return nil
}

// InsertMember implements store.Writer.
func (t *tenant) InsertMember(ctx context.Context, m store.MemberRecord) error {
	if _, taken := t.members.byID[m.ID]; taken {
		return &store.UniquenessError{Attribute: "id"}
	}
	return t.putMember(ctx, m)
}

// ReplaceMember implements store.Writer.
func (t *tenant) ReplaceMember(ctx context.Context, m store.MemberRecord) error {
	old, err := t.Member(ctx, m.ID)
	if err != nil {
		return err
	}
	m.Created = old.Created
	return t.putMember(ctx, m)
}

// DeleteMember implements store.Writer.
func (t *tenant) DeleteMember(ctx context.Context, id string) error {
	if _, err := t.Member(ctx, id); err != nil {
		return err
	}
	delete(t.members.byID, id)
	t.members.holds = slices.DeleteFunc(t.members.holds, func(h store.Hold) bool { return h.MemberID == id })
	return nil
}

// PutHold implements store.Writer.
func (t *tenant) PutHold(ctx context.Context, h store.Hold) error {
	if _, err := t.Member(ctx, h.MemberID); err != nil {
		return err
	}
	if _, err := t.DeleteHold(ctx, h.MemberID, h.Name); err != nil {
		return err
	}
	h.Created = milliseconds(h.Created)
	t.members.holds = append(t.members.holds, h)
	return nil
}

// DeleteHold implements store.Writer.
func (t *tenant) DeleteHold(ctx context.Context, memberID, name string) (bool, error) {
	before := len(t.members.holds)
	t.members.holds = slices.DeleteFunc(t.members.holds, func(h store.Hold) bool { return h.MemberID == memberID && h.Name == name })
	return len(t.members.holds) < before, ctx.Err()
}

// UsersAfter implements store.Reader.
func (t *tenant) UsersAfter(ctx context.Context, position string, limit int) (users []store.Record, last string, err error) {
	var after int64
	if position != "" {
		if after, err = strconv.ParseInt(position, 10, 64); err != nil {
			return nil, "", fmt.Errorf("position of a user: %w", err)
		}
	}
	for _, e := range t.resources {
		if e.Type == store.TypeUser && e.number > after && len(users) < limit {
			users, after = append(users, e.shown()), e.number
		}
	}
	return users, strconv.FormatInt(after, 10), ctx.Err()
}

// Work implements store.Reader.
func (t *tenant) Work(ctx context.Context, limit int) ([]string, error) {
	ids := slices.Sorted(maps.Keys(t.members.work))
	return ids[:min(limit, len(ids))], ctx.Err()
}

// AddWork implements store.Writer.
func (t *tenant) AddWork(ctx context.Context, userIDs []string) error {
	for _, id := range userIDs {
		t.members.work[id] = true
	}
	return ctx.Err()
}

// AddWorkBelow implements store.Writer.
func (t *tenant) AddWorkBelow(ctx context.Context, groupID string) error {
	seen := map[string]bool{groupID: true}
	for queue := []string{groupID}; len(queue) > 0; queue = queue[1:] {
		e := t.byID[queue[0]]
		if e == nil {
			continue
		}
		if e.Type == store.TypeUser {
			t.members.work[e.ID] = true
		}
		for _, id := range e.members {
			if !seen[id] {
				seen[id] = true
				queue = append(queue, id)
			}
		}
	}
	return ctx.Err()
}

// RemoveWork implements store.Writer.
func (t *tenant) RemoveWork(ctx context.Context, userIDs []string) error {
	for _, id := range userIDs {
		delete(t.members.work, id)
	}
	return ctx.Err()
}

// Intents implements store.Reader.
func (t *tenant) Intents(ctx context.Context) ([]store.Intent, error) {
	list := slices.Clone(t.members.intents)
	slices.SortFunc(list, func(a, b store.Intent) int {
		return cmp.Or(a.Created.Compare(b.Created), strings.Compare(a.ID, b.ID))
	})
	return list, ctx.Err()
}

// PutIntent implements store.Writer.
func (t *tenant) PutIntent(ctx context.Context, i store.Intent) error {
	if err := t.DeleteIntent(ctx, i.ID); err != nil {
		return err
	}
	i.Created = milliseconds(i.Created)
	t.members.intents = append(t.members.intents, i)
	return nil
}

// DeleteIntent implements store.Writer.
func (t *tenant) DeleteIntent(ctx context.Context, id string) error {
	t.members.intents = slices.DeleteFunc(t.members.intents, func(i store.Intent) bool { return i.ID == id })
	return ctx.Err()
}

// Offboardings implements store.Reader.
func (t *tenant) Offboardings(ctx context.Context, since time.Time) (n int64, err error) {
	for _, at := range t.members.booked {
		if !at.Before(milliseconds(since)) {
			n++
		}
	}
	return n, ctx.Err()
}

// BookOffboarding implements store.Writer.
func (t *tenant) BookOffboarding(ctx context.Context, at, oldest time.Time) error {
	t.members.booked = slices.DeleteFunc(t.members.booked, func(b time.Time) bool { return b.Before(milliseconds(oldest)) })
	t.members.booked = append(t.members.booked, milliseconds(at))
	return ctx.Err()
}

// State implements store.Reader.
func (t *tenant) State(ctx context.Context, name string) ([]byte, error) {
	return slices.Clone(t.members.state[name]), ctx.Err()
}

// SetState implements store.Writer.
func (t *tenant) SetState(ctx context.Context, name string, value []byte) error {
	if value == nil {
		delete(t.members.state, name)
	} else {
		t.members.state[name] = slices.Clone(value)
	}
	return ctx.Err()
}

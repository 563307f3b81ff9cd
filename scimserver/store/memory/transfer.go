package memory

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// Dump implements store.Store.
func (s *Store) Dump(ctx context.Context, key string, yield func(store.Row) error) error {
	rows, err := s.rows(ctx, key)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if err := yield(r); err != nil {
			return err
		}
	}
	return nil
}

// Rows implements store.Store.
func (s *Store) Rows(ctx context.Context, key, kind string, keys []string, yield func(store.Row) error) error {
	rows, err := s.rows(ctx, key)
	if err != nil {
		return err
	}
	for _, k := range keys {
		i := slices.IndexFunc(rows, func(r store.Row) bool { return r.Kind == kind && r.Key == k })
		if i < 0 {
			continue
		}
		if err := yield(rows[i]); err != nil {
			return err
		}
	}
	return nil
}

// rows are all rows of a tenant, in the order in which they are dumped.
func (s *Store) rows(ctx context.Context, key string) ([]store.Row, error) {
	t, err := s.tenant(ctx, key)
	if err != nil {
		return nil, err
	}
	rows := slices.Concat(t.directoryRows(), t.memberRows(), t.members.rows())
	s.mu.RLock()
	defer s.mu.RUnlock()
	var purged []string
	for p := range s.purged {
		if p.tenant == key {
			purged = append(purged, p.uid)
		}
	}
	slices.Sort(purged)
	for _, uid := range purged {
		rows = append(rows, store.Row{RowKey: store.RowKey{Kind: store.RowPurge, Key: uid}})
	}
	return rows, nil
}

func (t *tenant) directoryRows() (rows []store.Row) {
	resources := slices.SortedStableFunc(slices.Values(t.resources), func(a, b *entry) int { return cmp.Compare(order(a.Type), order(b.Type)) })
	for _, e := range resources {
		rows = append(rows, store.ResourceRowOf(e.Record, e.password))
	}
	for _, e := range resources {
		if len(e.members) > 0 {
			rows = append(rows, store.Row{RowKey: store.RowKey{Kind: store.RowMembership, Key: e.ID}, Members: slices.Clone(e.members)})
		}
	}
	return rows
}

// order has users first, then groups.
func order(typ string) int {
	return slices.Index([]string{store.TypeUser, store.TypeGroup}, typ)
}

func (t *tenant) memberRows() (rows []store.Row) {
	for _, m := range t.sorted() {
		own := slices.DeleteFunc(slices.Clone(t.members.holds), func(h store.Hold) bool { return h.MemberID != m.ID })
		rows = append(rows, store.MemberRowOf(m, own))
	}
	return rows
}

// rows are those of the events and of the work.
func (m *members) rows() (rows []store.Row) {
	for _, e := range m.events {
		rows = append(rows, store.EventRowOf(e.Event, e.next))
	}
	for _, r := range m.log {
		rows = append(rows, store.LogRowOf(r))
	}
	for _, i := range slices.SortedFunc(slices.Values(m.intents), func(a, b store.Intent) int { return strings.Compare(a.ID, b.ID) }) {
		rows = append(rows, store.IntentRowOf(i))
	}
	for _, id := range slices.Sorted(maps.Keys(m.work)) {
		rows = append(rows, store.Row{RowKey: store.RowKey{Kind: store.RowWork, Key: id}})
	}
	booked := map[int64]int64{}
	for _, at := range m.booked {
		booked[at.UnixMilli()]++
	}
	for _, at := range slices.Sorted(maps.Keys(booked)) {
		rows = append(rows, store.Row{
			RowKey: store.RowKey{Kind: store.RowOffboarding, Key: store.RowNumber(at)}, Offboarding: &store.OffboardingRow{Total: booked[at]},
		})
	}
	for _, name := range slices.Sorted(maps.Keys(m.state)) {
		rows = append(rows, store.Row{RowKey: store.RowKey{Kind: store.RowState, Key: name}, State: &store.StateRow{Value: m.state[name]}})
	}
	if m.epoch != "" {
		rows = append(rows, store.Row{
			RowKey: store.RowKey{Kind: store.RowStream, Key: store.StreamKey},
			Stream: &store.StreamRow{Epoch: m.epoch, Last: m.last, Pruned: m.pruned, Logs: m.logged},
		})
	}
	return rows
}

// Load implements store.Store.
func (s *Store) Load(ctx context.Context, key string, remove []store.RowKey, rows []store.Row) error {
	for _, r := range rows {
		if err := r.Check(); err != nil {
			return err
		}
	}
	return s.update(ctx, key, true, func(t *tenant) error {
		for _, k := range remove {
			t.unload(k)
		}
		for _, r := range rows {
			if r.Kind == store.RowPurge {
				s.purged[purge{key, r.Key}] = true
			} else {
				t.load(r)
			}
		}
		t.members.told = true
		return nil
	})
}

// unload removes a row. Memberships of a resource go with it.
func (t *tenant) unload(k store.RowKey) {
	m := &t.members
	switch k.Kind {
	case store.RowResource:
		t.resources = slices.DeleteFunc(t.resources, func(e *entry) bool { return e.ID == k.Key })
		delete(t.byID, k.Key)
		for _, g := range slices.Clone(t.resources) {
			if slices.Contains(g.members, k.Key) {
				t.put(g.without(k.Key))
			}
		}
	case store.RowMembership:
		t.setMembers(k.Key, nil)
	case store.RowMember:
		delete(m.byID, k.Key)
		m.holds = slices.DeleteFunc(m.holds, func(h store.Hold) bool { return h.MemberID == k.Key })
	case store.RowEvent:
		m.events = slices.DeleteFunc(m.events, func(e event) bool { return store.RowNumber(e.Sequence) == k.Key })
	case store.RowLog:
		m.log = slices.DeleteFunc(m.log, func(r store.LogRow) bool { return store.RowNumber(r.Sequence) == k.Key })
	case store.RowIntent:
		m.intents = slices.DeleteFunc(m.intents, func(i store.Intent) bool { return i.ID == k.Key })
	case store.RowWork:
		delete(m.work, k.Key)
	case store.RowOffboarding:
		m.booked = slices.DeleteFunc(m.booked, func(at time.Time) bool { return store.RowNumber(at.UnixMilli()) == k.Key })
	case store.RowState:
		delete(m.state, k.Key)
	}
}

// setMembers makes those of the ids that are there the members of a group, if that is there.
func (t *tenant) setMembers(group string, ids []string) {
	if g := t.byID[group]; g != nil {
		c := *g
		c.members = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return t.byID[id] == nil })
		t.put(&c)
	}
}

// load puts a row that was checked.
func (t *tenant) load(r store.Row) {
	switch r.Kind {
	case store.RowResource:
		t.loadResource(r)
	case store.RowMembership:
		t.setMembers(r.Key, r.Members)
	case store.RowMember:
		t.loadMember(r)
	default:
		t.members.load(r)
	}
}

func (t *tenant) loadResource(r store.Row) {
	e := &entry{Record: r.Record(), password: r.Resource.Password}
	for _, o := range slices.Clone(t.resources) {
		if o.ID != e.ID && o.Type == e.Type && e.Keys.NameUnique && o.Keys.NameUnique && o.Keys.Name == e.Keys.Name {
			c := *o
			c.Keys.NameUnique = false
			t.put(&c)
		}
	}
	if old := t.byID[e.ID]; old != nil {
		e.number, e.members = old.number, old.members
		t.put(e)
		return
	}
	t.created++
	e.number = t.created
	t.resources, t.byID[e.ID] = append(t.resources, e), e
}

func (t *tenant) loadMember(r store.Row) {
	m, holds := r.MemberRecord()
	for _, o := range t.members.byID {
		if o.ID != m.ID && m.UserID != "" && o.UserID == m.UserID {
			t.unload(store.RowKey{Kind: store.RowMember, Key: o.ID})
		}
	}
	t.unload(r.RowKey)
	t.members.byID[m.ID] = m
	t.members.holds = append(t.members.holds, holds...)
}

func (m *members) load(r store.Row) {
	number, _ := r.Number() // of those that have one it was checked
	switch r.Kind {
	case store.RowEvent:
		e, next := r.EventOf(number)
		m.events = placed(m.events, event{Event: e, next: next}, func(e event) int64 { return e.Sequence })
	case store.RowLog:
		l := store.LogRow{Sequence: number, Time: time.UnixMilli(r.Log.Time).UTC(), UserID: r.Log.UserID, Subject: r.Log.Subject, Entry: r.Log.Entry}
		m.log = placed(m.log, l, func(l store.LogRow) int64 { return l.Sequence })
	case store.RowIntent:
		m.intents = append(slices.DeleteFunc(m.intents, func(i store.Intent) bool { return i.ID == r.Key }), r.IntentOf())
	case store.RowWork:
		m.work[r.Key] = true
	case store.RowOffboarding:
		m.booked = slices.DeleteFunc(m.booked, func(at time.Time) bool { return at.UnixMilli() == number })
		m.booked = append(m.booked, slices.Repeat([]time.Time{time.UnixMilli(number).UTC()}, int(r.Offboarding.Total))...)
	case store.RowState:
		m.state[r.Key] = r.State.Value
	case store.RowStream:
		m.epoch, m.last, m.pruned, m.logged = r.Stream.Epoch, r.Stream.Last, r.Stream.Pruned, r.Stream.Logs
	}
}

// placed puts x into a list in the order of numbers, in the place of the one with its number.
func placed[T any](list []T, x T, number func(T) int64) []T {
	i, found := slices.BinarySearchFunc(list, x, func(a, b T) int { return cmp.Compare(number(a), number(b)) })
	if found {
		list[i] = x
		return list
	}
	return slices.Insert(list, i, x)
}

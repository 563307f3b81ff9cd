package memory

import (
	"context"
	"slices"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// Get implements store.Reader.
func (t *tenant) Get(ctx context.Context, typ, id string) (store.Record, error) {
	if err := ctx.Err(); err != nil {
		return store.Record{}, err
	}
	e, err := t.get(typ, id)
	if err != nil {
		return store.Record{}, err
	}
	return e.shown(), nil
}

// Members implements store.Reader.
func (t *tenant) Members(ctx context.Context, groupID string, yield func(store.Member) error) error {
	g, err := t.get(store.TypeGroup, groupID)
	if err != nil {
		return nil
	}
	for _, id := range g.members {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := yield(t.member(id)); err != nil {
			return err
		}
	}
	return nil
}

func (t *tenant) member(id string) store.Member {
	m := t.byID[id]
	return store.Member{ID: id, Type: m.Type, Display: m.Keys.Display}
}

// MembersIn implements store.Reader.
func (t *tenant) MembersIn(ctx context.Context, groupID string, ids []string) ([]string, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	g, err := t.get(store.TypeGroup, groupID)
	if err != nil {
		return nil, nil
	}
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !slices.Contains(g.members, id) }), nil
}

// GroupsOf implements store.Reader.
func (t *tenant) GroupsOf(ctx context.Context, ids []string) (map[string][]store.GroupRef, error) {
	groups := make(map[string][]store.GroupRef)
	for _, id := range ids {
		if _, done := groups[id]; done {
			continue
		}
		for _, g := range t.holders(id) {
			groups[id] = append(groups[id], store.GroupRef{ID: g.ID, DisplayName: g.Keys.Display})
		}
	}
	return groups, ctx.Err()
}

// AddMembers implements store.Writer.
func (t *tenant) AddMembers(ctx context.Context, groupID string, ids []string) (added int, unknown []string, err error) {
	if err := ctx.Err(); err != nil {
		return 0, nil, err
	}
	g, err := t.get(store.TypeGroup, groupID)
	if err != nil {
		return 0, nil, err
	}
	c := *g
	c.members = slices.Clone(g.members)
	for _, id := range ids {
		switch {
		case t.byID[id] == nil:
			if !slices.Contains(unknown, id) {
				unknown = append(unknown, id)
			}
		case !slices.Contains(c.members, id):
			c.members = append(c.members, id)
			added++
		}
	}
	t.put(&c)
	return added, unknown, nil
}

// RemoveMembers implements store.Writer.
func (t *tenant) RemoveMembers(ctx context.Context, groupID string, ids []string) (removed int, err error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	g, err := t.get(store.TypeGroup, groupID)
	if err != nil {
		return 0, err
	}
	c := g.without(ids...)
	t.put(c)
	return len(g.members) - len(c.members), nil
}

// without is the group without some members.
func (e *entry) without(ids ...string) *entry {
	c := *e
	c.members = slices.DeleteFunc(slices.Clone(e.members), func(id string) bool { return slices.Contains(ids, id) })
	return &c
}

// ReplaceMembers implements store.Writer.
func (t *tenant) ReplaceMembers(ctx context.Context, groupID string, ids []string) (added, removed int, unknown []string, err error) {
	if err := ctx.Err(); err != nil {
		return 0, 0, nil, err
	}
	g, err := t.get(store.TypeGroup, groupID)
	if err != nil {
		return 0, 0, nil, err
	}
	gone := slices.DeleteFunc(slices.Clone(g.members), func(id string) bool { return slices.Contains(ids, id) })
	if removed, err = t.RemoveMembers(ctx, groupID, gone); err != nil {
		return 0, 0, nil, err
	}
	added, unknown, err = t.AddMembers(ctx, groupID, ids)
	return added, removed, unknown, err
}

// ClearMembers implements store.Writer.
func (t *tenant) ClearMembers(ctx context.Context, groupID string) (removed int, err error) {
	_, removed, _, err = t.ReplaceMembers(ctx, groupID, nil)
	return removed, err
}

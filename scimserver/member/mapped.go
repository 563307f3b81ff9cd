package member

import (
	"context"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/directory"
	"github.com/scim-operator/scim-operator/scimserver/mapping"
	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// mapped is what the mapping makes of a user, as a member is stored. With a rejection nothing else of it counts but groups.
type mapped struct {
	groups    []byte // nil where the mapping does not look at them
	role      string
	fields    []byte
	keys      []store.Key // the unique ones of the fields
	rejection *mapping.Rejection
}

// mapUser runs the mapping.
func (t *Tenant) mapUser(ctx context.Context, in mapping.Input) (m mapped) {
	if t.Mapper.NeedsGroups() {
		m.groups = appendStrings(nil, in.Groups)
	}
	out := t.Mapper.Map(ctx, in)
	if m.rejection = out.Rejection; m.rejection != nil {
		return m
	}
	m.role, m.keys = out.Role, []store.Key{}
	m.fields = mapping.AppendFieldsJSON(make([]byte, 0, 256), out.Fields)
	for _, f := range out.Fields {
		if f.Set && t.unique[f.Field] {
			m.keys = append(m.keys, store.Key{Path: f.Field, Value: filter.Fold(f.Text)})
		}
	}
	return m
}

// draft is a new user, mapped before the transaction: the store has one writer, for whom all changes wait. Such a user is in
// no group and has no member yet.
type draft struct {
	doc *resource.Object
	mapped
}

// draft returns nil where the operation does not come to a new member, or the mapping wants to know what only the store knows.
func (t *Tenant) draft(ctx context.Context, op directory.Operation) *draft {
	if op.New == nil || op.Type != store.TypeUser || t.Lifecycle.OnCreate.Action == config.None || t.Mapper.NeedsMeta() {
		return nil
	}
	if active, ok := op.New.Get("active"); ok && !active.Bool() {
		return nil
	}
	return &draft{op.New, t.mapUser(ctx, mapping.Input{User: withID(op.New, op.ID), Groups: []string{}})}
}

// withID is a user's document as the mapping gets to see it.
func withID(doc *resource.Object, id string) *resource.Object {
	return doc.CopyWith("id", resource.String(id))
}

// mapped is what the mapping makes of the user.
func (ev *evaluation) mapped(ctx context.Context, doc *resource.Object, m *store.MemberRecord) (mapped, error) {
	if d := ev.s.draft; d != nil && ev.user.before == nil && d.doc == doc {
		return d.mapped, nil
	}
	in, err := ev.input(ctx, doc, m)
	if err != nil {
		return mapped{}, err
	}
	return ev.s.t.mapUser(ctx, in), nil
}

package member

import (
	"context"
	"sync"

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
	room := rooms.Get().(*[]mapping.Value)
	in.Room = *room
	out := t.Mapper.Map(ctx, in)
	if m.rejection = out.Rejection; m.rejection == nil {
		m.role, m.keys = out.Role, t.keysIn(out.Fields)
		m.fields = mapping.AppendFieldsJSON(make([]byte, 0, 256), out.Fields)
	}
	clear(out.Fields)
	if out.Fields != nil {
		*room = out.Fields
	}
	rooms.Put(room)
	return m
}

// rooms are memory for fields, which are only needed until they are JSON.
var rooms = sync.Pool{New: func() any { return new([]mapping.Value) }}

// keysIn are the unique ones of the fields; not nil.
func (t *Tenant) keysIn(fields []mapping.Value) []store.Key {
	keys := []store.Key{}
	for i := range fields {
		if f := &fields[i]; f.Set && t.unique[f.Field] {
			keys = append(keys, store.Key{Path: f.Field, Value: filter.Fold(f.Text)})
		}
	}
	return keys
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
	return &draft{op.New, t.mapUser(ctx, mapping.Input{User: t.seen(op.New, op.ID), Groups: []string{}})}
}

// seen is a user's document as the mapping gets to see it.
func (t *Tenant) seen(doc *resource.Object, id string) *resource.Object {
	if !t.Mapper.NeedsID() {
		return doc
	}
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

package memory

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// tenant is the state of one tenant. It implements store.Writer; a Reader never changes it.
type tenant struct {
	resources []*entry // in the order of creation
	byID      map[string]*entry
	created   int64 // how many resources there ever were
	members   members
}

// entry is a resource. It is replaced and not changed.
type entry struct {
	store.Record
	number   int64    // in the order of creation
	members  []string // ids, in the order of addition
	password string
}

func newTenant() *tenant { return &tenant{byID: make(map[string]*entry), members: newMembers()} }

func (t *tenant) clone() *tenant {
	return &tenant{resources: slices.Clone(t.resources), byID: maps.Clone(t.byID), created: t.created, members: t.members.clone()}
}

func (t *tenant) get(typ, id string) (*entry, error) {
	if e := t.byID[id]; e != nil && e.Type == typ {
		return e, nil
	}
	return nil, store.ErrNotFound
}

// put replaces the state of a resource.
func (t *tenant) put(e *entry) {
	i := slices.Index(t.resources, t.byID[e.ID])
	t.resources[i], t.byID[e.ID] = e, e
}

// unique looks for another resource with a unique key of the record.
func (t *tenant) unique(r store.Record) error {
	for _, e := range t.resources {
		if e.Type != r.Type || e.ID == r.ID {
			continue
		}
		if r.Keys.NameUnique && r.Keys.Name != "" && e.Keys.NameUnique && e.Keys.Name == r.Keys.Name {
			return &store.UniquenessError{Attribute: store.NameAttribute(r.Type)}
		}
		for _, k := range r.Keys.Values {
			if k.Unique && e.has(k) {
				return &store.UniquenessError{Attribute: k.Path}
			}
		}
	}
	return nil
}

func (e *entry) has(k store.Key) bool {
	return slices.ContainsFunc(e.Keys.Values, func(o store.Key) bool { return o.Path == k.Path && o.Value == k.Value })
}

// shown is the record as the store returns it.
func (e *entry) shown() store.Record {
	r := e.Record
	r.Keys = store.Keys{}
	r.Doc = slices.Clone(r.Doc)
	return r
}

// Insert implements store.Writer.
func (t *tenant) Insert(ctx context.Context, r store.Record) (store.Record, error) {
	if err := ctx.Err(); err != nil {
		return store.Record{}, err
	}
	if t.byID[r.ID] != nil {
		return store.Record{}, &store.UniquenessError{Attribute: "id"}
	}
	if err := t.unique(r); err != nil {
		return store.Record{}, err
	}
	r.Version, r.Created, r.Modified = 1, milliseconds(r.Created), milliseconds(r.Modified)
	r.Doc = slices.Clone(r.Doc)
	t.created++
	e := &entry{Record: r, number: t.created}
	t.resources = append(t.resources, e)
	t.byID[r.ID] = e
	return e.shown(), nil
}

func milliseconds(t time.Time) time.Time { return time.UnixMilli(t.UnixMilli()).UTC() }

// Replace implements store.Writer.
func (t *tenant) Replace(ctx context.Context, r store.Record) (store.Record, error) {
	if err := ctx.Err(); err != nil {
		return store.Record{}, err
	}
	old, err := t.get(r.Type, r.ID)
	if err != nil {
		return store.Record{}, err
	}
	if err := t.unique(r); err != nil {
		return store.Record{}, err
	}
	r.Version, r.Created, r.Modified = old.Version+1, old.Created, milliseconds(r.Modified)
	r.Doc = slices.Clone(r.Doc)
	e := &entry{Record: r, number: old.number, members: old.members, password: old.password}
	t.put(e)
	return e.shown(), nil
}

// Touch implements store.Writer.
func (t *tenant) Touch(ctx context.Context, typ, id string, at time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	e, err := t.get(typ, id)
	if err != nil {
		return err
	}
	t.put(e.touched(at))
	return nil
}

func (e *entry) touched(at time.Time) *entry {
	c := *e
	c.Version++
	c.Modified = milliseconds(at)
	return &c
}

// Delete implements store.Writer.
func (t *tenant) Delete(ctx context.Context, typ, id string, at time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	e, err := t.get(typ, id)
	if err != nil {
		return err
	}
	t.resources = slices.DeleteFunc(t.resources, func(o *entry) bool { return o == e })
	delete(t.byID, id)
	for _, g := range slices.Clone(t.resources) {
		if slices.Contains(g.members, id) {
			t.put(g.touched(at).without(id))
		}
	}
	return nil
}

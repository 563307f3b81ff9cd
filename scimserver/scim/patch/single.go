package patch

import (
	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
)

// single is one value after an operation on the whole of it.
func (p *patcher) single(a *schema.Attribute, old resource.Value, kind Kind, v resource.Value) (resource.Value, error) {
	if kind == Remove {
		return resource.Null(), guardAll(a, old, resource.Null())
	}
	if a.Type == schema.Complex {
		part, err := p.part(a, v)
		if err != nil {
			return old, err
		}
		part.whole = kind == Replace && p.tol.IsStrict()
		return part.merge(a, old)
	}
	next, err := resource.CoerceElement(a, v, p.tol)
	if err != nil {
		return next, err
	}
	return next, guard(a, old, next)
}

// guardAll is guard for a value and what is in it.
func guardAll(a *schema.Attribute, old, next resource.Value) error {
	if err := guard(a, old, next); err != nil {
		return err
	}
	for _, s := range a.SubAttributes {
		if err := guard(s, old.Object().Value(s.Name), next.Object().Value(s.Name)); err != nil {
			return err
		}
	}
	return nil
}

// part is a value for a complex attribute: what it sets, and what it names besides and so unassigns.
type part struct {
	value    resource.Value
	sent     *resource.Object
	isObject bool
	whole    bool // it takes the place of all there is, as the interoperability profile has replace
}

func (p *patcher) part(a *schema.Attribute, v resource.Value) (part, error) {
	value, err := resource.CoercePartial(a, v, p.tol)
	sent, isObject := resource.Embedded(v, p.tol)
	return part{value: value, sent: sent, isObject: isObject}, err
}

// merge sets the sub-attributes a value has and leaves the others (RFC 7644 §3.5.2.3). Those that are null in it are unassigned.
func (p part) merge(a *schema.Attribute, old resource.Value) (next resource.Value, err error) {
	if p.value.IsNull() && !p.isObject {
		return resource.Null(), guardAll(a, old, resource.Null())
	}
	next = old
	for _, s := range a.SubAttributes {
		value := p.value.Object().Value(s.Name)
		_, named := p.sent.Get(s.Name)
		keeps := !named && (!p.whole || s.Mutability == schema.Immutable)
		if value.IsNull() && keeps || s.Mutability == schema.ReadOnly {
			continue
		}
		if next, err = setSub(a, next, s, value); err != nil {
			return next, err
		}
	}
	return next, guard(a, old, next)
}

// setSub is an object with a sub-attribute set or, by null, removed; null if nothing is left.
func setSub(a *schema.Attribute, v resource.Value, s *schema.Attribute, value resource.Value) (resource.Value, error) {
	old := v.Object()
	if err := guard(s, old.Value(s.Name), value); err != nil {
		return v, err
	}
	stale := s == a.Value() && !old.Value(s.Name).Equal(value)
	next := resource.NewObject(len(a.SubAttributes))
	for _, sub := range a.SubAttributes {
		w := old.Value(sub.Name)
		if sub == s {
			w = value
		} else if stale && (sub.Name == "$ref" || sub.Mutability == schema.ReadOnly) {
			continue // it belongs to the former value
		}
		if !w.IsNull() {
			next.Set(sub.Name, w)
		}
	}
	if next.Len() == 0 {
		return resource.Null(), nil
	}
	return resource.Obj(next), nil
}

// sub is the value of a sub-attribute that an operation sets, null if it removes it.
func (p *patcher) sub(op *Op) (resource.Value, error) {
	if op.Kind == Remove {
		return resource.Null(), nil
	}
	return resource.Coerce(op.Path.Path.Sub, op.Value, p.tol)
}

// subOf is a complex value after an operation on one of its sub-attributes.
func (p *patcher) subOf(a *schema.Attribute, old resource.Value, op *Op) (resource.Value, error) {
	value, err := p.sub(op)
	if err != nil {
		return old, err
	}
	return p.withSub(a, old, op, value)
}

// withSub is subOf for a value that is read already.
func (p *patcher) withSub(a *schema.Attribute, old resource.Value, op *Op, value resource.Value) (next resource.Value, err error) {
	s := op.Path.Path.Sub
	if s.MultiValued && op.Kind == Add {
		if value.IsNull() {
			return old, nil
		}
		value = resource.Array(append(append([]resource.Value{}, old.Object().Value(s.Name).Elems()...), value.Elems()...)...)
		if value, err = resource.Coerce(s, value, p.tol); err != nil {
			return old, err
		}
	}
	if next, err = setSub(a, old, s, value); err != nil {
		return next, err
	}
	return next, guard(a, old, next)
}

// selectedSingle takes a filter on an attribute that is not multi-valued: it selects the one value, or nothing.
func (p *patcher) selectedSingle(op *Op, old resource.Value) (resource.Value, error) {
	a := op.target()
	if old.IsNull() || !filter.MatchValue(op.Path.Filter, old) {
		if op.Kind == Remove && p.tol.Allow(tolerance.PatchRemoveAbsent) {
			return old, nil
		}
		made, ok := p.fromFilter(a, op.Path.Filter)
		if op.Kind == Remove || !old.IsNull() || !ok || !p.tol.Allow(tolerance.PatchCreateForFilter) {
			return old, noTarget(a)
		}
		old = made
	}
	if op.Path.Path.Sub != nil {
		return p.subOf(a, old, op)
	}
	return p.single(a, old, op.Kind, op.Value)
}

func noTarget(a *schema.Attribute) error {
	return scimerr.NoTarget("%s: the filter of the path selects no value", a.FullName())
}

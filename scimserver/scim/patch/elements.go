package patch

import (
	"slices"

	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
)

// elements is a multi-valued attribute after an operation on all of it.
func (p *patcher) elements(op *Op, old resource.Value) (resource.Value, error) {
	a := op.target()
	if op.Kind == Remove {
		return p.removeElements(op, old)
	}
	sent, err := resource.Coerce(a, op.Value, p.tol)
	if err != nil {
		return sent, err
	}
	if op.Kind == Replace {
		return sent, guard(a, old, sent)
	}
	if sent.IsNull() {
		return old, nil
	}
	if err := p.charge(elementsCost(a, old) + elementsCost(a, sent) + len(old.Elems())*min(len(sent.Elems()), 16)); err != nil {
		return old, err
	}
	next := slices.Clone(old.Elems())
	if anyPrimary(a, sent.Elems()) {
		onlyPrimary(a, next, -1)
	}
	v := array(resource.Union(a, next, sent.Elems()))
	return v, guard(a, old, v)
}

// removeElements removes all, or those listed in the value.
func (p *patcher) removeElements(op *Op, old resource.Value) (resource.Value, error) {
	a := op.target()
	if op.Value.IsNull() {
		return resource.Null(), guard(a, old, resource.Null())
	}
	if !p.tol.Allow(tolerance.PatchRemoveValues) {
		return old, scimerr.InvalidValue("%s: remove has no value: select what to remove by a filter in path", a.FullName())
	}
	listed, err := resource.Coerce(a, op.Value, p.tol)
	if err != nil {
		return old, err
	}
	if err := p.charge(len(old.Elems()) * len(listed.Elems())); err != nil {
		return old, err
	}
	left := slices.DeleteFunc(slices.Clone(old.Elems()), func(e resource.Value) bool {
		return slices.ContainsFunc(listed.Elems(), func(l resource.Value) bool { return covers(a, l, e) })
	})
	next := array(left)
	return next, guard(a, old, next)
}

// covers says whether an element has everything a listed one has, but for what is only shown.
func covers(a *schema.Attribute, listed, e resource.Value) bool {
	if listed.Object() == nil {
		return listed.Equal(e)
	}
	for name, v := range listed.Object().All() {
		telling := a.Value() == nil || name == a.Value().Name || a.Kind() != nil && name == a.Kind().Name
		if telling && !v.Equal(e.Object().Value(name)) {
			return false
		}
	}
	return true
}

// everyElement sets or removes a sub-attribute of all elements.
func (p *patcher) everyElement(op *Op, old resource.Value) (resource.Value, error) {
	if err := p.charge(len(old.Elems())); err != nil {
		return old, err
	}
	all := make([]int, len(old.Elems()))
	for i := range all {
		all[i] = i
	}
	if len(all) > 0 || op.Kind == Remove {
		return p.setEach(op, old.Elems(), all)
	}
	if !p.tol.Allow(tolerance.PatchCreateForFilter) {
		return old, scimerr.NoTarget("%s: has no value whose sub-attribute could be set", op.target().FullName())
	}
	return p.setEach(op, []resource.Value{{}}, []int{0})
}

// setEach applies an operation on a sub-attribute to the elements at the positions.
func (p *patcher) setEach(op *Op, elems []resource.Value, at []int) (resource.Value, error) {
	a := op.target()
	value, err := p.sub(op)
	if err != nil {
		return value, err
	}
	if err := p.charge(len(elems) + writeCost*len(at)); err != nil {
		return value, err
	}
	next := slices.Clone(elems)
	for _, i := range at {
		if next[i], err = p.withSub(a, next[i], op, value); err != nil {
			return next[i], err
		}
	}
	if op.Path.Path.Sub == a.Primary() && len(at) > 0 && isPrimary(a, next[at[0]]) {
		onlyPrimary(a, next, at[0])
	}
	return array(next), nil
}

// array is the value of elements; those that are null are gone.
func array(elems []resource.Value) resource.Value {
	elems = slices.DeleteFunc(elems, resource.Value.IsNull)
	if len(elems) == 0 {
		return resource.Null()
	}
	return resource.Array(elems...)
}

func isPrimary(a *schema.Attribute, e resource.Value) bool {
	return a.Primary() != nil && e.Object().Value(a.Primary().Name).Bool()
}

func anyPrimary(a *schema.Attribute, elems []resource.Value) bool {
	return slices.ContainsFunc(elems, func(e resource.Value) bool { return isPrimary(a, e) })
}

// onlyPrimary takes primary from all elements but one (RFC 7644 §3.5.2).
func onlyPrimary(a *schema.Attribute, elems []resource.Value, but int) {
	for i, e := range elems {
		if i != but {
			elems[i] = resource.Demote(a, e)
		}
	}
}

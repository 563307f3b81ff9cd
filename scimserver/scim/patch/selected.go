package patch

import (
	"slices"

	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
)

// selected is a multi-valued attribute after an operation on the elements a filter selects.
func (p *patcher) selected(op *Op, old resource.Value) (resource.Value, error) {
	elems := old.Elems()
	if err := p.charge(len(elems) * filterCost(op.Path.Filter)); err != nil {
		return old, err
	}
	var at []int
	for i, e := range elems {
		if filter.MatchValue(op.Path.Filter, e) {
			at = append(at, i)
		}
	}
	switch {
	case len(at) == 0:
		return p.absent(op, old)
	case op.Path.Path.Sub != nil:
		return p.setEach(op, elems, at)
	case op.Kind == Remove:
		return p.removeAt(op, old, at)
	default:
		return p.writeAt(op, elems, at)
	}
}

func (p *patcher) removeAt(op *Op, old resource.Value, at []int) (resource.Value, error) {
	next := slices.Clone(old.Elems())
	for _, i := range at {
		next[i] = resource.Null()
	}
	v := array(next)
	return v, guard(op.target(), old, v)
}

// absent takes an operation whose filter selects nothing: the element is made from what the filter asks for.
func (p *patcher) absent(op *Op, old resource.Value) (resource.Value, error) {
	a := op.target()
	if op.Kind == Remove {
		if p.tol.Allow(tolerance.PatchRemoveAbsent) {
			return old, nil
		}
		return old, noTarget(a)
	}
	made, ok := p.fromFilter(a, op.Path.Filter)
	if !ok || !p.tol.Allow(tolerance.PatchCreateForFilter) {
		return old, noTarget(a)
	}
	if p.unassigns(op) {
		return old, nil
	}
	elems := append(slices.Clone(old.Elems()), made)
	if isPrimary(a, made) {
		onlyPrimary(a, elems, len(elems)-1)
	}
	at := []int{len(elems) - 1}
	if op.Path.Path.Sub != nil {
		return p.setEach(op, elems, at)
	}
	return p.writeAt(op, elems, at)
}

// unassigns says whether the value means that there is none, so that nothing has to be made for it.
func (p *patcher) unassigns(op *Op) bool {
	a := op.target()
	if op.Path.Path.Sub != nil {
		a = op.Path.Path.Sub
	}
	v, err := resource.CoerceElement(a, op.Value, p.tol)
	return err == nil && v.IsNull()
}

// writeAt adds to, or replaces, the elements at the positions.
func (p *patcher) writeAt(op *Op, elems []resource.Value, at []int) (resource.Value, error) {
	a := op.target()
	write, err := p.writer(op)
	if err != nil {
		return resource.Null(), err
	}
	if err := p.charge(len(elems) + writeCost*len(at)); err != nil {
		return resource.Null(), err
	}
	next := slices.Clone(elems)
	for _, i := range at {
		if next[i], err = write(next[i]); err != nil {
			return resource.Null(), err
		}
	}
	if isPrimary(a, next[at[0]]) {
		onlyPrimary(a, next, at[0])
	}
	return array(next), nil
}

// writer reads the value once, for any number of elements.
func (p *patcher) writer(op *Op) (func(resource.Value) (resource.Value, error), error) {
	a := op.target()
	if op.Kind == Add && a.Type == schema.Complex {
		part, err := p.part(a, op.Value)
		return func(e resource.Value) (resource.Value, error) { return part.merge(a, e) }, err
	}
	v, err := resource.CoerceElement(a, op.Value, p.tol)
	if err == nil && a.Type == schema.Complex && !v.IsNull() {
		v, err = p.keepFilter(a, v, op.Path.Filter)
	}
	return func(resource.Value) (resource.Value, error) { return v, nil }, err
}

// keepFilter gives a new element what the filter selects on, as its type, where the client left that out.
func (p *patcher) keepFilter(a *schema.Attribute, v resource.Value, f filter.Expr) (resource.Value, error) {
	made, ok := p.fromFilter(a, f)
	if !ok {
		return v, nil
	}
	for _, s := range a.SubAttributes {
		w, asked := made.Object().Get(s.Name)
		if _, there := v.Object().Get(s.Name); !asked || there || !p.tol.Allow(tolerance.PatchKeepFilter) {
			continue
		}
		var err error
		if v, err = setSub(a, v, s, w); err != nil {
			return v, err
		}
	}
	return v, nil
}

// fromFilter makes the element that a filter of equalities joined by and asks for.
func (p *patcher) fromFilter(a *schema.Attribute, e filter.Expr) (resource.Value, bool) {
	o := resource.NewObject(len(a.SubAttributes))
	if !gather(o, e) {
		return resource.Null(), false
	}
	if v, simple := o.Get(""); simple {
		return v, o.Len() == 1
	}
	v, err := resource.CoercePartial(a, resource.Obj(o), p.tol)
	return v, err == nil && !v.IsNull()
}

// gather sets what each equality asks for; two for one sub-attribute contradict each other.
func gather(o *resource.Object, e filter.Expr) bool {
	switch e := e.(type) {
	case filter.And:
		return gather(o, e.L) && gather(o, e.R)
	case filter.Compare:
		if e.Op != filter.Eq {
			return false
		}
		name := ""
		if e.Path.Sub != nil {
			name = e.Path.Sub.Name
		}
		v := literal(e.Value)
		if was, ok := o.Get(name); ok && !was.Equal(v) || v.IsNull() {
			return false
		}
		o.Set(name, v)
		return true
	default:
		return false
	}
}

func literal(l filter.Literal) resource.Value {
	switch l.Kind {
	case filter.LitBool:
		return resource.Bool(l.Bool)
	case filter.LitNumber:
		return resource.Number(l.Str)
	case filter.LitString:
		return resource.String(l.Str)
	default:
		return resource.Null()
	}
}

package resource

import (
	"slices"

	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
)

// multi canonicalises a multi-valued attribute, or what clients send in place of an array.
func (c *canon) multi(a *schema.Attribute, v Value) (Value, error) {
	elems := v.Elems()
	if v.Kind() != KindArray {
		inner, err := c.one(a, v)
		if err != nil || inner.IsNull() {
			return Value{}, err
		}
		if inner.Kind() == KindArray {
			return c.multi(a, inner)
		}
		elems = []Value{inner}
	}
	out := make([]Value, 0, len(elems))
	for _, e := range elems {
		if e.Kind() == KindArray {
			return Value{}, wrong(a, e)
		}
		e, err := c.single(a, e)
		if err != nil {
			return Value{}, err
		}
		if !e.IsNull() {
			out = append(out, e)
		}
	}
	return Finish(a, out, c.tol)
}

// one takes a value that is no array.
func (c *canon) one(a *schema.Attribute, v Value) (Value, error) {
	if v.Kind() == KindString {
		if v.n == 0 && c.tol.Allow(tolerance.EmptyString) {
			return Value{}, nil
		}
		if inner, ok := embedded(v.Text()); ok && a.Type == schema.Complex && c.tol.Allow(tolerance.JSONInString) {
			return inner, nil
		}
	}
	text := v.Kind() == KindString || v.Kind() == KindObject
	if !text && a.Type == schema.Complex || !c.tol.Allow(tolerance.ValueForArray) {
		return Value{}, scimerr.InvalidValue("%s: must be an array, not %s", a.FullName(), v.Kind())
	}
	return v, nil
}

// Finish makes canonical elements the canonical value of a multi-valued attribute: none without a value, none twice, at most one primary.
// The slice is reused; objects that change are copied.
func Finish(a *schema.Attribute, elems []Value, tol *tolerance.Log) (Value, error) {
	if a.Type == schema.Complex && a.Value() != nil {
		if err := unfoldAll(a, elems, tol); err != nil {
			return Value{}, err
		}
		elems = dropEmpty(a, elems, tol)
	}
	elems = dropDoubles(a, elems)
	if err := onePrimary(a, elems, tol); err != nil {
		return Value{}, err
	}
	switch {
	case len(elems) == 0:
		return Value{}, nil
	case len(elems) > maxValues:
		return Value{}, scimerr.InvalidValue("%s: %d values: at most %d", a.FullName(), len(elems), maxValues)
	}
	return Array(elems...), nil
}

// maxValues bounds what an attribute can grow to, for each change of it looks at all its values. Members are kept elsewhere.
const maxValues = 10_000

// Union appends elements to others, both canonical, merging those of the same value and type. The first slice is reused.
func Union(a *schema.Attribute, elems, more []Value) []Value {
	if len(more) > pairwise {
		return mergeByKey(a, append(elems, more...), overlay)
	}
	return appendNew(a, elems, more, overlay)
}

// unfoldAll reads JSON in the values of elements that came about piece by piece.
func unfoldAll(a *schema.Attribute, elems []Value, tol *tolerance.Log) error {
	for i, e := range elems {
		if s := e.Object().Value(a.Value().Name).Text(); s == "" || s[0] != '{' {
			continue
		}
		v, err := CoerceElement(a, e, tol)
		if err != nil {
			return err
		}
		elems[i] = v
	}
	return nil
}

func dropEmpty(a *schema.Attribute, elems []Value, tol *tolerance.Log) []Value {
	out := elems[:0]
	for _, e := range elems {
		if e.Object().Value(a.Value().Name).IsNull() && tol.Ignore(tolerance.ElementEmpty, a.FullName()) {
			continue
		}
		out = append(out, e)
	}
	return out
}

func onePrimary(a *schema.Attribute, elems []Value, tol *tolerance.Log) error {
	p := a.Primary()
	if p == nil {
		return nil
	}
	first := -1
	for i, e := range elems {
		if !e.Object().Value(p.Name).Bool() {
			continue
		}
		if first < 0 {
			first = i
			continue
		}
		if !tol.Allow(tolerance.SeveralPrimaries) {
			return scimerr.InvalidValue("%s: primary is true for more than one value", a.FullName())
		}
		elems[i] = Demote(a, e)
	}
	return nil
}

// Demote returns an element with primary false if it was true; the element itself stays as it is.
func Demote(a *schema.Attribute, e Value) Value {
	p := a.Primary()
	if p == nil || !e.Object().Value(p.Name).Bool() {
		return e
	}
	o := e.Object().Copy()
	o.Set(p.Name, Bool(false))
	return Obj(o)
}

// pairwise is the number of elements up to which comparing all pairs beats a map.
const pairwise = 16

// dropDoubles merges elements of the same value and type (RFC 7643 §2.4); the later one's sub-attributes win, but for primary, which
// an operation may have taken from the later one because the earlier one has it.
func dropDoubles(a *schema.Attribute, elems []Value) []Value {
	if len(elems) < 2 {
		return elems
	}
	if len(elems) > pairwise {
		return mergeByKey(a, elems, overlayDouble)
	}
	return appendNew(a, elems[:0], elems, overlayDouble)
}

// merger makes one element of two that are the same; both stay as they are.
type merger func(a *schema.Attribute, x, y Value) Value

// appendNew appends elements, or merges them with one that is the same, by comparing all pairs.
func appendNew(a *schema.Attribute, out, elems []Value, merge merger) []Value {
	for _, e := range elems {
		if i := slices.IndexFunc(out, func(o Value) bool { return same(a, o, e) }); i >= 0 {
			out[i] = merge(a, out[i], e)
			continue
		}
		out = append(out, e)
	}
	return out
}

func mergeByKey(a *schema.Attribute, elems []Value, merge merger) []Value {
	seen := make(map[string]int, len(elems))
	var key []byte
	out := elems[:0]
	for _, e := range elems {
		key = appendKey(a, key[:0], e)
		if i, ok := seen[string(key)]; ok {
			out[i] = merge(a, out[i], e)
			continue
		}
		seen[string(key)] = len(out)
		out = append(out, e)
	}
	return out
}

// significant are the parts of an element that tell it from others, nil if only the whole does.
func significant(a *schema.Attribute, e Value) (value, kind Value, ok bool) {
	o := e.Object()
	if o == nil || a.Value() == nil {
		return Value{}, Value{}, false
	}
	value = o.Value(a.Value().Name)
	if a.Kind() != nil {
		kind = o.Value(a.Kind().Name)
	}
	return value, kind, !value.IsNull()
}

func same(a *schema.Attribute, x, y Value) bool {
	xv, xk, xok := significant(a, x)
	yv, yk, yok := significant(a, y)
	if xok && yok {
		return xv.Equal(yv) && xk.Equal(yk)
	}
	return xok == yok && x.Equal(y)
}

// appendKey agrees with same: canonical objects of equal content have equal JSON.
func appendKey(a *schema.Attribute, dst []byte, e Value) []byte {
	v, k, ok := significant(a, e)
	if !ok {
		return e.AppendJSON(dst)
	}
	return k.AppendJSON(append(v.AppendJSON(dst), ' '))
}

// overlayDouble is overlay that keeps primary if either has it.
func overlayDouble(a *schema.Attribute, x, y Value) Value {
	if p := a.Primary(); p != nil && x.Object().Value(p.Name).Bool() && !y.Object().Value(p.Name).Bool() {
		o := y.Object().Copy()
		o.Set(p.Name, Bool(true))
		y = Obj(o)
	}
	return overlay(a, x, y)
}

// overlay merges two elements that are the same; the later one's sub-attributes win.
func overlay(a *schema.Attribute, x, y Value) Value {
	if x.Equal(y) || x.Object() == nil {
		return x
	}
	merged := NewObject(len(a.SubAttributes))
	for _, s := range a.SubAttributes {
		v, ok := y.Object().Get(s.Name)
		if !ok {
			v, ok = x.Object().Get(s.Name)
		}
		if ok {
			merged.Set(s.Name, v)
		}
	}
	return Obj(merged)
}

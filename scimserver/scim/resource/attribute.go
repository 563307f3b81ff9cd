package resource

import (
	"strings"

	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
)

// Coerce canonicalises what a client sent for one attribute or sub-attribute; null means that it is unassigned. The input stays as it is.
func Coerce(a *schema.Attribute, v Value, tol *tolerance.Log) (Value, error) {
	c := canon{tol: tol}
	return c.attribute(a, v)
}

// CoercePartial is CoerceElement for a part of a complex value: required sub-attributes may be missing.
func CoercePartial(a *schema.Attribute, v Value, tol *tolerance.Log) (Value, error) {
	c := canon{tol: tol, partial: true}
	return c.single(a, v)
}

// CoerceElement canonicalises one element of a multi-valued attribute, or the value of another one.
func CoerceElement(a *schema.Attribute, v Value, tol *tolerance.Log) (Value, error) {
	c := canon{tol: tol}
	return c.single(a, v)
}

func (c *canon) attribute(a *schema.Attribute, v Value) (Value, error) {
	switch {
	case v.IsNull():
		return Value{}, nil
	case a.MultiValued:
		return c.multi(a, v)
	default:
		return c.single(a, v)
	}
}

// single canonicalises one value. An empty array is no value (RFC 7643 §2.5).
func (c *canon) single(a *schema.Attribute, v Value) (Value, error) {
	if v.Kind() == KindArray {
		elems := v.Elems()
		switch {
		case len(elems) == 0:
			return Value{}, nil
		case len(elems) == 1 && elems[0].Kind() != KindArray && c.tol.Allow(tolerance.ScalarInArray):
			v = elems[0]
		default:
			return Value{}, wrong(a, v)
		}
	}
	switch {
	case v.IsNull():
		return Value{}, nil
	case a.Type == schema.Complex:
		return c.complex(a, v)
	default:
		return c.scalar(a, v)
	}
}

// complex canonicalises an object, or what clients send in place of one.
func (c *canon) complex(a *schema.Attribute, v Value) (Value, error) {
	if o := v.Object(); o != nil {
		return c.subs(a, o)
	}
	if v.Kind() == KindString {
		if v.n == 0 && c.tol.Allow(tolerance.EmptyString) {
			return Value{}, nil
		}
		if inner, ok := embedded(v.Text()); ok && c.tol.Allow(tolerance.JSONInString) {
			return c.single(a, inner)
		}
	}
	sub := a.Value()
	if sub == nil || v.Kind() == KindBool || v.Kind() == KindArray || !c.tol.Allow(tolerance.ScalarForComplex) {
		return Value{}, wrong(a, v)
	}
	o := NewObject(1)
	o.Set(sub.Name, v)
	return c.subs(a, o)
}

// fewSubs is the number of sub-attributes that need no memory to be sorted.
const fewSubs = 16

func (c *canon) subs(a *schema.Attribute, o *Object) (Value, error) {
	var few [fewSubs]Value
	slots := few[:]
	if len(a.SubAttributes) > fewSubs {
		slots = make([]Value, len(a.SubAttributes))
	}
	for i := range o.fields {
		if err := c.sub(a, slots, &o.fields[i]); err != nil {
			return Value{}, err
		}
	}
	if err := c.unfold(a, slots); err != nil {
		return Value{}, err
	}
	return c.gather(a, slots)
}

func (c *canon) sub(a *schema.Attribute, slots []Value, f *field) error {
	s := a.Sub(f.name)
	if s == nil {
		s = c.synonym(a, f.name)
	}
	if s == nil {
		if c.tol.Ignore(tolerance.UnknownAttribute, a.FullName()+"."+f.name) {
			return nil
		}
		return scimerr.InvalidSyntax("%s: has no sub-attribute %s", a.FullName(), shorten(f.name))
	}
	if s.Mutability == schema.ReadOnly {
		return nil
	}
	v, err := c.attribute(s, f.value)
	if err == nil && !v.IsNull() {
		slots[s.Position()] = v
	}
	return err
}

// synonym finds the sub-attribute another name stands for.
func (c *canon) synonym(a *schema.Attribute, name string) *schema.Attribute {
	if equalName(name, "managerId") && a.Name == "manager" && c.tol.Allow(tolerance.LegacyManager) {
		return a.Value()
	}
	if d := a.Sub("display"); d != nil && equalName(name, "displayName") && c.tol.Allow(tolerance.DisplayName) {
		return d
	}
	return nil
}

// unfold reads an element whose value is the whole element as JSON: {"value":"{\"value\":…,\"displayName\":…}"}.
func (c *canon) unfold(a *schema.Attribute, slots []Value) error {
	sub := a.Value()
	if sub == nil || !a.MultiValued || sub.Type != schema.String || sub.MultiValued {
		return nil
	}
	inner, ok := embedded(slots[sub.Position()].Text())
	if !ok || inner.Object().Value("value").Kind() != KindString || !c.tol.Allow(tolerance.JSONInString) {
		return nil
	}
	slots[sub.Position()] = Value{}
	for i := range inner.Object().fields {
		if err := c.sub(a, slots, &inner.Object().fields[i]); err != nil {
			return err
		}
	}
	return c.unfold(a, slots)
}

// gather makes the object of the sub-attributes; without any it is null.
func (c *canon) gather(a *schema.Attribute, slots []Value) (Value, error) {
	var few [fewSubs]field
	out := few[:0]
	for _, s := range a.SubAttributes {
		v := slots[s.Position()]
		if !v.IsNull() {
			out = append(out, field{s.Name, v})
		}
	}
	if len(out) == 0 {
		return Value{}, nil
	}
	for _, s := range a.SubAttributes {
		if !c.partial && s.Required && Blank(slots[s.Position()]) {
			return Value{}, Missing(s)
		}
	}
	return Obj(c.arena.object(c.arena.fieldsOf(out))), nil
}

// embedded reads JSON that a client has put into a string; more than a few levels or thousands of values are none.
func embedded(s string) (Value, bool) {
	s = strings.TrimSpace(s)
	if len(s) < 2 || s[0] != '{' && s[0] != '[' {
		return Value{}, false
	}
	o, err := decode(`{"v":`+s+`}`, Limits{Depth: 8, Elements: 10_000})
	if err != nil {
		return Value{}, false
	}
	return o.fields[0].value, len(o.fields) == 1
}

// Embedded reads an object that a client has put into a string or into an array of one.
func Embedded(v Value, tol *tolerance.Log) (*Object, bool) {
	if elems := v.Elems(); len(elems) == 1 && elems[0].Kind() == KindObject && tol.Allow(tolerance.ScalarInArray) {
		v = elems[0]
	}
	if v.Kind() == KindString {
		if inner, ok := embedded(v.Text()); ok && inner.Kind() == KindObject && tol.Allow(tolerance.JSONInString) {
			v = inner
		}
	}
	return v.Object(), v.Kind() == KindObject
}

func wrong(a *schema.Attribute, v Value) *scimerr.Error {
	return scimerr.InvalidValue("%s: must be %s, not %s", a.FullName(), noun(a), v.Kind())
}

var nouns = map[schema.Type]string{
	schema.String: "a string", schema.Boolean: "true or false", schema.Decimal: "a number", schema.Integer: "a whole number",
	schema.DateTime: "a date and time as 2008-01-23T04:56:22Z", schema.Binary: "a string in base64", schema.Reference: "a URI", schema.Complex: "an object",
}

func noun(a *schema.Attribute) string { return nouns[a.Type] }

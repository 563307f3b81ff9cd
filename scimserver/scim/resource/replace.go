package resource

import (
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
)

// Replace is a PUT (RFC 7644 §3.5.1): next takes the place of current, both canonical. An immutable attribute that has a value keeps it,
// and next must have none or the same (400 mutability); readOnly attributes stay. Neither document changes.
func Replace(rt *schema.ResourceType, current, next *Object) (out *Object, changed bool, err error) {
	out = next
	keep := func(a *schema.Attribute) error {
		old := current.Attribute(a)
		if old.IsNull() {
			return nil
		}
		v, err := kept(a, old, next.Attribute(a))
		if err != nil || v.Equal(next.Attribute(a)) {
			return err
		}
		if out == next {
			out = next.Copy()
		}
		SetAttribute(rt, out, a, v)
		return nil
	}
	if err := keepAll(rt, keep); err != nil {
		return nil, false, err
	}
	return out, !current.Equal(out), nil
}

func keepAll(rt *schema.ResourceType, keep func(*schema.Attribute) error) error {
	for _, a := range rt.Core.Attributes {
		if err := keep(a); err != nil {
			return err
		}
	}
	for i := range rt.Extensions {
		for _, a := range rt.Extensions[i].Schema.Attributes {
			if err := keep(a); err != nil {
				return err
			}
		}
	}
	return nil
}

// kept is the value after a PUT of next over old.
func kept(a *schema.Attribute, old, next Value) (Value, error) {
	switch {
	case a.Mutability == schema.ReadOnly:
		return old, nil
	case a.Mutability == schema.Immutable && !next.IsNull() && !next.Equal(old):
		return Value{}, Immutable(a)
	case a.Mutability == schema.Immutable:
		return old, nil
	case a.Type == schema.Complex && !a.MultiValued:
		return keptSubs(a, old.Object(), next)
	default:
		return next, nil
	}
}

// keptSubs looks at the sub-attributes of a single complex value; elements of multi-valued ones are replaced as a whole.
func keptSubs(a *schema.Attribute, old *Object, next Value) (Value, error) {
	merged := NewObject(len(a.SubAttributes))
	for _, s := range a.SubAttributes {
		v := next.Object().Value(s.Name)
		if was := old.Value(s.Name); !was.IsNull() {
			var err error
			if v, err = kept(s, was, v); err != nil {
				return Value{}, err
			}
		}
		merged.add(s, v)
	}
	if merged.Len() == 0 {
		return Value{}, nil
	}
	return Obj(merged), nil
}

// Immutable is the error for a change of an attribute that has its value for good.
func Immutable(a *schema.Attribute) *scimerr.Error {
	return scimerr.Mutability("%s: is immutable and has a value already", a.FullName())
}

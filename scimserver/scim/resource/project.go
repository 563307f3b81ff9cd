package resource

import "github.com/scim-operator/scim-operator/scimserver/scim/schema"

// Apply returns what is to be sent of a full representation. The input stays as it is; values are shared with the result.
func (p Projection) Apply(rt *schema.ResourceType, o *Object) *Object {
	if p.core == nil {
		return o
	}
	out := NewObject(o.Len())
	for i := range o.fields {
		f := &o.fields[i]
		if a := rt.Attribute(f.name); a != nil {
			out.take(a, f.value, p.core[a.Position()])
		} else if e := extensionIndex(rt, f.name); e >= 0 {
			out.takeExtension(&rt.Extensions[e], f.value.Object(), p.extensions[e])
		}
	}
	return out
}

func (o *Object) take(a *schema.Attribute, v Value, c choice) {
	if !c.take {
		return
	}
	if c.subs != all {
		v = project(a, v, c.subs)
	}
	o.add(a, v)
}

func (o *Object) takeExtension(e *schema.Extension, in *Object, choices []choice) {
	out := NewObject(in.Len())
	for name, v := range in.All() {
		if a := e.Lookup(name); a != nil {
			out.take(a, v, choices[a.Position()])
		}
	}
	if out.Len() > 0 {
		o.fields = append(o.fields, field{e.Schema.ID, Obj(out)})
	}
}

// project leaves the sub-attributes that are taken; null if nothing is left.
func project(a *schema.Attribute, v Value, subs uint64) Value {
	if v.Kind() == KindArray {
		out := make([]Value, 0, len(v.Elems()))
		for _, e := range v.Elems() {
			if e = project(a, e, subs); !e.IsNull() {
				out = append(out, e)
			}
		}
		if len(out) == 0 {
			return Value{}
		}
		return Array(out...)
	}
	o := NewObject(v.Object().Len())
	for name, v := range v.Object().All() {
		if s := a.Sub(name); s != nil && subs&bit(s) != 0 {
			o.add(s, v)
		}
	}
	if o.Len() == 0 {
		return Value{}
	}
	return Obj(o)
}

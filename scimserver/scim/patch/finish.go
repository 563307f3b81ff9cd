package patch

import (
	"slices"

	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
)

// finish makes the attributes that were touched canonical, checks what is required and says whether anything differs from before.
func (p *patcher) finish(before *resource.Object) (changed bool, err error) {
	for _, a := range p.touched {
		v := p.doc.Attribute(a)
		if a.MultiValued && v.Kind() == resource.KindArray {
			if v, err = resource.Finish(a, slices.Clone(v.Elems()), p.tol); err != nil {
				return false, err
			}
			resource.SetAttribute(p.rt, p.doc, a, v)
		}
		if err := p.required(a, v); err != nil {
			return false, err
		}
		changed = changed || !v.Equal(before.Attribute(a))
	}
	return changed, p.extensions()
}

// required refuses to unassign what must be there, by mutability (RFC 7644 §3.5.2.2).
func (p *patcher) required(a *schema.Attribute, v resource.Value) error {
	if a.Required && resource.Blank(v) {
		return scimerr.Mutability("%s: is required and cannot be removed", a.FullName())
	}
	if a.Type != schema.Complex {
		return nil
	}
	for _, s := range a.SubAttributes {
		if s.Required && lacks(v, s) {
			return scimerr.Mutability("%s: is required and cannot be removed", s.FullName())
		}
	}
	return nil
}

func lacks(v resource.Value, s *schema.Attribute) bool {
	if v.Kind() == resource.KindArray {
		return slices.ContainsFunc(v.Elems(), func(e resource.Value) bool { return lacks(e, s) })
	}
	o := v.Object()
	return o != nil && resource.Blank(o.Value(s.Name))
}

// extensions checks those that operations brought or took away.
func (p *patcher) extensions() error {
	for i := range p.rt.Extensions {
		e := &p.rt.Extensions[i]
		if !slices.ContainsFunc(p.touched, func(a *schema.Attribute) bool { return a.Extension() == e.Schema.ID }) {
			continue
		}
		o := p.doc.Value(e.Schema.ID).Object()
		if o == nil && e.Required {
			return scimerr.Mutability("%s: is required and cannot be removed", e.Schema.ID)
		}
		if o == nil {
			continue
		}
		for _, a := range e.Schema.Attributes {
			if a.Required && resource.Blank(o.Value(a.Name)) {
				return resource.Missing(a)
			}
		}
	}
	return nil
}

package resource

import (
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
)

// schemas reads the URNs a body claims; the stored ones are computed from what is present.
func (c *canon) schemas(v Value) error {
	elems := v.Elems()
	if v.Kind() == KindString && c.tol.Allow(tolerance.ValueForArray) {
		elems = []Value{v}
	} else if v.Kind() != KindArray && !v.IsNull() {
		return scimerr.InvalidSyntax("schemas: must be an array of URNs, not %s", v.Kind())
	}
	for _, e := range elems {
		if e.Kind() != KindString {
			return scimerr.InvalidSyntax("schemas: must hold URNs, not %s", e.Kind())
		}
		if err := c.schema(e.Text()); err != nil {
			return err
		}
	}
	return nil
}

// CheckSchemas refuses a value of schemas in which there is anything but URNs of schemas in force (400 invalidSyntax).
func CheckSchemas(rt *schema.ResourceType, v Value, tol *tolerance.Log) error {
	c := canon{rt: rt, tol: tol}
	return c.schemas(v)
}

func (c *canon) schema(urn string) error {
	if c.list(urn) {
		return nil
	}
	if id, ok := c.rt.Legacy(urn); ok && c.tol.Allow(tolerance.LegacyURN) {
		c.list(id)
		return nil
	}
	if c.tol.Ignore(tolerance.UnknownSchema, urn) {
		return nil
	}
	return scimerr.InvalidSyntax("schemas: %s is no schema of %s", shorten(urn), c.rt.Name)
}

func (c *canon) list(urn string) bool {
	if c.rt.IsCore(urn) {
		c.coreListed = true
		return true
	}
	i := extensionIndex(c.rt, urn)
	if i < 0 {
		return false
	}
	if c.listed == nil {
		c.listed = make([]bool, len(c.rt.Extensions))
	}
	c.listed[i] = true
	return true
}

// check looks at the whole: schemas, and what is required.
func (c *canon) check() error {
	if !c.coreListed && !c.tol.Allow(tolerance.MissingSchemas) {
		return scimerr.InvalidSyntax("schemas: must hold %s", c.rt.Core.ID)
	}
	if err := requireAll(c.rt.Core.Attributes, c.core); err != nil {
		return err
	}
	for i := range c.rt.Extensions {
		if err := c.checkExtension(i); err != nil {
			return err
		}
	}
	return nil
}

func (c *canon) checkExtension(i int) error {
	e, slots := &c.rt.Extensions[i], c.extensions[i]
	if !anySet(slots) {
		if e.Required {
			return scimerr.InvalidValue("%s: is required", e.Schema.ID)
		}
		return nil
	}
	if listed := c.listed != nil && c.listed[i]; !listed && !c.tol.Allow(tolerance.ExtensionNotListed) {
		return scimerr.InvalidSyntax("schemas: must hold %s, as the body does", e.Schema.ID)
	}
	return requireAll(e.Schema.Attributes, slots)
}

func requireAll(attributes []*schema.Attribute, slots []Value) error {
	for _, a := range attributes {
		if a.Required && !a.Linked() && Blank(slots[a.Position()]) {
			return Missing(a)
		}
	}
	return nil
}

// Blank says whether a value is as good as none for a required attribute: null or an empty string.
func Blank(v Value) bool { return v.IsNull() || v.kind == KindString && v.n == 0 }

// Missing is the error for a required attribute without a value.
func Missing(a *schema.Attribute) *scimerr.Error {
	return scimerr.InvalidValue("%s: is required and must not be empty", a.FullName())
}

func anySet(slots []Value) bool {
	for i := range slots {
		if !slots[i].IsNull() {
			return true
		}
	}
	return false
}

// document puts the values together in canonical order.
func (c *canon) document() *Object {
	n := 1 + len(c.extensions)
	for i := range c.core {
		if !c.core[i].IsNull() {
			n++
		}
	}
	doc := NewObject(n)
	doc.fields = append(doc.fields, field{"schemas", Value{}})
	externalID := c.rt.Attribute("externalId")
	doc.add(externalID, c.core[externalID.Position()])
	for _, a := range c.rt.Core.Attributes {
		doc.add(a, c.core[a.Position()])
	}
	for i := range c.extensions {
		c.addExtension(doc, i)
	}
	listSchemas(c.rt, doc)
	return doc
}

func (c *canon) addExtension(doc *Object, i int) {
	slots := c.extensions[i]
	if !anySet(slots) {
		return
	}
	s := c.rt.Extensions[i].Schema
	o := NewObject(len(slots))
	for _, a := range s.Attributes {
		o.add(a, slots[a.Position()])
	}
	doc.fields = append(doc.fields, field{s.ID, Obj(o)})
}

func (o *Object) add(a *schema.Attribute, v Value) {
	if !v.IsNull() {
		o.fields = append(o.fields, field{a.Name, v})
	}
}

// listSchemas computes schemas, the first field, from the extensions that are present.
func listSchemas(rt *schema.ResourceType, doc *Object) {
	urns := append(make([]Value, 0, 4), String(rt.Core.ID))
	for i := range rt.Extensions {
		id := rt.Extensions[i].Schema.ID
		if _, ok := doc.Get(id); ok {
			urns = append(urns, String(id))
		}
	}
	doc.fields[0].value = Array(urns...)
}

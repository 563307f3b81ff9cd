package resource

import "github.com/scim-operator/scim-operator/scimserver/scim/schema"

// Attribute is the value of a top-level attribute of the core schema or of an extension, null if it is unassigned.
func (o *Object) Attribute(a *schema.Attribute) Value {
	if urn := a.Extension(); urn != "" {
		return o.Value(urn).Object().Value(a.Name)
	}
	return o.Value(a.Name)
}

// SetAttribute puts a canonical value at its place in a canonical document; null removes the attribute, and an extension with nothing left.
// Extensions are copied before they change. The field schemas must be there and is kept right.
func SetAttribute(rt *schema.ResourceType, doc *Object, a *schema.Attribute, v Value) {
	urn := a.Extension()
	if urn == "" {
		place(doc, a.Name, v, func(name string) bool { return after(rt.Attribute(name), a) || rt.Attribute(name) == nil })
		return
	}
	e, ok := rt.Extension(urn)
	if !ok {
		return
	}
	inner := doc.Value(urn).Object()
	if inner == nil {
		inner = NewObject(1)
	} else {
		inner = inner.Copy()
	}
	place(inner, a.Name, v, func(name string) bool { return after(e.Lookup(name), a) })
	SetExtension(rt, doc, e, inner)
}

// SetExtension puts the object of an extension at its place; an empty one removes the extension.
func SetExtension(rt *schema.ResourceType, doc *Object, e *schema.Extension, inner *Object) {
	v := Value{}
	if inner.Len() > 0 {
		v = Obj(inner)
	}
	rank := extensionIndex(rt, e.Schema.ID)
	before := doc.Len()
	place(doc, e.Schema.ID, v, func(name string) bool { return extensionIndex(rt, name) > rank })
	if doc.Len() != before {
		listSchemas(rt, doc)
	}
}

// after says whether an attribute comes behind another one of the same schema.
func after(b, a *schema.Attribute) bool { return b != nil && b.Position() > a.Position() }

// place sets or removes a field; a new one goes before the first that comes after it.
func place(o *Object, name string, v Value, behind func(string) bool) {
	if v.IsNull() {
		o.Delete(name)
		return
	}
	if i := o.index(name); i >= 0 {
		o.fields[i].value = v
		return
	}
	i := 0
	for i < len(o.fields) && !behind(o.fields[i].name) {
		i++
	}
	o.Insert(i, name, v)
}

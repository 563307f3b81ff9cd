package resource

import (
	"strings"

	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
)

// Canonical turns the body of a POST or PUT into the stored form. What is readOnly is left out (RFC 7644 §3.3, §3.5.1), and what is
// returned never as well. Its errors are 400 and name the attribute.
func Canonical(rt *schema.ResourceType, in *Object, tol *tolerance.Log) (*Object, error) {
	doc, _, err := CanonicalWithSecrets(rt, in, tol)
	return doc, err
}

// CanonicalWithSecrets is Canonical that also returns the values which are never returned (password), nil if there are none.
func CanonicalWithSecrets(rt *schema.ResourceType, in *Object, tol *tolerance.Log) (doc, secrets *Object, err error) {
	c := canon{rt: rt, tol: tol, extensions: make([][]Value, len(rt.Extensions))}
	c.core = make([]Value, rt.Positions())
	c.reserve(in)
	if err := c.fields(in); err != nil {
		return nil, nil, err
	}
	if err := c.check(); err != nil {
		return nil, nil, err
	}
	return c.document(), c.secrets, nil
}

// canon canonicalises one body; values wait at the position of their attribute.
type canon struct {
	rt         *schema.ResourceType
	tol        *tolerance.Log
	core       []Value
	extensions [][]Value // nil: not in the body
	listed     []bool    // by extension: its URN is in schemas
	coreListed bool
	secrets    *Object
	partial    bool // required sub-attributes may be missing
	arena      arena
}

// reserve makes room for the values in a body: what is nested in it, about as much as it has fields.
func (c *canon) reserve(in *Object) {
	c.arena.expectFields(2*in.Len(), in.Len())
}

func (c *canon) fields(in *Object) error {
	for i := range in.fields {
		f := &in.fields[i]
		if err := c.field(f.name, f.value); err != nil {
			return err
		}
	}
	return nil
}

func (c *canon) field(name string, v Value) error {
	a := c.rt.Attribute(name)
	switch {
	case a == nil:
		return c.other(name, v)
	case a.Name == "schemas" && a.Extension() == "":
		return c.schemas(v)
	default:
		return c.put(c.core, a, v)
	}
}

// put canonicalises a value and keeps it at its position.
func (c *canon) put(slots []Value, a *schema.Attribute, v Value) error {
	if a.Mutability == schema.ReadOnly || a.Linked() {
		return nil
	}
	v, err := c.attribute(a, v)
	if err != nil {
		return err
	}
	if a.Returned == schema.Never {
		c.secret(a, v)
		return nil
	}
	slots[a.Position()] = v
	return nil
}

func (c *canon) secret(a *schema.Attribute, v Value) {
	if v.IsNull() {
		return
	}
	if c.secrets == nil {
		c.secrets = NewObject(1)
	}
	c.secrets.Set(a.FullName(), v)
}

// other takes what is no attribute of the core schema: an extension, a qualified name, or something unknown.
func (c *canon) other(name string, v Value) error {
	if i := extensionIndex(c.rt, name); i >= 0 {
		return c.extension(i, v)
	}
	if strings.IndexByte(name, ':') < 0 {
		return c.unknown(name)
	}
	if o := v.Object(); o != nil && c.rt.IsCore(name) && c.tol.Allow(tolerance.CoreUnderURN) {
		return c.fields(o)
	}
	if id, ok := c.rt.Legacy(name); ok && v.Kind() != KindString && c.tol.Allow(tolerance.LegacyURN) {
		return c.field(id, v)
	}
	if p, ok := qualified(c.rt, name); ok && c.tol.Allow(tolerance.QualifiedKey) {
		return c.qualified(p, v)
	}
	return c.unknown(name)
}

func (c *canon) unknown(name string) error {
	if c.tol.Ignore(tolerance.UnknownAttribute, name) {
		return nil
	}
	return scimerr.InvalidSyntax("%s: no attribute of %s has this name", shorten(name), c.rt.Name)
}

// qualified splits URN and attribute; a sub-attribute has no place in a body.
func qualified(rt *schema.ResourceType, name string) (schema.Path, bool) {
	i := strings.LastIndexByte(name, ':')
	return rt.Lookup(name[:i], name[i+1:], "")
}

func (c *canon) qualified(p schema.Path, v Value) error {
	if p.Extension == "" {
		return c.put(c.core, p.Attr, v)
	}
	i := extensionIndex(c.rt, p.Extension)
	return c.put(c.slots(i), p.Attr, v)
}

func (c *canon) slots(i int) []Value {
	if c.extensions[i] == nil {
		c.extensions[i] = make([]Value, len(c.rt.Extensions[i].Schema.Attributes))
	}
	return c.extensions[i]
}

func (c *canon) extension(i int, v Value) error {
	e := &c.rt.Extensions[i]
	if v.IsNull() || v.kind == KindString && v.n == 0 && c.tol.Allow(tolerance.EmptyString) {
		return nil
	}
	o := v.Object()
	if o == nil {
		return scimerr.InvalidValue("%s: must be an object, not %s", e.Schema.ID, v.Kind())
	}
	slots := c.slots(i)
	for name, v := range o.All() {
		a := e.Lookup(name)
		if a == nil {
			if err := c.unknown(e.Schema.ID + ":" + name); err != nil {
				return err
			}
			continue
		}
		if err := c.put(slots, a, v); err != nil {
			return err
		}
	}
	return nil
}

func extensionIndex(rt *schema.ResourceType, urn string) int {
	for i := range rt.Extensions {
		if id := rt.Extensions[i].Schema.ID; id == urn || equalName(id, urn) {
			return i
		}
	}
	return -1
}

// shorten keeps messages short whatever a client sends.
func shorten(name string) string {
	const most = 128
	if len(name) <= most {
		return name
	}
	return strings.ToValidUTF8(name[:most], "") + "…"
}

package schema

import "strings"

// Path is an attribute or sub-attribute of a resource.
type Path struct {
	Extension string     // URN of an extension, "" for the core schema and common attributes
	Attr      *Attribute // never nil in a path that was found
	Sub       *Attribute // nil: the attribute itself
}

// PathOf is the path of an attribute or sub-attribute.
func PathOf(a *Attribute) Path {
	if a.parent != nil {
		return Path{Extension: a.extension, Attr: a.parent, Sub: a}
	}
	return Path{Extension: a.extension, Attr: a}
}

// Leaf is the sub-attribute if there is one, else the attribute.
func (p Path) Leaf() *Attribute {
	if p.Sub != nil {
		return p.Sub
	}
	return p.Attr
}

// String is the full name: urn:…:User:manager.value, emails.value, userName. The zero Path is "".
func (p Path) String() string {
	if p.Attr == nil {
		return ""
	}
	return p.Leaf().full
}

// Lookup finds an attribute by names of any case; urn and sub may be "". Without a URN it finds common attributes, those of the
// core schema, and the identity provider's own name of the unique identifier.
func (rt *ResourceType) Lookup(urn, name, sub string) (Path, bool) {
	a := rt.lookup(urn, name)
	if a == nil {
		return rt.lookupAlias(urn, name, sub)
	}
	return withSub(a, sub)
}

// LookupAny finds an attribute of an extension by its bare name, if just one extension has it.
func (rt *ResourceType) LookupAny(name, sub string) (Path, bool) {
	var found *Attribute
	for i := range rt.Extensions {
		a := rt.Extensions[i].Lookup(name)
		if a != nil && found != nil {
			return Path{}, false
		}
		if a != nil {
			found = a
		}
	}
	if found == nil {
		return Path{}, false
	}
	return withSub(found, sub)
}

// LookupDotted finds an attribute whose name stands behind the URN of its schema and a dot, urn:…:User.manager.value.
func (rt *ResourceType) LookupDotted(text string) (Path, bool) {
	if path, ok := rt.lookupBehind(rt.Core.ID, text); ok {
		return path, true
	}
	for i := range rt.Extensions {
		if path, ok := rt.lookupBehind(rt.Extensions[i].Schema.ID, text); ok {
			return path, true
		}
	}
	return Path{}, false
}

func (rt *ResourceType) lookupBehind(urn, text string) (Path, bool) {
	if len(text) <= len(urn) || text[len(urn)] != '.' || !strings.EqualFold(text[:len(urn)], urn) {
		return Path{}, false
	}
	name, sub, dotted := strings.Cut(text[len(urn)+1:], ".")
	if dotted && sub == "" {
		return Path{}, false
	}
	return rt.Lookup(urn, name, sub)
}

func (rt *ResourceType) lookup(urn, name string) *Attribute {
	if urn == "" || rt.IsCore(urn) {
		return rt.names.find(name)
	}
	if e, ok := rt.Extension(urn); ok {
		return e.Lookup(name)
	}
	return nil
}

func (rt *ResourceType) lookupAlias(urn, name, sub string) (Path, bool) {
	if urn != "" || sub != "" || rt.alias.Attr == nil || !strings.EqualFold(name, "email") {
		return Path{}, false
	}
	return rt.alias, true
}

func withSub(a *Attribute, sub string) (Path, bool) {
	p := Path{Extension: a.extension, Attr: a}
	if sub == "" {
		return p, true
	}
	p.Sub = a.Sub(sub)
	return p, p.Sub != nil
}

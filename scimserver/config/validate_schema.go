package config

import "strings"

// attributeForm is ATTRNAME of RFC 7643 §2.1.
var attributeForm = newForm(1, 128, `^[A-Za-z][A-Za-z0-9$_-]*$`)

// maxTextBytes of a name, description or value in a schema.
const maxTextBytes = 4096

func (f *findings) extensions(list []Extension) {
	f.check(len(list) <= MaxExtensions, "%d extensions, at most %d", len(list), MaxExtensions)
	seen := map[string]bool{}
	for _, e := range list {
		at := "extension " + e.ID
		f.check(len(e.ID) <= 255 && strings.HasPrefix(strings.ToLower(e.ID), "urn:"), "extension %q: id is not a URN", e.ID)
		f.check(!seen[strings.ToLower(e.ID)], "%s is repeated", at)
		seen[strings.ToLower(e.ID)] = true
		f.oneOf(at+": resource", e.Resource, "User", "Group")
		f.text(at, e.Name, e.Description)
		f.attributes(at, e.Attributes, true)
	}
}

func (f *findings) attributes(at string, list []Attribute, complexAllowed bool) {
	f.check(len(list) > 0, "%s: has no attributes", at)
	f.check(len(list) <= MaxAttributes, "%s: %d attributes, at most %d", at, len(list), MaxAttributes)
	seen := map[string]bool{}
	for _, a := range list {
		at := at + ": attribute " + a.Name
		f.check(attributeForm.matches(a.Name), "%s: the name is none of RFC 7643", at)
		f.check(!seen[strings.ToLower(a.Name)], "%s is repeated", at)
		seen[strings.ToLower(a.Name)] = true
		f.attribute(at, a, complexAllowed)
	}
}

func (f *findings) attribute(at string, a Attribute, complexAllowed bool) {
	f.oneOf(at+": type", a.Type, "string", "boolean", "decimal", "integer", "dateTime", "reference", "binary", "complex")
	f.oneOf(at+": mutability", a.Mutability, "", "readWrite", "readOnly", "immutable", "writeOnly")
	f.oneOf(at+": returned", a.Returned, "", "default", "always", "never", "request")
	f.oneOf(at+": uniqueness", a.Uniqueness, "", "none", "server", "global")
	f.text(at, a.Description)
	f.text(at, a.CanonicalValues...)
	f.text(at, a.ReferenceTypes...)
	switch {
	case a.Type != "complex":
		f.check(len(a.SubAttributes) == 0, "%s: subAttributes need type complex", at)
	case !complexAllowed:
		f.add("%s: a sub-attribute cannot be complex", at)
	default:
		f.attributes(at, a.SubAttributes, false)
	}
}

func (f *findings) text(at string, values ...string) {
	f.check(len(values) <= MaxAttributes, "%s: %d values, at most %d", at, len(values), MaxAttributes)
	for _, v := range values {
		f.check(len(v) <= maxTextBytes, "%s: a text of %d bytes, at most %d", at, len(v), maxTextBytes)
	}
}

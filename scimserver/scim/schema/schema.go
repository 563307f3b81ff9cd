package schema

import "strings"

// Schema is one schema document.
type Schema struct {
	ID, Name, Description string
	Attributes            []*Attribute
}

// Attribute finds an attribute by a name of any case, nil if there is none.
func (s *Schema) Attribute(name string) *Attribute {
	for _, a := range s.Attributes {
		if strings.EqualFold(a.Name, name) {
			return a
		}
	}
	return nil
}

// Extension is a schema that extends a resource type.
type Extension struct {
	Schema   *Schema
	Required bool

	names index
}

// Lookup finds an attribute of the extension by a name of any case, nil if there is none.
func (e *Extension) Lookup(name string) *Attribute { return e.names.find(name) }

// ResourceType is a kind of resource: an endpoint, its core schema and its extensions.
type ResourceType struct {
	Name        string // "User"
	Endpoint    string // "/Users"
	Description string
	Core        *Schema
	Extensions  []Extension

	names  index
	alias  Path // what the identity provider's name of the unique identifier stands for
	unique []Path
	asked  bool
}

// Attribute finds a core or common attribute by a name of any case, nil if there is none.
func (rt *ResourceType) Attribute(name string) *Attribute { return rt.names.find(name) }

// Extension finds an extension by its URN, of any case.
func (rt *ResourceType) Extension(urn string) (*Extension, bool) {
	for i := range rt.Extensions {
		e := &rt.Extensions[i]
		if e.Schema.ID == urn || strings.EqualFold(e.Schema.ID, urn) {
			return e, true
		}
	}
	return nil, false
}

// IsCore says whether a URN, of any case, is that of the core schema.
func (rt *ResourceType) IsCore(urn string) bool {
	return rt.Core.ID == urn || strings.EqualFold(rt.Core.ID, urn)
}

// UniquePaths are the attributes, besides id, of which no two resources may have the same value.
func (rt *ResourceType) UniquePaths() []Path { return rt.unique }

// HasOnRequest says whether an attribute is returned on request only, so that stored documents cannot be sent as they are.
func (rt *ResourceType) HasOnRequest() bool { return rt.asked }

// index finds attributes by name without allocating.
type index map[string]*Attribute

func newIndex(lists ...[]*Attribute) index {
	ix := index{}
	for _, list := range lists {
		for _, a := range list {
			ix[a.Name] = a
			ix[strings.ToLower(a.Name)] = a
		}
	}
	return ix
}

func (ix index) find(name string) *Attribute {
	if a := ix[name]; a != nil {
		return a
	}
	var buf [maxName]byte
	if len(name) > maxName {
		return nil
	}
	for i := range len(name) {
		c := name[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		buf[i] = c
	}
	return ix[string(buf[:len(name)])]
}

// Positions is the number of places for core and common attributes, which their Position counts.
func (rt *ResourceType) Positions() int { return len(common) + len(rt.Core.Attributes) }

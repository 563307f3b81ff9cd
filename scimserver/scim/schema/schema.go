package schema

// Schema is one schema document.
type Schema struct {
	ID, Name, Description string
	Attributes            []*Attribute
}

// Extension is a schema that extends a resource type.
type Extension struct {
	Schema   *Schema
	Required bool
}

// ResourceType is a kind of resource: an endpoint, its core schema and its extensions.
type ResourceType struct {
	Name        string // "User"
	Endpoint    string // "/Users"
	Description string
	Core        *Schema
	Extensions  []Extension
}

// Path is an attribute or sub-attribute of a resource.
type Path struct {
	Extension string     // URN of an extension, "" for the core schema and common attributes
	Attr      *Attribute // never nil in a path that was found
	Sub       *Attribute // nil: the attribute itself
}

// String is the full name: urn:…:User:manager.value, emails.value, userName.
func (p Path) String() string { return "" }

// Lookup finds an attribute by names of any case; urn may be "". Common attributes and aliases are included.
func (rt *ResourceType) Lookup(urn, name, sub string) (Path, bool) { return Path{}, false }

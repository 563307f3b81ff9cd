package schema

import "errors"

// Options is what a tenant chooses.
type Options struct {
	Groups           bool // false: no Group resource type
	Extensions       []ExtensionSpec
	UniqueIdentifier string // userName (default), email or externalId
}

// ExtensionSpec declares a schema extension.
type ExtensionSpec struct {
	ID, Name, Description string
	Resource              string // "User" or "Group"
	Required              bool
	Attributes            []*Attribute // copied
}

// Registry is the set of schemas in force for a tenant. It is immutable.
type Registry struct {
	types   []*ResourceType
	schemas []*Schema
}

// New builds a registry. Its error lists everything that is wrong with the options.
func New(o Options) (*Registry, error) { return nil, errors.New("not ready") }

// ResourceType finds a resource type by name or endpoint ("User", "Users", "/Users").
func (r *Registry) ResourceType(nameOrEndpoint string) (*ResourceType, bool) { return nil, false }

// Types returns the resource types in the order of /ResourceTypes.
func (r *Registry) Types() []*ResourceType { return r.types }

// Schemas returns the schemas in the order of /Schemas.
func (r *Registry) Schemas() []*Schema { return r.schemas }

// SchemaByID finds a schema by its URN, of any case.
func (r *Registry) SchemaByID(urn string) (*Schema, bool) { return nil, false }

// AppendJSON appends the document of /Schemas/{id}; base is the tenant's URL, …/scim/v2.
func (s *Schema) AppendJSON(dst []byte, base string) []byte { return dst }

// AppendJSON appends the document of /ResourceTypes/{name}; base is the tenant's URL, …/scim/v2.
func (rt *ResourceType) AppendJSON(dst []byte, base string) []byte { return dst }

package schema

import (
	"errors"
	"strings"
)

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

// The User schemas are the same for all tenants.
var (
	userWithGroups    = userSchema(true)
	userWithoutGroups = userSchema(false)
)

// New builds a registry. Its error lists everything that is wrong with the options.
func New(o Options) (*Registry, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	r := &Registry{types: []*ResourceType{userType(o)}}
	if o.Groups {
		r.types = append(r.types, &ResourceType{Name: "Group", Endpoint: "/Groups", Description: "Group", Core: groupSchema})
	}
	for _, spec := range o.Extensions {
		rt, _ := r.ResourceType(spec.Resource)
		rt.Extensions = append(rt.Extensions, spec.build())
	}
	for _, rt := range r.types {
		rt.bind()
	}
	r.schemas = r.collect()
	return r, nil
}

func userType(o Options) *ResourceType {
	rt := &ResourceType{Name: "User", Endpoint: "/Users", Description: "User Account", Core: userWithoutGroups}
	if o.Groups {
		rt.Core = userWithGroups
	}
	rt.Extensions = []Extension{{Schema: enterpriseSchema}}
	if o.UniqueIdentifier == "email" {
		emails := rt.Core.Attribute("emails")
		rt.alias = Path{Attr: emails, Sub: emails.Value()}
	}
	return rt
}

func (s ExtensionSpec) build() Extension {
	name := s.Name
	if name == "" {
		name = s.ID[strings.LastIndexByte(s.ID, ':')+1:]
	}
	return Extension{Schema: newSchema(s.ID, name, s.Description, true, cloneAll(s.Attributes)...), Required: s.Required}
}

// bind builds what lookups need, when the extensions are complete.
func (rt *ResourceType) bind() {
	rt.names = newIndex(common, rt.Core.Attributes)
	rt.note(rt.Core.Attributes)
	for i := range rt.Extensions {
		e := &rt.Extensions[i]
		e.names = newIndex(e.Schema.Attributes)
		rt.note(e.Schema.Attributes)
	}
}

// note remembers the attributes that need care at each write or answer.
func (rt *ResourceType) note(attributes []*Attribute) {
	for _, a := range attributes {
		if a.Uniqueness != None {
			rt.unique = append(rt.unique, PathOf(a))
		}
		rt.asked = rt.asked || a.Returned == OnRequest
		rt.note(a.SubAttributes)
	}
}

// collect lists the schemas in the order of /Schemas.
func (r *Registry) collect() []*Schema {
	var out []*Schema
	for _, rt := range r.types {
		out = append(out, rt.Core)
		for _, e := range rt.Extensions {
			out = append(out, e.Schema)
		}
	}
	return append(out, discoverySchemas...)
}

// ResourceType finds a resource type by name or endpoint ("User", "Users", "/Users").
func (r *Registry) ResourceType(nameOrEndpoint string) (*ResourceType, bool) {
	for _, rt := range r.types {
		if nameOrEndpoint == rt.Name || nameOrEndpoint == rt.Endpoint || nameOrEndpoint == rt.Endpoint[1:] {
			return rt, true
		}
	}
	return nil, false
}

// Types returns the resource types in the order of /ResourceTypes. The slice must not be changed.
func (r *Registry) Types() []*ResourceType { return r.types }

// Schemas returns the schemas in the order of /Schemas. The slice must not be changed.
func (r *Registry) Schemas() []*Schema { return r.schemas }

// SchemaByID finds a schema by its URN, of any case.
func (r *Registry) SchemaByID(urn string) (*Schema, bool) {
	for _, s := range r.schemas {
		if strings.EqualFold(s.ID, urn) {
			return s, true
		}
	}
	return nil, false
}

// validate joins everything that is wrong.
func (o Options) validate() error {
	var p problems
	switch o.UniqueIdentifier {
	case "", "userName", "email", "externalId":
	default:
		p.add("uniqueIdentifier %q: use userName, email or externalId", o.UniqueIdentifier)
	}
	seen := map[string]bool{}
	for i, spec := range o.Extensions {
		p.extension(i, spec, o.Groups, seen)
	}
	return errors.Join(p...)
}

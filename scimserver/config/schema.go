package config

import "github.com/scim-operator/scim-operator/scimserver/scim/schema"

// SchemaOptions are what schema.New makes the tenant's schemas from; whether it can, schema.New tells. The tenant must be
// valid: unknown keywords become the defaults.
func (t Tenant) SchemaOptions() schema.Options {
	o := schema.Options{Groups: t.Groups, UniqueIdentifier: t.UniqueIdentifier}
	for _, e := range t.Extensions {
		o.Extensions = append(o.Extensions, schema.ExtensionSpec{
			ID: e.ID, Name: e.Name, Description: e.Description, Resource: e.Resource, Required: e.Required,
			Attributes: schemaAttributes(e.Attributes),
		})
	}
	return o
}

func schemaAttributes(list []Attribute) []*schema.Attribute {
	out := make([]*schema.Attribute, len(list))
	for i, a := range list {
		out[i] = &schema.Attribute{
			Name: a.Name, Description: a.Description,
			MultiValued: a.MultiValued, Required: a.Required, CaseExact: a.CaseExact,
			CanonicalValues: a.CanonicalValues, ReferenceTypes: a.ReferenceTypes,
		}
		out[i].Type, _ = schema.ParseType(a.Type)
		out[i].Mutability, _ = schema.ParseMutability(a.Mutability)
		out[i].Returned, _ = schema.ParseReturned(a.Returned)
		out[i].Uniqueness, _ = schema.ParseUniqueness(a.Uniqueness)
		if len(a.SubAttributes) > 0 {
			out[i].SubAttributes = schemaAttributes(a.SubAttributes)
		}
	}
	return out
}

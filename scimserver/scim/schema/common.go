package schema

// The common attributes of every resource (RFC 7643 §3.1), which no schema document lists.
var (
	schemasAttribute = &Attribute{
		Name: "schemas", Type: Reference, MultiValued: true, Required: true, Returned: Always, ReferenceTypes: []string{"uri"},
		Description: "URNs of the schemas whose attributes the resource holds.",
	}
	idAttribute = &Attribute{
		Name: "id", Type: String, CaseExact: true, Mutability: ReadOnly, Returned: Always, Uniqueness: Server,
		Description: "Identifier of the resource, assigned by the service provider.",
	}
	externalIDAttribute = &Attribute{
		Name: "externalId", Type: String, CaseExact: true,
		Description: "Identifier of the resource as the client knows it.",
	}
	metaAttribute = &Attribute{
		Name: "meta", Type: Complex, Mutability: ReadOnly, Description: "Metadata of the resource.",
		SubAttributes: []*Attribute{
			{Name: "resourceType", Type: String, CaseExact: true, Mutability: ReadOnly, Description: "Name of the resource type."},
			{Name: "created", Type: DateTime, Mutability: ReadOnly, Description: "When the resource was added."},
			{Name: "lastModified", Type: DateTime, Mutability: ReadOnly, Description: "When the resource was last changed."},
			{Name: "location", Type: Reference, CaseExact: true, Mutability: ReadOnly, ReferenceTypes: []string{"uri"}, Description: "URL of the resource."},
			{Name: "version", Type: String, CaseExact: true, Mutability: ReadOnly, Description: "Entity tag of the resource."},
		},
	}
	common = bindCommon(schemasAttribute, idAttribute, externalIDAttribute, metaAttribute)
)

func bindCommon(list ...*Attribute) []*Attribute {
	for i, a := range list {
		a.bind(nil, "", i)
	}
	return list
}

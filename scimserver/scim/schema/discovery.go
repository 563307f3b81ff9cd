package schema

// The URNs of the schemas of discovery (RFC 7643 §5 to §7).
const (
	ServiceProviderConfigID = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
	ResourceTypeID          = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
	SchemaID                = "urn:ietf:params:scim:schemas:core:2.0:Schema"
)

// discoverySchemas are those of RFC 7643 §8.7.2, with the pagination of RFC 9865 §4.
var discoverySchemas = []*Schema{serviceProviderConfigSchema(), resourceTypeSchema(), schemaSchema()}

func serviceProviderConfigSchema() *Schema {
	supported := func() *Attribute { return required(flag("supported", "Whether the operation is supported.")) }
	all := []*Attribute{
		reference("documentationUri", "URL of documentation for people.", "external"),
		required(complexOf("patch", "PATCH.", supported())),
		required(complexOf("bulk", "Bulk operations.", supported(),
			required(number("maxOperations", "Most operations in one request.")),
			required(number("maxPayloadSize", "Largest request, in bytes.")))),
		required(complexOf("filter", "Filters.", supported(),
			required(number("maxResults", "Most resources in one answer.")))),
		required(complexOf("changePassword", "Change of passwords.", supported())),
		required(complexOf("sort", "Sorting.", supported())),
		required(complexOf("etag", "Entity tags.", supported())),
		paginationAttribute(),
		flag("interopProfileConformant", "Whether the SCIM 2.0 Interoperability Profile is followed."),
		required(many(complexOf("authenticationSchemes", "Ways to authenticate.",
			required(suggest(text("type", "Kind of scheme."), "oauth", "oauth2", "oauthbearertoken", "httpbasic", "httpdigest")),
			required(text("name", "Name of the scheme for display.")),
			required(text("description", "Description of the scheme.")),
			reference("specUri", "URL of the scheme's specification.", "external"),
			reference("documentationUri", "URL of documentation for people.", "external"),
			flag("primary", "Whether this is the preferred scheme.")))),
	}
	return discovery(ServiceProviderConfigID, "Service Provider Configuration", "What the service provider supports", all)
}

func paginationAttribute() *Attribute {
	return complexOf("pagination", "Paging of lists (RFC 9865).",
		required(flag("cursor", "Whether cursors are supported.")),
		required(flag("index", "Whether startIndex is supported.")),
		suggest(text("defaultPaginationMethod", "Method used where the client names none."), "cursor", "index"),
		number("defaultPageSize", "Resources in a page where the client names no count."),
		number("maxPageSize", "Most resources in a page."),
		number("cursorTimeout", "Least time a cursor is valid, in seconds."))
}

func resourceTypeSchema() *Schema {
	all := []*Attribute{
		text("id", "Identifier of the resource type."),
		required(text("name", "Name of the resource type.")),
		text("description", "Description of the resource type."),
		required(reference("endpoint", "Path of the endpoint, relative to the base URL.", "uri")),
		required(reference("schema", "URN of the core schema.", "uri")),
		many(complexOf("schemaExtensions", "Extensions of the core schema.",
			required(reference("schema", "URN of the extension.", "uri")),
			required(flag("required", "Whether each resource must have the extension.")))),
	}
	return discovery(ResourceTypeID, "ResourceType", "Kinds of resource and their schemas", all)
}

func schemaSchema() *Schema {
	all := []*Attribute{
		required(text("id", "URN of the schema.")),
		required(text("name", "Name of the schema.")),
		text("description", "Description of the schema."),
		required(many(complexOf("attributes", "Attributes of the schema.",
			append(characteristics(), many(complexOf("subAttributes", "Sub-attributes of a complex attribute.", characteristics()...)))...))),
	}
	return discovery(SchemaID, "Schema", "Attributes of resources and their characteristics", all)
}

func characteristics() []*Attribute {
	return []*Attribute{
		required(exact("name", "Name of the attribute.")),
		required(suggest(text("type", "Data type."), typeNames...)),
		required(flag("multiValued", "Whether the attribute has several values.")),
		text("description", "Description of the attribute."),
		flag("required", "Whether the attribute must be there."),
		many(exact("canonicalValues", "Values that are suggested.")),
		flag("caseExact", "Whether case matters when strings are compared."),
		suggest(text("mutability", "Who may change the attribute."), mutabilityNames...),
		suggest(text("returned", "When the attribute is in an answer."), returnedNames...),
		suggest(text("uniqueness", "Where a value must not occur twice."), uniquenessNames...),
		many(exact("referenceTypes", "What a reference may refer to.")),
	}
}

func discovery(id, name, description string, attributes []*Attribute) *Schema {
	for _, a := range attributes {
		readOnly(a)
	}
	return newSchema(id, name, description, false, attributes...)
}

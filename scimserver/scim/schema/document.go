package schema

import (
	"bytes"
	"encoding/json"
)

// schemaDocument is RFC 7643 §7.
type schemaDocument struct {
	Schemas     []string            `json:"schemas"`
	ID          string              `json:"id"`
	Name        string              `json:"name"`
	Description string              `json:"description"`
	Attributes  []attributeDocument `json:"attributes"`
	Meta        metaDocument        `json:"meta"`
}

type attributeDocument struct {
	Name            string              `json:"name"`
	Type            string              `json:"type"`
	MultiValued     bool                `json:"multiValued"`
	Description     string              `json:"description"`
	Required        bool                `json:"required"`
	CanonicalValues []string            `json:"canonicalValues,omitempty"`
	CaseExact       bool                `json:"caseExact"`
	Mutability      string              `json:"mutability"`
	Returned        string              `json:"returned"`
	Uniqueness      string              `json:"uniqueness"`
	ReferenceTypes  []string            `json:"referenceTypes,omitempty"`
	SubAttributes   []attributeDocument `json:"subAttributes,omitempty"`
}

type metaDocument struct {
	ResourceType string `json:"resourceType"`
	Location     string `json:"location"`
}

// typeDocument is RFC 7643 §6.
type typeDocument struct {
	Schemas     []string            `json:"schemas"`
	ID          string              `json:"id"`
	Name        string              `json:"name"`
	Endpoint    string              `json:"endpoint"`
	Description string              `json:"description"`
	Schema      string              `json:"schema"`
	Extensions  []extensionDocument `json:"schemaExtensions,omitempty"`
	Meta        metaDocument        `json:"meta"`
}

type extensionDocument struct {
	Schema   string `json:"schema"`
	Required bool   `json:"required"`
}

// AppendJSON appends the document of /Schemas/{id}; base is the tenant's URL, …/scim/v2.
func (s *Schema) AppendJSON(dst []byte, base string) []byte {
	return appendJSON(dst, schemaDocument{
		Schemas: []string{SchemaID}, ID: s.ID, Name: s.Name, Description: s.Description,
		Attributes: attributeDocuments(s.Attributes),
		Meta:       metaDocument{ResourceType: "Schema", Location: base + "/Schemas/" + s.ID},
	})
}

// AppendJSON appends the document of /ResourceTypes/{name}; base is the tenant's URL, …/scim/v2.
func (rt *ResourceType) AppendJSON(dst []byte, base string) []byte {
	doc := typeDocument{
		Schemas: []string{ResourceTypeID}, ID: rt.Name, Name: rt.Name, Endpoint: rt.Endpoint,
		Description: rt.Description, Schema: rt.Core.ID,
		Meta: metaDocument{ResourceType: "ResourceType", Location: base + "/ResourceTypes/" + rt.Name},
	}
	for _, e := range rt.Extensions {
		doc.Extensions = append(doc.Extensions, extensionDocument{Schema: e.Schema.ID, Required: e.Required})
	}
	return appendJSON(dst, doc)
}

func attributeDocuments(list []*Attribute) []attributeDocument {
	var out []attributeDocument
	for _, a := range list {
		out = append(out, attributeDocument{
			Name: a.Name, Type: a.Type.String(), MultiValued: a.MultiValued, Description: a.Description, Required: a.Required,
			CanonicalValues: a.CanonicalValues, CaseExact: a.CaseExact, Mutability: a.Mutability.String(),
			Returned: a.Returned.String(), Uniqueness: a.Uniqueness.String(), ReferenceTypes: a.ReferenceTypes,
			SubAttributes: attributeDocuments(a.SubAttributes),
		})
	}
	return out
}

func appendJSON(dst []byte, doc any) []byte {
	out := bytes.NewBuffer(dst)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	// Structs of strings and booleans always encode.
	_ = enc.Encode(doc)
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}

package scimtest

import (
	"sync"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
)

// AcmeID is the URN of the extension in Registry; Entra ID's documentation uses it.
const AcmeID = "urn:ietf:params:scim:schemas:extension:CustomExtensionName:2.0:User"

// Acme is an extension of User with attributes of each type and characteristic.
func Acme() schema.ExtensionSpec {
	return schema.ExtensionSpec{
		ID: AcmeID, Name: "Acme", Description: "Attributes of Acme", Resource: "User",
		Attributes: []*schema.Attribute{
			{Name: "tag", Description: "Tag"},
			{Name: "badge", Description: "Badge", Uniqueness: schema.Server, CaseExact: true},
			{Name: "level", Type: schema.Integer, Description: "Level"},
			{Name: "ratio", Type: schema.Decimal, Description: "Ratio"},
			{Name: "hired", Type: schema.DateTime, Description: "First day"},
			{Name: "key", Type: schema.Binary, CaseExact: true, Description: "Key"},
			{Name: "origin", Mutability: schema.Immutable, Description: "Where the user came from"},
			{Name: "score", Type: schema.Integer, Mutability: schema.ReadOnly, Description: "Score"},
			{Name: "pin", Mutability: schema.WriteOnly, Returned: schema.Never, Description: "PIN"},
			{Name: "notes", MultiValued: true, Returned: schema.OnRequest, Description: "Notes"},
			{Name: "labels", MultiValued: true, Description: "Labels"},
			{Name: "desk", Type: schema.Complex, Description: "Desk", SubAttributes: []*schema.Attribute{
				{Name: "room", Required: true, Description: "Room"},
				{Name: "floor", Type: schema.Integer, Mutability: schema.Immutable, Description: "Floor"},
				{Name: "tags", MultiValued: true, Description: "Tags"},
			}},
			{Name: "cars", Type: schema.Complex, MultiValued: true, Description: "Cars", SubAttributes: []*schema.Attribute{
				{Name: "plate", Required: true, Description: "Number plate"},
				{Name: "since", Type: schema.DateTime, Description: "Since when"},
				{Name: "secret", Returned: schema.OnRequest, Description: "Where the key is"},
			}},
		},
	}
}

// Registry has Users, Groups and the extension Acme.
func Registry(t testing.TB) *schema.Registry {
	t.Helper()
	r, err := registry()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// registry is the same for all, so that attributes can be compared by identity.
var registry = sync.OnceValues(func() (*schema.Registry, error) {
	return schema.New(schema.Options{Groups: true, Extensions: []schema.ExtensionSpec{Acme()}})
})

// Type is a resource type of Registry, "User" or "Group".
func Type(t testing.TB, name string) *schema.ResourceType {
	t.Helper()
	rt, ok := Registry(t).ResourceType(name)
	if !ok {
		t.Fatalf("no resource type %q", name)
	}
	return rt
}

package config_test

import (
	"reflect"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
)

func TestSchemaOptions(t *testing.T) {
	t.Parallel()
	acme := full().Tenants[1]
	acme.UniqueIdentifier = "email"
	e := acme.Extensions[0]
	want := schema.Options{Groups: true, UniqueIdentifier: "email", Extensions: []schema.ExtensionSpec{{
		ID: e.ID, Name: "Custom", Description: "Acme's own", Resource: "User", Required: true,
		Attributes: []*schema.Attribute{
			{Name: "badge", Description: "Badge number", Type: schema.String, Required: true, CaseExact: true, Mutability: schema.Immutable,
				Returned: schema.Always, Uniqueness: schema.Server, CanonicalValues: []string{"none"}},
			{Name: "desks", Type: schema.Complex, MultiValued: true, SubAttributes: []*schema.Attribute{
				{Name: "value", Type: schema.Reference, ReferenceTypes: []string{"external"}},
			}},
		},
	}}}
	if got := acme.SchemaOptions(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestKeywords: whatever Validate accepts, the schemas know.
func TestKeywords(t *testing.T) {
	t.Parallel()
	accepted := func(change func(*config.Attribute)) bool {
		c := tenant("n/t")
		a := config.Attribute{Name: "a", Type: "string"}
		change(&a)
		c.Extensions = []config.Extension{{ID: "urn:x", Resource: "User", Attributes: []config.Attribute{a}}}
		return c.Validate() == nil
	}
	for typ := range schema.Complex {
		if !accepted(func(a *config.Attribute) { a.Type = typ.String() }) {
			t.Errorf("type %s", typ)
		}
	}
	for m := schema.ReadWrite; m <= schema.WriteOnly; m++ {
		if !accepted(func(a *config.Attribute) { a.Mutability = m.String() }) {
			t.Errorf("mutability %s", m)
		}
	}
	for r := schema.Default; r <= schema.OnRequest; r++ {
		if !accepted(func(a *config.Attribute) { a.Returned = r.String() }) {
			t.Errorf("returned %s", r)
		}
	}
	for u := schema.None; u <= schema.Global; u++ {
		if !accepted(func(a *config.Attribute) { a.Uniqueness = u.String() }) {
			t.Errorf("uniqueness %s", u)
		}
	}
}

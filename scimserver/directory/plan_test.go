package directory

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

const badgeURN = "urn:ietf:params:scim:schemas:extension:badge:2.0:User"

// badges is an extension with unique attributes, simple, multi-valued and within complex ones.
func badges(t *testing.T) *schema.Registry {
	t.Helper()
	r, err := schema.New(schema.Options{Groups: true, Extensions: []schema.ExtensionSpec{{
		ID: badgeURN, Name: "Badge", Resource: "User", Attributes: []*schema.Attribute{
			{Name: "number", Uniqueness: schema.Server, CaseExact: true},
			{Name: "names", Uniqueness: schema.Server, MultiValued: true},
			{Name: "colour"},
			{Name: "card", Type: schema.Complex, SubAttributes: []*schema.Attribute{{Name: "chip", Uniqueness: schema.Server}}},
		},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestKeys(t *testing.T) {
	t.Parallel()
	tenant := &Tenant{Schemas: badges(t)}
	const core = `"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","` + badgeURN + `"]`
	for name, tc := range map[string]struct {
		typ, body string
		want      store.Keys
	}{
		"user": {"User", `{` + core + `,"userName":"Ännchen@Example.COM","externalId":"aB","displayName":"Ann"}`,
			store.Keys{Name: "ännchen@example.com", NameUnique: true, Display: "Ann", ExternalID: "aB"}},
		"user without a display name": {"User", `{` + core + `,"userName":"Ann"}`,
			store.Keys{Name: "ann", NameUnique: true, Display: "Ann"}},
		"e-mail addresses": {"User", `{` + core + `,"userName":"a","emails":[{"value":"A@x.com"},{"value":"b@x.com","type":"home"}]}`,
			store.Keys{Name: "a", NameUnique: true, Display: "a", Values: []store.Key{
				{Path: "emails.value", Value: "a@x.com"}, {Path: "emails.value", Value: "b@x.com"}}}},
		"unique attributes of an extension": {"User", `{` + core + `,"userName":"a","` + badgeURN + `":{"number":"aB1","names":["Red","BLUE"],"colour":"green","card":{"chip":"C"}}}`,
			store.Keys{Name: "a", NameUnique: true, Display: "a", Values: []store.Key{
				{Path: badgeURN + ":number", Value: "aB1", Unique: true},
				{Path: badgeURN + ":names", Value: "red", Unique: true}, {Path: badgeURN + ":names", Value: "blue", Unique: true},
				{Path: badgeURN + ":card.chip", Value: "c", Unique: true}}}},
		"group": {"Group", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Tour Guides","externalId":"g"}`,
			store.Keys{Name: "tour guides", Display: "Tour Guides", ExternalID: "g"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rt, _ := tenant.Schemas.ResourceType(tc.typ)
			body, err := resource.Decode([]byte(tc.body), resource.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			doc, err := resource.Canonical(rt, body, tolerance.Strict())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, tenant.planOf(rt).keys(doc)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

package mapping_test

import (
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/mapping"
	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
)

const (
	enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	custom     = "urn:ietf:params:scim:schemas:extension:CustomExtensionName:2.0:User"
)

// ann is a canonical document with its id.
const ann = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","` + enterprise + `","` + custom + `"],"id":"2819c223",
"externalId":"00u1","userName":"ann@example.com","name":{"familyName":"Lee","givenName":"Ann"},"displayName":" Ann Lee ","nickName":"  ","active":true,
"emails":[{"value":"home@example.com","type":"home"},{"value":"ann@example.com","type":"work","primary":true},{"value":"old@example.com","type":"work"},{"value":" ","type":"other"}],
"phoneNumbers":[{"value":"+1","type":"mobile"},{"value":"+2","type":"work"}],
"roles":[{"value":"Admin"}],"addresses":[{"type":"work","country":"DE"}],
"` + enterprise + `":{"employeeNumber":"0042","department":"it","manager":{"value":"77","displayName":"Bob"}},
"` + custom + `":{"badge":"B-7","floor":3,"rate":12.50,"hired":"2024-02-03T04:05:06+01:00","remote":true,"teams":["a","b"]}}`

// bare has nothing but what is required.
const bare = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"1","userName":"bob"}`

func registry(tb testing.TB, groups bool) *schema.Registry {
	tb.Helper()
	a := func(name string, t schema.Type, many bool) *schema.Attribute {
		return &schema.Attribute{Name: name, Type: t, MultiValued: many}
	}
	reg, err := schema.New(schema.Options{Groups: groups, Extensions: []schema.ExtensionSpec{{ID: custom, Resource: "User", Attributes: []*schema.Attribute{
		a("badge", schema.String, false), a("floor", schema.Integer, false), a("rate", schema.Decimal, false), a("hired", schema.DateTime, false),
		a("remote", schema.Boolean, false), a("teams", schema.String, true),
	}}}})
	if err != nil {
		tb.Fatal(err)
	}
	return reg
}

func user(tb testing.TB, doc string) *resource.Object {
	tb.Helper()
	o, err := resource.Decode([]byte(doc), resource.Limits{})
	if err != nil {
		tb.Fatal(err)
	}
	return o
}

// rule compiles one rule for one field.
func rule(tb testing.TB, f config.Field, r config.AttributeRule) (*mapping.Program, error) {
	tb.Helper()
	f.Name, r.Field = "f", "f"
	return mapping.Compile(mapping.Spec{
		Application: &config.Application{Name: "ns/app", Fields: []config.Field{f}},
		Mapping:     &config.Mapping{Attributes: []config.AttributeRule{r}},
	}, registry(tb, true))
}

func must(tb testing.TB, p *mapping.Program, err error) *mapping.Program {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

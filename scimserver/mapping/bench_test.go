package mapping_test

import (
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/mapping"
	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
)

// typical has eight fields, two of them by expressions, and a role by group.
func typical() mapping.Spec {
	fields := []config.Field{
		{Name: "email", Required: true, Unique: true}, {Name: "firstName"}, {Name: "lastName"}, {Name: "fullName"}, {Name: "phone"},
		{Name: "badge"}, {Name: "floor", Type: "Integer"}, {Name: "site"},
	}
	return mapping.Spec{
		Application: &config.Application{Name: "ns/app", Fields: fields, Roles: []string{"Administrator", "Staff User"}},
		Mapping: &config.Mapping{
			Attributes: []config.AttributeRule{
				{Field: "email", From: `emails[type eq "work"].value`},
				{Field: "firstName", From: "name.givenName"},
				{Field: "lastName", From: "name.familyName"},
				{Field: "fullName", Expression: `user.name.givenName + " " + user.name.familyName`},
				{Field: "phone", From: `phoneNumbers[type eq "mobile"].value`},
				{Field: "badge", From: custom + ":badge", Default: new("none")},
				{Field: "floor", From: custom + ":floor"},
				{Field: "site", Expression: `user.emails.exists(e, e.value.endsWith("@example.com")) ? "Berlin" : user.?locale.orValue("")`},
			},
			Role: &config.RoleRule{
				Groups: []config.GroupRole{{DisplayName: "Admins", Role: "Administrator"}, {DisplayName: "Staff", Role: "Staff User"}},
				Order:  config.GroupsFirst, Unknown: config.UseDefault, Assign: config.Always, Default: "Staff User",
			},
		},
	}
}

func BenchmarkMap(b *testing.B) {
	p, err := mapping.Compile(typical(), registry(b, true))
	p = must(b, p, err)
	in := mapping.Input{User: user(b, ann), Groups: groups}
	b.ReportAllocs()
	for b.Loop() {
		if out := p.Map(b.Context(), in); out.Rejection != nil {
			b.Fatal(out.Rejection)
		}
	}
}

// BenchmarkMapDocument begins with the stored bytes, as a re-mapping does.
func BenchmarkMapDocument(b *testing.B) {
	p, err := mapping.Compile(typical(), registry(b, true))
	p = must(b, p, err)
	doc := []byte(ann)
	b.ReportAllocs()
	for b.Loop() {
		u, err := resource.Parse(doc)
		if err != nil {
			b.Fatal(err)
		}
		if out := p.Map(b.Context(), mapping.Input{User: u, Groups: groups}); out.Rejection != nil {
			b.Fatal(out.Rejection)
		}
	}
}

func BenchmarkMapPaths(b *testing.B) {
	spec := typical()
	spec.Mapping.Attributes[3] = config.AttributeRule{Field: "fullName", From: "displayName"}
	spec.Mapping.Attributes[7] = config.AttributeRule{Field: "site", From: "locale"}
	p, err := mapping.Compile(spec, registry(b, true))
	p = must(b, p, err)
	in := mapping.Input{User: user(b, ann), Groups: groups}
	b.ReportAllocs()
	for b.Loop() {
		p.Map(b.Context(), in)
	}
}

func BenchmarkCompile(b *testing.B) {
	reg := registry(b, true)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := mapping.Compile(typical(), reg); err != nil {
			b.Fatal(err)
		}
	}
}

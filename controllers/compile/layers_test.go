package compile_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers/compile"
	"github.com/scim-operator/scim-operator/scimserver/config"
)

// layered is the entry of a tenant with these mappings, one over the other.
func layered(t *testing.T, specs ...v1alpha1.SCIMMappingSpec) (config.Tenant, error) {
	t.Helper()
	refs := compile.References{
		Application: inventory(func(a *v1alpha1.SCIMApplication) { a.Spec.MemberFields[0].Required = false }),
		Rules:       &compile.Rules{}, Mappings: map[string]*v1alpha1.SCIMMapping{},
	}
	in := tenant("a", provisions, func(in *v1alpha1.SCIMTenant) { in.Spec.MappingRefs = nil })
	for i, spec := range specs {
		name := "layer-" + string(rune('a'+i))
		refs.Mappings[name] = layer(name, spec)
		in.Spec.MappingRefs = append(in.Spec.MappingRefs, v1alpha1.LocalReference{Name: name})
	}
	return compile.Entry(in, refs, compile.Tokens{})
}

func TestLayers(t *testing.T) {
	t.Parallel()
	type (
		attributes = []v1alpha1.AttributeRule
		spec       = v1alpha1.SCIMMappingSpec
		values     = map[string]v1alpha1.FieldValue
		rules      = []config.AttributeRule
	)
	empty := ""
	base := &v1alpha1.RoleRule{
		From: "userType", Values: map[string]v1alpha1.RoleName{"IT": "Admin"}, Groups: []v1alpha1.GroupRole{{DisplayName: "Admins", Role: "Admin"}},
		Order: v1alpha1.RoleFromFirst, Default: "Viewer", Unknown: v1alpha1.UnknownRoleReject, Assign: v1alpha1.AssignRoleOnCreate,
	}
	merged := func(change func(*config.RoleRule)) *config.RoleRule {
		r := &config.RoleRule{
			From: "userType", Values: map[string]string{"IT": "Admin"}, Groups: []config.GroupRole{{DisplayName: "Admins", Role: "Admin"}},
			Order: "FromFirst", Default: "Viewer", Unknown: "Reject", Assign: "OnCreate",
		}
		change(r)
		return r
	}
	role := func(r v1alpha1.RoleRule) []spec { return []spec{{Role: base}, {Role: &r}} }
	for name, tc := range map[string]struct {
		layers []spec
		want   *config.Mapping
	}{
		"none":       {nil, nil},
		"one":        {[]spec{{Attributes: attributes{{Field: "email", From: "emails", Values: values{"a": "b"}}}}}, &config.Mapping{Attributes: rules{{Field: "email", From: "emails", Values: map[string]string{"a": "b"}}}}},
		"whole rule": {[]spec{{Attributes: attributes{{Field: "email", From: "emails", Default: new("x"), Values: values{"a": "b"}}}}, {Attributes: attributes{{Field: "email", Expression: "user.userName"}}}}, &config.Mapping{Attributes: rules{{Field: "email", Expression: "user.userName"}}}},
		"other field": {[]spec{{Attributes: attributes{{Field: "email", From: "emails"}}}, {Attributes: attributes{{Field: "badge", From: "title"}}}},
			&config.Mapping{Attributes: rules{{Field: "email", From: "emails"}, {Field: "badge", From: "title"}}}},
		"emptied": {[]spec{{Attributes: attributes{{Field: "email", From: "emails"}}}, {Attributes: attributes{{Field: "email", Default: &empty}}}},
			&config.Mapping{Attributes: rules{{Field: "email", Default: &empty}}}},
		"the last of three": {[]spec{{Attributes: attributes{{Field: "email", From: "emails"}}}, {Attributes: attributes{{Field: "email", From: "userName"}}}, {Attributes: attributes{{Field: "email", From: "title"}}}},
			&config.Mapping{Attributes: rules{{Field: "email", From: "title"}}}},
		"role alone":   {[]spec{{Role: &v1alpha1.RoleRule{Default: "Viewer"}}}, &config.Mapping{Role: &config.RoleRule{Order: "GroupsFirst", Default: "Viewer", Unknown: "UseDefault", Assign: "Always"}}},
		"role from":    {role(v1alpha1.RoleRule{From: "title"}), &config.Mapping{Role: merged(func(r *config.RoleRule) { r.From = "title" })}},
		"role values":  {role(v1alpha1.RoleRule{Values: map[string]v1alpha1.RoleName{"HR": "Viewer"}}), &config.Mapping{Role: merged(func(r *config.RoleRule) { r.Values = map[string]string{"HR": "Viewer"} })}},
		"role groups":  {role(v1alpha1.RoleRule{Groups: []v1alpha1.GroupRole{}}), &config.Mapping{Role: merged(func(r *config.RoleRule) { r.Groups = []config.GroupRole{} })}},
		"role order":   {role(v1alpha1.RoleRule{Order: v1alpha1.RoleGroupsFirst}), &config.Mapping{Role: merged(func(r *config.RoleRule) { r.Order = "GroupsFirst" })}},
		"role default": {role(v1alpha1.RoleRule{Default: "Admin"}), &config.Mapping{Role: merged(func(r *config.RoleRule) { r.Default = "Admin" })}},
		"role unknown": {role(v1alpha1.RoleRule{Unknown: v1alpha1.UnknownRoleUseDefault}), &config.Mapping{Role: merged(func(r *config.RoleRule) { r.Unknown = "UseDefault" })}},
		"role assign":  {role(v1alpha1.RoleRule{Assign: v1alpha1.AssignRoleAlways}), &config.Mapping{Role: merged(func(r *config.RoleRule) { r.Assign = "Always" })}},
		"untouched":    {[]spec{{Role: base}, {Attributes: attributes{{Field: "email", From: "emails"}}}}, &config.Mapping{Attributes: rules{{Field: "email", From: "emails"}}, Role: merged(func(*config.RoleRule) {})}},
	} {
		got, err := layered(t, tc.layers...)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(tc.want, got.Mapping); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestLayersPlace: a mistake is shown where it was written, not where it is in the sum of the layers.
func TestLayersPlace(t *testing.T) {
	t.Parallel()
	base := v1alpha1.SCIMMappingSpec{
		Attributes: []v1alpha1.AttributeRule{{Field: "email", From: "emails"}},
		Role:       &v1alpha1.RoleRule{From: "userType", Default: "Viewer"},
	}
	for want, over := range map[string]v1alpha1.SCIMMappingSpec{
		`SCIMMapping layer-b: spec.attributes[1].expression, line 2, column 5: a user has no attribute "titel"; did you mean title?`: {Attributes: []v1alpha1.AttributeRule{{Field: "email", From: "userName"}, {Field: "badge", Expression: "\nuser.titel"}}},
		`SCIMMapping layer-b: spec.attributes[0].values[IT]: "Berlin" is no Integer`:                                                 {Attributes: []v1alpha1.AttributeRule{{Field: "badge", From: "title", Values: map[string]v1alpha1.FieldValue{"IT": "Berlin"}}}},
		`SCIMMapping layer-b: spec.attributes[0].field: application apps/inventory has no field "badg"; did you mean badge?`:         {Attributes: []v1alpha1.AttributeRule{{Field: "badg", From: "title"}}},
		`SCIMMapping layer-b: spec.role.default: application apps/inventory has no role "Viewr"; did you mean Viewer?`:               {Role: &v1alpha1.RoleRule{Default: "Viewr"}},
		`SCIMMapping layer-b: spec.role.values[IT]: application apps/inventory has no role "Root"; its roles are Admin, Viewer`:      {Role: &v1alpha1.RoleRule{Values: map[string]v1alpha1.RoleName{"IT": "Root"}}},
	} {
		_, err := layered(t, base, over)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v\nwant %s", err, want)
		}
	}
}

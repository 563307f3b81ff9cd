package compile_test

import (
	"strings"
	"testing"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers/compile"
)

func TestMappingFinding(t *testing.T) {
	t.Parallel()
	attribute := func(r v1alpha1.AttributeRule) v1alpha1.SCIMMappingSpec {
		return v1alpha1.SCIMMappingSpec{Attributes: []v1alpha1.AttributeRule{{Field: "a", From: "userName"}, r}}
	}
	for name, tc := range map[string]struct {
		spec v1alpha1.SCIMMappingSpec
		want string
	}{
		"path":            {attribute(v1alpha1.AttributeRule{Field: "f", From: `emails[type eq "work"].value`}), ""},
		"extension":       {attribute(v1alpha1.AttributeRule{Field: "f", From: "urn:ietf:params:scim:schemas:extension:acme:2.0:User:badge"}), ""},
		"expression":      {attribute(v1alpha1.AttributeRule{Field: "f", Expression: `user.name.givenName + " " + user.name.familyName`}), ""},
		"role":            {v1alpha1.SCIMMappingSpec{Role: &v1alpha1.RoleRule{From: "title", Values: map[string]v1alpha1.RoleName{"IT": "Admin"}}}, ""},
		"no attribute":    {attribute(v1alpha1.AttributeRule{Field: "f", From: "mail"}), "spec.attributes[1].from"},
		"no expression":   {attribute(v1alpha1.AttributeRule{Field: "f", Expression: "user.name. +"}), "spec.attributes[1].expression, column "},
		"path of a role":  {v1alpha1.SCIMMappingSpec{Role: &v1alpha1.RoleRule{From: "emails["}}, "spec.role.from"},
		"value of a role": {v1alpha1.SCIMMappingSpec{Role: &v1alpha1.RoleRule{From: "title", Values: map[string]v1alpha1.RoleName{" ": "Admin"}}}, "spec.role.values: a value is blank"},
	} {
		got := compile.MappingFinding(&v1alpha1.SCIMMapping{Spec: tc.spec})
		if got.OK() != (tc.want == "") || !strings.HasPrefix(got.Message, tc.want) || (!got.OK() && got.Reason != v1alpha1.ReasonInvalid) {
			t.Errorf("%s: %q %q, want %q", name, got.Reason, got.Message, tc.want)
		}
	}
}

func FuzzMappingPath(f *testing.F) {
	for _, seed := range []string{"userName", `emails[type eq "work"].value`, "urn:a:b:c.d", "]a[", "a[b]c]"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		m := &v1alpha1.SCIMMapping{Spec: v1alpha1.SCIMMappingSpec{Attributes: []v1alpha1.AttributeRule{{Field: "f", From: path}}}}
		if got := compile.MappingFinding(m); !got.OK() && got.Message == "" {
			t.Error("a finding without a message")
		}
	})
}

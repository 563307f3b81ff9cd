package compile_test

import (
	"strings"
	"testing"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers/compile"
)

func TestMappingFinding(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"userName":                     "",
		"USERNAME":                     "",
		"name.familyName":              "",
		`emails[type eq "work"].value`: "",
		"emails.value":                 "",
		"urn:ietf:params:scim:schemas:core:2.0:User:title":                             "",
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department":        "",
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value":     "",
		"urn:ietf:params:scim:schemas:extension:CustomExtensionName:2.0:User:anything": "",
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:badge":             "a user has no such attribute",
		"mail":                   "a user has no such attribute",
		"name.nickname":          "a user has no such attribute",
		`name[a eq "b"].given`:   "a user has no such attribute",
		`title[value eq "x"]`:    "title has one value; remove the filter",
		"emails[":                "the bracket at position 7 is not closed",
		"emails[]":               "is not closed, or empty",
		`emails[type eq "x"]foo`: "a dot and a sub-attribute may follow",
		`emails[type eq "x"].`:   "the name of an attribute is missing",
		"emails.":                "the name of an attribute is missing",
		"e mails":                `"e mails" is not the name of an attribute`,
		"name.family name":       `"family name" is not the name`,
		":":                      "the name of an attribute is missing",
	} {
		m := &v1alpha1.SCIMMapping{Spec: v1alpha1.SCIMMappingSpec{Attributes: []v1alpha1.AttributeRule{{Field: "f", From: path}}}}
		got := compile.MappingFinding(m)
		if got.OK() != (want == "") || !strings.Contains(got.Message, want) {
			t.Errorf("%s: %q %q, want %q", path, got.Reason, got.Message, want)
		}
		m.Spec = v1alpha1.SCIMMappingSpec{Role: &v1alpha1.RoleRule{From: path}}
		if role := compile.MappingFinding(m); role.OK() != got.OK() {
			t.Errorf("%s: as the source of a role it is judged otherwise", path)
		}
	}
	expression := &v1alpha1.SCIMMapping{Spec: v1alpha1.SCIMMappingSpec{Attributes: []v1alpha1.AttributeRule{{Field: "f", Expression: "user.x"}}}}
	if got := compile.MappingFinding(expression); got.Reason != v1alpha1.ReasonNotImplemented || !strings.Contains(got.Message, "spec.attributes[0].expression") {
		t.Errorf("expression: %+v", got)
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

func TestApplicationFinding(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		spec   v1alpha1.SCIMApplicationSpec
		reason v1alpha1.ConditionReason
		text   string
	}{
		"empty":    {v1alpha1.SCIMApplicationSpec{}, "", ""},
		"sound":    {v1alpha1.SCIMApplicationSpec{Roles: []v1alpha1.Role{{Name: "A"}, {Name: "B"}}, Actions: []v1alpha1.Action{{Name: "A"}}}, "", ""},
		"fields":   {v1alpha1.SCIMApplicationSpec{MemberFields: []v1alpha1.MemberField{{Name: "mail"}, {Name: "Mail"}}}, v1alpha1.ReasonInvalid, `spec.memberFields: "mail" and "Mail"`},
		"roles":    {v1alpha1.SCIMApplicationSpec{Roles: []v1alpha1.Role{{Name: "a"}, {Name: "A"}}}, v1alpha1.ReasonInvalid, "spec.roles"},
		"actions":  {v1alpha1.SCIMApplicationSpec{Actions: []v1alpha1.Action{{Name: "a"}, {Name: "A"}}}, v1alpha1.ReasonInvalid, "spec.actions"},
		"delivery": {v1alpha1.SCIMApplicationSpec{Delivery: &v1alpha1.Delivery{}}, v1alpha1.ReasonNotImplemented, "spec.delivery"},
	} {
		got := compile.ApplicationFinding(&v1alpha1.SCIMApplication{Spec: tc.spec})
		if got.Reason != tc.reason || !strings.Contains(got.Message, tc.text) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

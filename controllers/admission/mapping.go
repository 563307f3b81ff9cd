package admission

import (
	"maps"
	"slices"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
)

const trimmedPath = "a path neither begins nor ends with a blank"

// Mapping lists what is wrong with a mapping.
func Mapping(m *v1alpha1.SCIMMapping) field.ErrorList {
	e, spec := &errs{}, field.NewPath("spec")
	e.whole(len(m.Spec.Attributes) > 0 || m.Spec.Role != nil, spec, "a mapping has attributes, a role, or both")
	e.attributeRules(m.Spec.Attributes, spec.Child("attributes"))
	if m.Spec.Role != nil {
		e.roleRule(m.Spec.Role, spec.Child("role"))
	}
	return e.list
}

func (e *errs) attributeRules(list []v1alpha1.AttributeRule, at *field.Path) {
	e.items(len(list), at, 128)
	seen := map[string]bool{}
	for i, r := range list {
		at := at.Index(i)
		e.length(r.Field, at.Child("field"), 64)
		e.matches(wordForm, r.Field, at.Child("field"), "field is the name of a member field: letters, digits and '_', beginning with a letter")
		e.once(seen, r.Field, at.Child("field"))
		e.whole(r.From == "" || r.Expression == "", at, "use from or expression, not both")
		e.whole(r.From != "" || r.Expression != "" || r.Default != nil, at, "give from, expression or default")
		e.fieldValues(r, at.Child("values"))
		e.path(r.From, at.Child("from"))
		e.length(r.Expression, at.Child("expression"), 4096)
		if r.Default != nil {
			e.length(*r.Default, at.Child("default"), 1024)
		}
	}
}

func (e *errs) fieldValues(r v1alpha1.AttributeRule, at *field.Path) {
	e.whole(len(r.Values) == 0 || r.From != "" || r.Expression != "", at,
		"values translate what from or expression gives: give one of them, or remove values")
	e.check(len(r.Values) <= 512, at, len(r.Values), "must have at most 512 properties")
	for _, value := range slices.Sorted(maps.Keys(r.Values)) {
		n := utf8.RuneCountInString(value)
		e.whole(n >= 1 && n <= 256, at, "a value has 1 to 256 characters; what blank values become is default")
		e.length(string(r.Values[value]), at.Key(value), 1024)
	}
}

func (e *errs) path(path string, at *field.Path) {
	if path != "" {
		e.length(path, at, 512)
		e.matches(trimmedForm, path, at, trimmedPath)
	}
}

func (e *errs) roleRule(r *v1alpha1.RoleRule, at *field.Path) {
	e.whole(r.From != "" || r.Default != "" || len(r.Values) > 0 || len(r.Groups) > 0 || r.Order != "" || r.Unknown != "" || r.Assign != "",
		at, "should have at least 1 properties")
	e.path(r.From, at.Child("from"))
	e.length(r.Default, at.Child("default"), 128)
	e.check(len(r.Values) <= 512, at.Child("values"), len(r.Values), "must have at most 512 properties")
	for _, value := range slices.Sorted(maps.Keys(r.Values)) {
		n := utf8.RuneCountInString(value)
		e.whole(n >= 1 && n <= 256, at.Child("values"), "a value has 1 to 256 characters; the role of blank values is default")
		e.roleName(r.Values[value], at.Child("values").Key(value))
	}
	e.items(len(r.Groups), at.Child("groups"), 256)
	seen := map[string]bool{}
	for i, g := range r.Groups {
		at := at.Child("groups").Index(i)
		e.required(g.DisplayName != "", at.Child("displayName"))
		e.length(g.DisplayName, at.Child("displayName"), 256)
		e.once(seen, g.DisplayName, at.Child("displayName"))
		e.roleName(g.Role, at.Child("role"))
	}
	oneOf(e, r.Order, at.Child("order"), "", v1alpha1.RoleGroupsFirst, v1alpha1.RoleFromFirst)
	oneOf(e, r.Unknown, at.Child("unknown"), "", v1alpha1.UnknownRoleUseDefault, v1alpha1.UnknownRoleReject)
	oneOf(e, r.Assign, at.Child("assign"), "", v1alpha1.AssignRoleAlways, v1alpha1.AssignRoleOnCreate)
}

func (e *errs) roleName(name v1alpha1.RoleName, at *field.Path) {
	e.required(name != "", at)
	e.length(string(name), at, 128)
}

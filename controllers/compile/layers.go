package compile

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/scimserver/config"
)

// layers are the mappings of a tenant in one, and where each part of it comes from.
type layers struct {
	mapping    *config.Mapping
	attributes []origin          // of mapping.Attributes
	role       map[string]string // field of the role → name of the SCIMMapping
}

type origin struct {
	name  string // of the SCIMMapping
	index int    // in its spec.attributes
}

// merge lays mappings over each other. A later one overrides an earlier one field by field: the rule of a member field as
// a whole, and of the role each of its fields.
func merge(t *v1alpha1.SCIMTenant, mappings map[string]*v1alpha1.SCIMMapping) layers {
	l := layers{mapping: &config.Mapping{}, role: map[string]string{}}
	for _, ref := range t.Spec.MappingRefs {
		l.add(mappings[ref.Name])
	}
	if len(l.mapping.Attributes) == 0 && l.mapping.Role == nil {
		l.mapping = nil
	}
	return l
}

// Layered lays mappings over each other in their order, as a tenant's mappingRefs do.
func Layered(mappings []*v1alpha1.SCIMMapping) *config.Mapping {
	l := layers{mapping: &config.Mapping{}, role: map[string]string{}}
	for _, m := range mappings {
		l.add(m)
	}
	return l.mapping
}

func (l *layers) add(m *v1alpha1.SCIMMapping) {
	for i, rule := range m.Spec.Attributes {
		l.attribute(attributeRule(rule), origin{name: m.Name, index: i})
	}
	if m.Spec.Role != nil {
		l.overlay(m.Spec.Role, m.Name)
	}
}

func (l *layers) attribute(rule config.AttributeRule, from origin) {
	i := slices.IndexFunc(l.mapping.Attributes, func(r config.AttributeRule) bool { return r.Field == rule.Field })
	if i < 0 {
		l.mapping.Attributes = append(l.mapping.Attributes, rule)
		l.attributes = append(l.attributes, from)
		return
	}
	l.mapping.Attributes[i], l.attributes[i] = rule, from
}

func attributeRule(r v1alpha1.AttributeRule) config.AttributeRule {
	return config.AttributeRule{Field: r.Field, From: r.From, Expression: r.Expression, Default: r.Default, Values: texts(r.Values)}
}

func (l *layers) overlay(r *v1alpha1.RoleRule, name string) {
	if l.mapping.Role == nil {
		l.mapping.Role = &config.RoleRule{Order: config.GroupsFirst, Unknown: config.UseDefault, Assign: config.Always}
	}
	out := l.mapping.Role
	set := func(field string, given bool, apply func()) {
		if given {
			apply()
			l.role[field] = name
		}
	}
	set("from", r.From != "", func() { out.From = r.From })
	set("values", r.Values != nil, func() { out.Values = texts(r.Values) })
	set("groups", r.Groups != nil, func() { out.Groups = roleGroups(r.Groups) })
	set("order", r.Order != "", func() { out.Order = string(r.Order) })
	set("default", r.Default != "", func() { out.Default = r.Default })
	set("unknown", r.Unknown != "", func() { out.Unknown = string(r.Unknown) })
	set("assign", r.Assign != "", func() { out.Assign = string(r.Assign) })
}

// texts are the entries of a translation, nil for none.
func texts[T ~string](values map[string]T) map[string]string {
	if values == nil {
		return nil
	}
	out := make(map[string]string, len(values))
	for from, to := range values {
		out[from] = string(to)
	}
	return out
}

func roleGroups(groups []v1alpha1.GroupRole) []config.GroupRole {
	out := make([]config.GroupRole, 0, len(groups))
	for _, g := range groups {
		out = append(out, config.GroupRole{DisplayName: g.DisplayName, Role: string(g.Role)})
	}
	return out
}

var (
	attributePlace = regexp.MustCompile(`^attributes\[([0-9]+)\](.*)$`)
	rolePlace      = regexp.MustCompile(`^role\.([a-z]+)`)
)

// place tells where a field of the mapping in effect stands: "SCIMMapping acme: spec.attributes[1].from" for
// "attributes[3].from".
func (l layers) place(field string) string {
	if m := attributePlace.FindStringSubmatch(field); m != nil {
		if i, err := strconv.Atoi(m[1]); err == nil && i < len(l.attributes) {
			return fmt.Sprintf("SCIMMapping %s: spec.attributes[%d]%s", l.attributes[i].name, l.attributes[i].index, m[2])
		}
	}
	if m := rolePlace.FindStringSubmatch(field); m != nil && l.role[m[1]] != "" {
		return fmt.Sprintf("SCIMMapping %s: spec.%s", l.role[m[1]], field)
	}
	if field == "attributes" { // a rule is missing
		return "spec.mappingRefs"
	}
	return "spec.mappingRefs: " + field
}

package mapping

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
)

// roleField is how steps, rejections and errors call the role.
const roleField = "role"

// roleRule chooses the member's role.
type roleRule struct {
	path      *path
	values    table
	groups    []groupRole
	byName    map[string]int // folded name of a group → index in groups
	fromFirst bool
	fallback  string
	reject    bool // what is no role is refused
	once      bool // a member keeps its role
	roles     map[string]string
}

type groupRole struct{ name, role string }

// role compiles the rule; its roles must be those of the application.
func (c *compiler) role(r *config.RoleRule) *roleRule {
	out := &roleRule{
		fromFirst: r.Order == config.FromFirst, reject: r.Unknown == config.Reject, once: r.Assign == config.OnCreate,
		roles: c.roles, values: c.values("role.values", r.Values),
	}
	if !c.loose && len(c.roles) == 0 {
		c.errs.add(roleField, "add spec.roles to the application, or remove role", "%s has no roles", c.applicationName())
		return nil
	}
	if r.From != "" {
		out.path = c.path("role.from", r.From, false)
	} else if len(r.Values) > 0 && !c.loose { // another layer may give it
		c.errs.add("role.values", "give role.from, whose values are translated", "there is nothing to translate")
	}
	for _, key := range slices.Sorted(maps.Keys(r.Values)) {
		c.roleNamed(fmt.Sprintf("role.values[%s]", key), r.Values[key])
	}
	out.groups, out.byName = c.groupRoles(r.Groups)
	if r.Default != "" {
		out.fallback = c.roleNamed("role.default", r.Default)
	}
	return out
}

func (c *compiler) groupRoles(list []config.GroupRole) ([]groupRole, map[string]int) {
	if len(list) == 0 {
		return nil, nil
	}
	if !c.loose && c.user.Attribute("groups") == nil {
		c.errs.add("role.groups", "set spec.resources.groups of the tenant to Enabled, or remove role.groups", "the tenant has no groups")
		return nil, nil
	}
	c.program.needsGroups = true
	out, byName := make([]groupRole, len(list)), make(map[string]int, len(list))
	for i, g := range list {
		name := foldName(g.DisplayName)
		if _, ok := byName[name]; ok {
			c.errs.add(fmt.Sprintf("role.groups[%d]", i), "remove one of them", "the group %q has a role already, since case does not matter", g.DisplayName)
		}
		byName[name] = i
		out[i] = groupRole{g.DisplayName, c.roleNamed(fmt.Sprintf("role.groups[%d].role", i), g.Role)}
	}
	return out, byName
}

// foldName is the name of a group or a role as it is compared.
func foldName(name string) string { return filter.Fold(strings.TrimSpace(name)) }

// roleNamed is the role as the application spells it.
func (c *compiler) roleNamed(at, name string) string {
	if c.loose {
		return name
	}
	if role, ok := c.roles[foldName(name)]; ok {
		return role
	}
	suggestion := didYouMean(name, c.application.Roles)
	if suggestion == "" {
		suggestion = "its roles are " + someOf(c.application.Roles)
	}
	c.errs.add(at, suggestion, "%s has no role %q", c.applicationName(), name)
	return ""
}

// verdict is what one source says about the role.
type verdict uint8

const (
	silent verdict = iota
	decided
	refused
)

// choose gives the role, or why the user gets none.
func (r *roleRule) choose(ev *evaluation) (string, *Rejection) {
	if r.once && ev.in.Current != nil {
		r.step(ev, "role.assign", "", Present, raw{}, ev.in.Current.Role, "the role was set when the member was created, and is kept")
		return ev.in.Current.Role, nil
	}
	first, second := r.byGroup, r.byValue
	if r.fromFirst {
		first, second = r.byValue, r.byGroup
	}
	for _, source := range [...]func(*evaluation) (string, verdict){first, second} {
		switch role, v := source(ev); v {
		case decided:
			return role, nil
		case refused:
			return "", r.unknown(role)
		}
	}
	r.step(ev, "role.default", "", presenceOf(r.fallback), raw{}, r.fallback, "no other rule gives a role")
	return r.fallback, nil
}

func presenceOf(s string) Found {
	if s == "" {
		return Missing
	}
	return Present
}

// byGroup takes the first rule whose group the user is in. It looks at each group of the user once, however many rules there are.
func (r *roleRule) byGroup(ev *evaluation) (string, verdict) {
	first := len(r.groups)
	for _, name := range ev.in.Groups {
		if len(r.groups) == 0 {
			break
		}
		if i, ok := r.byName[foldName(name)]; ok {
			first = min(first, i)
		}
	}
	if ev.explain {
		r.explainGroups(ev, first)
	}
	if first == len(r.groups) {
		return "", silent
	}
	return r.groups[first].role, decided
}

func (r *roleRule) explainGroups(ev *evaluation, first int) {
	for i, g := range r.groups[:min(first+1, len(r.groups))] {
		rule := fmt.Sprintf("role.groups[%d]", i)
		if i == first {
			r.step(ev, rule, g.name, Present, raw{}, g.role, "the user is in the group")
			continue
		}
		r.step(ev, rule, g.name, Missing, raw{}, "", "the user is not in the group")
	}
}

// byValue takes the attribute's value, translated; what is no role is refused or passed over.
func (r *roleRule) byValue(ev *evaluation) (string, verdict) {
	if r.path == nil {
		return "", silent
	}
	value, found := r.path.read(&ev.in)
	if value.blank() {
		r.step(ev, "role.from", r.path.text, found, value, "", "there is no value")
		return "", silent
	}
	name := r.values.translate(value).text
	if role, ok := r.roles[filter.Fold(name)]; ok {
		r.step(ev, "role.from", r.path.text, found, value, role, r.translation(value))
		return role, decided
	}
	if r.reject {
		r.step(ev, "role.from", r.path.text, found, value, "", "the value is no role of the application, and role.unknown is Reject")
		return name, refused
	}
	r.step(ev, "role.from", r.path.text, found, value, "", "the value is no role of the application, and role.unknown is UseDefault")
	return "", silent
}

func (r *roleRule) translation(value raw) string {
	if r.values.has(value) {
		return "translated by role.values"
	}
	return "the value is a role of the application"
}

func (r *roleRule) step(ev *evaluation, rule, source string, found Found, value raw, result, note string) {
	if ev.explain {
		ev.note(Step{Rule: rule, Field: roleField, Source: source, Found: found, Value: value.personal(), Result: Text{Text: result}, Note: note})
	}
}

// unknown is the rejection of a user whose role the application does not have.
func (r *roleRule) unknown(name string) *Rejection {
	advice := fmt.Sprintf("give %s of the user a value that stands for one, or add the role to the application", r.path.text)
	return &Rejection{
		Reason: UnknownRole, Field: roleField,
		Detail:  fmt.Sprintf("the application has no role %.128q, so the user is not provisioned: %s", name, advice),
		Summary: fmt.Sprintf("the value of %s is no role of the application, so the user is not provisioned: %s", r.path.text, advice),
	}
}

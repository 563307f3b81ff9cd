package mapping_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/mapping"
)

// roles compiles a role rule for an application with four roles.
func roles(t *testing.T, r config.RoleRule) (*mapping.Program, error) {
	t.Helper()
	app := &config.Application{Name: "ns/app", Roles: []string{"Administrator", "Staff User", "Viewer", "IT"}}
	return mapping.Compile(mapping.Spec{Application: app, Mapping: &config.Mapping{Role: &r}}, registry(t, true))
}

func TestRoles(t *testing.T) {
	t.Parallel()
	department := enterprise + ":department"
	byValue := config.RoleRule{From: department, Values: map[string]string{"Sales": "Staff User", "ops": "administrator"}, Default: "Viewer"}
	rejecting := byValue
	rejecting.Unknown = config.Reject
	byGroup := config.RoleRule{Groups: []config.GroupRole{{DisplayName: "Admins", Role: "Administrator"}, {DisplayName: "staff ", Role: "Staff User"}}, Default: "Viewer"}
	both := byGroup
	both.From, both.Order, both.Unknown = department, config.GroupsFirst, config.Reject
	fromFirst := both
	fromFirst.Order, fromFirst.Unknown = config.FromFirst, config.UseDefault
	once := byValue
	once.Assign = config.OnCreate
	for _, tc := range []struct {
		what, department string
		rule             config.RoleRule
		groups           []string
		current          *mapping.Current
		want             string // or why not, after !
	}{
		{"value is a role", "IT", byValue, nil, nil, "IT"},
		{"whatever its case", "viewer", byValue, nil, nil, "Viewer"},
		{"translated", "Sales", byValue, nil, nil, "Staff User"},
		{"translated, whatever the case", " SALES ", byValue, nil, nil, "Staff User"},
		{"translated into a role of other case", "Ops", byValue, nil, nil, "Administrator"},
		{"blank", "  ", byValue, nil, nil, "Viewer"},
		{"blank is not unknown", "", rejecting, nil, nil, "Viewer"},
		{"unknown", "Legal", byValue, nil, nil, "Viewer"},
		{"unknown is rejected", "Legal", rejecting, nil, nil, `!the application has no role "Legal", so the user is not provisioned`},
		{"group", "", byGroup, []string{"x", "Staff"}, nil, "Staff User"},
		{"first rule wins", "", byGroup, []string{"STAFF", "admins"}, nil, "Administrator"},
		{"no group", "", byGroup, []string{"Staffing"}, nil, "Viewer"},
		{"groups before value", "IT", both, []string{"Staff"}, nil, "Staff User"},
		{"groups before an unknown value", "Legal", both, []string{"Staff"}, nil, "Staff User"},
		{"value after groups", "IT", both, nil, nil, "IT"},
		{"unknown value after groups", "Legal", both, nil, nil, `!no role "Legal"`},
		{"value before groups", "IT", fromFirst, []string{"Staff"}, nil, "IT"},
		{"groups after a blank value", "", fromFirst, []string{"Staff"}, nil, "Staff User"},
		{"groups after an unknown value", "Legal", fromFirst, []string{"Staff"}, nil, "Staff User"},
		{"default after both", "Legal", fromFirst, nil, nil, "Viewer"},
		{"no default", "", config.RoleRule{From: department}, nil, nil, ""},
		{"assigned once", "IT", once, nil, nil, "IT"},
		{"kept", "IT", once, nil, &mapping.Current{Role: "Staff User"}, "Staff User"},
		{"kept though there is none", "IT", once, nil, &mapping.Current{}, ""},
		{"always", "IT", byValue, nil, &mapping.Current{Role: "Staff User"}, "IT"},
	} {
		p, err := roles(t, tc.rule)
		in := input(t, strings.ReplaceAll(ann, `"department":"it"`, `"department":"`+tc.department+`"`))
		in.Groups, in.Current = tc.groups, tc.current
		for how, out := range map[string]mapping.Outcome{"mapped": must(t, p, err).Map(t.Context(), in), "explained": p.Explain(t.Context(), in)} {
			want, rejected := strings.CutPrefix(tc.want, "!")
			switch {
			case rejected && (out.Rejection == nil || out.Rejection.Reason != mapping.UnknownRole || out.Rejection.Field != "role" || !strings.Contains(out.Rejection.Detail, want)):
				t.Errorf("%s, %s: %+v, want %s", tc.what, how, out.Rejection, want)
			case rejected && strings.Contains(out.Rejection.Summary, tc.department):
				t.Errorf("%s: the summary shows the value", tc.what)
			case !rejected && (out.Role != want || out.Rejection != nil):
				t.Errorf("%s, %s: %q, %+v, want %q", tc.what, how, out.Role, out.Rejection, want)
			}
		}
		if p.NeedsGroups() != (len(tc.rule.Groups) > 0) {
			t.Errorf("%s: needs groups: %v", tc.what, p.NeedsGroups())
		}
	}
}

func TestNeeds(t *testing.T) {
	t.Parallel()
	for r, want := range map[[2]string][2]bool{
		{"userName", ""}:                                      {},
		{"groups", ""}:                                        {true, false},
		{"meta.created", ""}:                                  {false, true},
		{"", `user.userName`}:                                 {},
		{"", `"a" in groups ? "x" : "y"`}:                     {true, false},
		{"", `user.groups.map(g, g.display)`}:                 {true, false},
		{"", `user[?"groups"].orValue([]).map(g, g.display)`}: {true, false},
		{"", `user.meta.location`}:                            {false, true},
		{"", `has(user.meta) && has(user.groups) ? "x" : user.?title.orValue("")`}: {true, true},
	} {
		p, err := rule(t, config.Field{Type: "StringList"}, config.AttributeRule{From: r[0], Expression: r[1]})
		if p = must(t, p, err); [2]bool{p.NeedsGroups(), p.NeedsMeta()} != want {
			t.Errorf("%q: groups %v, meta %v", r, p.NeedsGroups(), p.NeedsMeta())
		}
	}
}

func TestNeedsID(t *testing.T) {
	t.Parallel()
	for r, want := range map[[2]string]bool{
		{"userName", ""}:                               false,
		{"externalId", ""}:                             false,
		{"id", ""}:                                     true,
		{"ID", ""}:                                     true,
		{"", `user.name.middleName`}:                   false,
		{"", `user.id`}:                                true,
		{"", `user.?Id.orValue("")`}:                   true,
		{"", `user[?"id"].orValue("")`}:                true,
		{"", `[user].map(u, u.id)[0]`}:                 true,
		{"", `dyn(user).title`}:                        true,
		{"", `has(user.id) ? "known" : user.userName`}: true,
	} {
		p, err := rule(t, config.Field{}, config.AttributeRule{From: r[0], Expression: r[1]})
		if p = must(t, p, err); p.NeedsID() != want {
			t.Errorf("%q: id %v", r, p.NeedsID())
		}
	}
	for _, hidden := range []string{`user["i" + "d"]`, `user[?("i" + "d")].orValue("")`, `[user].map(u, u["i" + "d"])[0]`} {
		if p, err := rule(t, config.Field{}, config.AttributeRule{Expression: hidden}); err == nil && !p.NeedsID() {
			t.Errorf("%s reads the id unnoticed", hidden)
		}
	}
}

// TestRoom: what is in the room before does not show, and neither does a field that is not filled.
func TestRoom(t *testing.T) {
	t.Parallel()
	p, err := mapping.Compile(typical(), registry(t, true))
	p = must(t, p, err)
	in := mapping.Input{User: user(t, ann), Groups: groups}
	want := p.Map(t.Context(), in)
	for _, room := range [][]mapping.Value{make([]mapping.Value, 1), make([]mapping.Value, 20), append([]mapping.Value(nil), want.Fields...)} {
		for i := range room {
			room[i] = mapping.Value{Field: "old", Type: mapping.StringList, Set: true, Text: "old", List: []string{"old"}}
		}
		in.Room = room
		if got := p.Map(t.Context(), in); !slices.EqualFunc(got.Fields, want.Fields, mapping.Value.Equal) {
			t.Errorf("room of %d: %+v", len(room), got.Fields)
		}
	}
}

func TestExplain(t *testing.T) {
	t.Parallel()
	app := &config.Application{Name: "ns/app", Roles: []string{"Administrator", "Viewer"}, Fields: []config.Field{
		{Name: "email"}, {Name: "title", Required: true}, {Name: "site"}, {Name: "name"}, {Name: "other"},
	}}
	p, err := mapping.Compile(mapping.Spec{Application: app, Mapping: &config.Mapping{
		Attributes: []config.AttributeRule{
			{Field: "email", From: "emails"}, {Field: "title", From: "title"}, {Field: "site", From: enterprise + ":department", Values: map[string]string{"IT": "Berlin"}},
			{Field: "name", Expression: `user.displayName + user.title`, Default: new("nobody")},
		},
		Role: &config.RoleRule{From: "roles", Groups: []config.GroupRole{{DisplayName: "Admins", Role: "Administrator"}}, Default: "Viewer", Unknown: config.UseDefault},
	}}, registry(t, true))
	out := must(t, p, err).Explain(t.Context(), input(t, ann))
	secret := func(s string) mapping.Text { return mapping.Text{Text: s, Personal: true} }
	want := []mapping.Step{
		{Rule: "role.groups[0]", Field: "role", Source: "Admins", Found: mapping.Missing, Value: secret(""), Note: "the user is not in the group"},
		{Rule: "role.from", Field: "role", Source: "roles", Found: mapping.Present, Value: secret("Admin"), Note: "the value is no role of the application, and role.unknown is UseDefault"},
		{Rule: "role.default", Field: "role", Found: mapping.Present, Value: secret(""), Result: mapping.Text{Text: "Viewer"}, Note: "no other rule gives a role"},
		{Rule: "attributes[0].from", Field: "email", Source: "emails", Found: mapping.Present, Value: secret("ann@example.com"), Result: secret("ann@example.com")},
		{Rule: "attributes[1].from", Field: "title", Source: "title", Found: mapping.Missing, Value: secret(""), Result: secret("")},
		{Rule: "attributes[2].from", Field: "site", Source: enterprise + ":department", Found: mapping.Present, Value: secret("it"), Result: secret("Berlin"), Note: "translated by values"},
		{Rule: "attributes[3].expression", Field: "name", Source: "user.displayName + user.title", Found: mapping.Present, Value: secret("Ann Lee"), Result: secret("Ann Lee"), Note: "the user has no title"},
	}
	if diff := cmp.Diff(want, out.Steps); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	if out.Rejection == nil || out.Rejection.Field != "title" || len(out.Fields) != 5 {
		t.Errorf("rejection %+v, %d fields", out.Rejection, len(out.Fields))
	}
	for _, s := range out.Steps {
		m := s.Masked()
		if strings.Contains(m.Value.Text+m.Result.Text, "nn") || m.Note != s.Note || m.Source != s.Source {
			t.Errorf("masked: %+v", m)
		}
	}
	if m := out.Steps[3].Masked(); m.Value.Text != "•••" || out.Steps[2].Masked().Result.Text != "Viewer" {
		t.Errorf("masked: %+v", m)
	}
}

package mapping_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/mapping"
)

// refuse compiles one rule that must be refused with one error.
func refuse(t *testing.T, what, want string, f config.Field, r config.AttributeRule) {
	t.Helper()
	_, err := rule(t, f, r)
	var errs mapping.Errors
	if !errors.As(err, &errs) || len(errs) == 0 {
		t.Errorf("%s: %v, want %s", what, err, want)
		return
	}
	if got := errs.Error(); !strings.Contains(got, want) {
		t.Errorf("%s\n  got  %s\n  want %s", what, got, want)
	}
	for _, e := range errs {
		if !strings.HasPrefix(e.Field, "attributes") || e.Message == "" || (e.Line > 0) != (e.Column > 0) {
			t.Errorf("%s: %+v", what, e)
		}
	}
}

func TestPathErrors(t *testing.T) {
	t.Parallel()
	for from, want := range map[string]string{
		"usrName":                          `attributes[0].from, column 1: a user has no attribute "usrName"; did you mean userName?`,
		"name.givnName":                    `column 6: name has no sub-attribute "givnName"; did you mean givenName?`,
		`emails[type eq "work"].valeu`:     `column 24: emails has no sub-attribute "valeu"; did you mean value?`,
		"department":                       `a user has no attribute "department"; write ` + enterprise + `:department`,
		"manager.displayName":              `write ` + enterprise + `:manager.displayName`,
		enterprise + ":departmnt":          `column 60: ` + enterprise + ` has no attribute "departmnt"; did you mean department?`,
		custom + "x:badge":                 `column 1: the tenant has no schema extension "` + custom + `x"; did you mean ` + custom + `?`,
		"urn:acme:1.0:badge":               `declare it in spec.schemaExtensions of the tenant, or correct the URN`,
		custom:                             `is a whole extension; name one of its attributes, as in ` + custom + `:badge`,
		"name":                             `name has several parts; choose one of formatted, familyName`,
		"addresses":                        `as in addresses.formatted`,
		"password":                         `password is never stored`,
		`emails[type eq 'work'].value`:     `column 16: `,
		`emails[type  eq 'work']`:          `texts in a path stand in double quotes: emails[type  eq "work"]`,
		`emails[kind eq "work"].value`:     `emails: has no sub-attribute kind`,
		`emails[type eq "work"`:            `is not closed`,
		`emails[type eq "work"].value x`:   `emails`,
		`title[value eq "x"]`:              `title: has no values to filter`,
		`name[givenName eq "x"].givenName`: `is not multi-valued`,
		`userName eq "x"`:                  `does not end`,
		"user.userName":                    `from is a SCIM path and begins with an attribute: userName; CEL goes under expression`,
		`userName + "x"`:                   `CEL goes under expression`,
		"zzzzzzzz":                         `a user has no attribute "zzzzzzzz"`,
		"groups":                           `a user can be in many groups, and the field takes one value; give the field the type StringList`,
		"groups.value":                     `of groups a mapping can read the names alone; write groups.display`,
		"meta":                             `meta has several parts; choose one of resourceType`,
		"\xff":                             `not valid UTF-8`,
		strings.Repeat("a", 5000):          `longer than 4096 bytes`,
	} {
		refuse(t, from, want, config.Field{}, config.AttributeRule{From: from})
	}
}

func TestExpressionErrors(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ expr, typ, want string }{
		{`user.usrName`, "", `attributes[0].expression, column 5: a user has no attribute "usrName"; did you mean userName?`},
		{`user.name.giveName`, "", `column 10: name has no attribute "giveName"; did you mean givenName?`},
		{"user.name\n  .giveName", "", `line 2, column 3: name has no attribute`},
		{`user.?name.?giveName`, "", `did you mean givenName?`},
		{`user.emails.map(e, e.valu).join()`, "", `column 21: emails has no attribute "valu"; did you mean value?`},
		{`user.department`, "", `a user has no attribute "department"; write user["` + enterprise + `"].department`},
		{`user["` + enterprise + `"].departmen`, "", `did you mean department?`},
		{`user["urn:x:y"].a`, "", `the tenant has no schema extension "urn:x:y"; declare it in spec.schemaExtensions`},
		{`user.firstName`, "", `a user has no attribute "firstName"; it is called user.name.givenName in SCIM`},
		{`user.password`, "", `a password is never stored`},
		{`userName`, "", `column 1: there is no variable userName; write user.userName`},
		{`name.givenName`, "", `write user.name`},
		{`usr.userName`, "", `did you mean user?`},
		{`emails[type eq "work"].value`, "", `this is a SCIM path: put it under from, as emails[type eq "work"].value`},
		{`user.emails[type eq 'work'].value`, "", `this is a SCIM path: put it under from, as emails[type eq "work"].value`},
		{`user.title eq "x"`, "", `write == in CEL`},
		{`user.emails.value`, "", `a list has no attributes, but its values may have; take one of them, as in user.emails[?0]`},
		{`user.userName.first`, "", `a string has no attributes`},
		{`user.userName + 1`, "", `column 15: the operator + does not take (string, int); write string(…) around what is no string`},
		{`user.?title + "x"`, "", `a value behind .? is optional: end it with .orValue("")`},
		{`user.emails + "x"`, "", `one of them is a list`},
		{`user.name + "x"`, "", `write string(…)`},
		{`user.userName.lowerAsci()`, "", `did you mean lowerAscii?`},
		{`now() > timestamp("2020-01-01T00:00:00Z") ? "a" : "b"`, "", `an expression has no clock`},
		{`timestamp("yesterday")`, "DateTime", `invalid timestamp argument`},
		{`user.active`, "", `attributes[0].expression: the result is true or false, but the field is of type String; write string(…) around it`},
		{`user.emails`, "", `the result is a list, but the field is of type String; take one of its values`},
		{`user.emails[0]`, "", `the result is the object emails, but the field is of type String; choose one of its parts, as in .value`},
		{`user.emails`, "StringList", `take a text of each, as in .map(x, x.value)`},
		{`user.name`, "", `the result is the object name`},
		{`user`, "", `the result is the object User`},
		{`user.userName`, "Integer", `the result is a string, but the field is of type Integer; write int(…) around it`},
		{`user.userName`, "Decimal", `write double(…) around it`},
		{`user.userName`, "Boolean", `compare it with something`},
		{`user.active`, "DateTime", `write timestamp(…)`},
		{`user.active`, "StringList", `write [string(…)]`},
		{`1.5`, "Integer", `the result is a decimal number`},
		{`{"a": 1}`, "", `the result is a map`},
		{`user.userName.matches("(")`, "Boolean", `invalid matches argument`},
		{`user.userName.matches(user.title)`, "Boolean", `column 27: the pattern of matches must be a text of the expression`},
		{`user.userName.matches("(a{500}){500}")`, "Boolean", `invalid matches argument`},
		{`scim.User{userName: "x"}.userName`, "", `column 10: an expression cannot make an object`},
		{`size([1,2,3,4,5,6,7,8,9,10].map(a, [1,2,3,4,5,6,7,8,9,10].map(b, [1,2,3,4,5,6,7,8,9,10].map(c, "` + strings.Repeat("x", 2000) + `" + string(a+b+c))))) == 1`, "Boolean", `costs more than 100000 whatever the user is`},
		{strings.Repeat("(", 500), "", `attributes[0].expression`},
		{`"` + strings.Repeat("x", mapping.MaxExpressionChars) + `"`, "", `size`},
		{`[1].all(a, [1].all(b, [1].all(c, [1].all(d, true))))`, "Boolean", `nesting`},
		{"\xff", "", "not valid UTF-8"},
	} {
		refuse(t, tc.expr, tc.want, config.Field{Type: tc.typ}, config.AttributeRule{Expression: tc.expr})
	}
}

func TestRuleErrors(t *testing.T) {
	t.Parallel()
	for what, tc := range map[string]struct {
		typ  string
		rule config.AttributeRule
		want string
	}{
		"nothing":         {"", config.AttributeRule{}, `attributes[0]: says nothing; give from, expression or default`},
		"both":            {"", config.AttributeRule{From: "title", Expression: "user.title"}, `attributes[0]: has from and expression`},
		"default":         {"Integer", config.AttributeRule{Default: new("many")}, `attributes[0].default: "many" is no Integer; write a whole number`},
		"default too big": {"", config.AttributeRule{Default: new(strings.Repeat("x", mapping.MaxTextBytes+1))}, `attributes[0].default: is longer than 16384 bytes`},
		"values":          {"Boolean", config.AttributeRule{From: "title", Values: map[string]string{"a": "yes"}}, `attributes[0].values[a]: "yes" is no Boolean; write true or false`},
		"values, case":    {"", config.AttributeRule{From: "title", Values: map[string]string{"a": "1", "A": "2"}}, `attributes[0].values[a]: is the same value as "A"`},
		"values, blank":   {"", config.AttributeRule{From: "title", Values: map[string]string{" ": "1"}}, `attributes[0].values: a value is blank; use default`},
		"unknown type":    {"Text", config.AttributeRule{From: "title"}, `the field "f" has an unknown type "Text"`},
	} {
		refuse(t, what, tc.want, config.Field{Type: tc.typ}, tc.rule)
	}
}

func TestMappingErrors(t *testing.T) {
	t.Parallel()
	app := &config.Application{Name: "ns/inventory", Roles: []string{"Administrator", "Viewer"}, Fields: []config.Field{{Name: "email", Required: true}, {Name: "firstName"}}}
	email := config.AttributeRule{Field: "email", From: "emails"}
	for want, m := range map[string]*config.Mapping{
		`attributes: application ns/inventory requires the field "email", and no rule fills it; add a rule with field: email`: nil,
		`attributes[1].field: application ns/inventory has no field "firstname"; did you mean firstName?`:                     {Attributes: []config.AttributeRule{email, {Field: "firstname", From: "title"}}},
		`attributes[1].field: application ns/inventory has no field "zip"; its fields are email, firstName`:                   {Attributes: []config.AttributeRule{email, {Field: "zip", From: "title"}}},
		`attributes[1].field: there are two rules for "email"`:                                                                {Attributes: []config.AttributeRule{email, email}},
		`role.default: application ns/inventory has no role "Admin"; its roles are Administrator, Viewer`:                     {Attributes: []config.AttributeRule{email}, Role: &config.RoleRule{Default: "Admin"}},
		`role.default: application ns/inventory has no role "Veiwer"; did you mean Viewer?`:                                   {Attributes: []config.AttributeRule{email}, Role: &config.RoleRule{Default: "Veiwer"}},
		`role.values[IT]: application ns/inventory has no role "Adm"`:                                                         {Attributes: []config.AttributeRule{email}, Role: &config.RoleRule{From: "title", Values: map[string]string{"IT": "Adm"}}},
		`role.groups[0].role: application ns/inventory has no role "Root"`:                                                    {Attributes: []config.AttributeRule{email}, Role: &config.RoleRule{Groups: []config.GroupRole{{DisplayName: "a", Role: "Root"}}}},
		`role.groups[1]: the group "A" has a role already`:                                                                    {Attributes: []config.AttributeRule{email}, Role: &config.RoleRule{Groups: []config.GroupRole{{DisplayName: "a", Role: "Viewer"}, {DisplayName: "A", Role: "Viewer"}}}},
		`role.values: there is nothing to translate; give role.from`:                                                          {Attributes: []config.AttributeRule{email}, Role: &config.RoleRule{Values: map[string]string{"IT": "Viewer"}}},
		`role.from, column 1: a user can be in many groups, and has one role; list the groups under role.groups`:              {Attributes: []config.AttributeRule{email}, Role: &config.RoleRule{From: "groups"}},
		`role.from, column 1: a user has no attribute "titel"; did you mean title?`:                                           {Attributes: []config.AttributeRule{email}, Role: &config.RoleRule{From: "titel"}},
	} {
		_, err := mapping.Compile(mapping.Spec{Application: app, Mapping: m}, registry(t, true))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v\nwant %s", err, want)
		}
	}
	for want, spec := range map[string]mapping.Spec{
		`role: application ns/app has no roles; add spec.roles to the application`: {Application: &config.Application{Name: "ns/app"}, Mapping: &config.Mapping{Role: &config.RoleRule{From: "title"}}},
		`no application`: {},
		`attributes[0].field: application ns/app has no field "a"; add it to spec.memberFields`: {Application: &config.Application{Name: "ns/app"}, Mapping: &config.Mapping{Attributes: []config.AttributeRule{{Field: "a", From: "title"}}}},
	} {
		if _, err := mapping.Compile(spec, registry(t, true)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v\nwant %s", err, want)
		}
	}
}

func TestGroupsDisabled(t *testing.T) {
	t.Parallel()
	app := &config.Application{Name: "ns/app", Roles: []string{"Viewer"}, Fields: []config.Field{{Name: "f", Type: "StringList"}}}
	for want, m := range map[string]*config.Mapping{
		`role.groups: the tenant has no groups; set spec.resources.groups of the tenant to Enabled`: {Role: &config.RoleRule{Groups: []config.GroupRole{{DisplayName: "a", Role: "Viewer"}}}},
		`attributes[0].from, column 1: a user has no attribute "groups"`:                            {Attributes: []config.AttributeRule{{Field: "f", From: "groups"}}},
		`a user has no attribute "groups"; groups are disabled in the tenant`:                       {Attributes: []config.AttributeRule{{Field: "f", Expression: "user.groups.map(g, g.display)"}}},
		`there is no variable or function groups`:                                                   {Attributes: []config.AttributeRule{{Field: "f", Expression: "groups"}}},
	} {
		if _, err := mapping.Compile(mapping.Spec{Application: app, Mapping: m}, registry(t, false)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v\nwant %s", err, want)
		}
	}
}

// TestCheck: what can be told of a mapping alone.
func TestCheck(t *testing.T) {
	t.Parallel()
	sound := &config.Mapping{
		Attributes: []config.AttributeRule{
			{Field: "anything", From: `emails[type eq "work"].value`}, {Field: "a", From: custom + ":badge"}, {Field: "b", Expression: `user["` + custom + `"].floor + 1`},
			{Field: "c", Expression: `user.active`}, {Field: "d", From: "groups"}, {Field: "e", Expression: `user.emails.map(e, e.value)`}, {Field: "f", Default: new("x")},
			{Field: "g", Expression: `has(user["` + custom + `"].a) ? user["` + custom + `"].a.b : "x"`},
		},
		Role: &config.RoleRule{From: custom + ":role", Values: map[string]string{"a": "Any"}, Groups: []config.GroupRole{{DisplayName: "a", Role: "Any"}}, Default: "Any"},
	}
	if err := mapping.Check(sound); err != nil {
		t.Errorf("a sound mapping: %v", err)
	}
	for want, r := range map[string]config.AttributeRule{
		`attributes[0].from, column 1: a user has no attribute "mail"; it is called emails in SCIM`: {From: "mail"},
		`has no attribute "badge"`: {From: enterprise + ":badge"},
		`syntax error`:             {Expression: "user."},
		`did you mean userName?`:   {Expression: "user.usrName"},
		`did you mean department?`: {Expression: `user["` + enterprise + `"].departmen`},
		`the result is the object name, which no field can hold`: {Expression: "user.name"},
		`the result is a list, which no field can hold`:          {Expression: "user.emails"},
		`the operator + does not take (string, int)`:             {Expression: "user.userName + 1"},
		`says nothing`:                        {},
		`values[a]: is the same value as "A"`: {From: "title", Values: map[string]string{"a": "", "A": ""}},
	} {
		if err := mapping.Check(&config.Mapping{Attributes: []config.AttributeRule{r}}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v\nwant %s", r, err, want)
		}
	}
	if err := mapping.Check(&config.Mapping{Role: &config.RoleRule{Values: map[string]string{"a": "Any"}}}); err != nil {
		t.Errorf("a layer with values alone: %v", err)
	}
	if err := mapping.Check(&config.Mapping{Role: &config.RoleRule{From: "groups"}}); err == nil || !strings.Contains(err.Error(), "list the groups under role.groups") {
		t.Errorf("role from groups: %v", err)
	}
}

func TestErrorsAreShort(t *testing.T) {
	t.Parallel()
	var m config.Mapping
	for range 20 {
		m.Attributes = append(m.Attributes, config.AttributeRule{Field: "a", From: "nothing"})
	}
	err := mapping.Check(&m)
	if err == nil || !strings.HasSuffix(err.Error(), "; and 15 more") {
		t.Errorf("%v", err)
	}
}

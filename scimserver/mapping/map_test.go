package mapping_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/mapping"
	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
)

var groups = []string{"Staff", "VPN Users"}

func input(t testing.TB, doc string) mapping.Input {
	created := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	return mapping.Input{User: user(t, doc), Groups: groups, Meta: resource.Meta{ResourceType: "User", Created: created, LastModified: created, Version: 3}}
}

// check maps ann and compares the one field's JSON.
func check(t *testing.T, what, doc, want string, f config.Field, r config.AttributeRule) {
	t.Helper()
	p, err := rule(t, f, r)
	if err != nil {
		t.Errorf("%s: %v", what, err)
		return
	}
	out := p.Map(t.Context(), input(t, doc))
	if out.Rejection != nil {
		t.Errorf("%s: %+v", what, *out.Rejection)
		return
	}
	if got := string(out.Fields[0].AppendJSON(nil)); got != want {
		t.Errorf("%s: %s, want %s", what, got, want)
	}
	if diff := cmp.Diff(out.Fields, p.Explain(t.Context(), input(t, doc)).Fields); diff != "" {
		t.Errorf("%s: explained otherwise: %s", what, diff)
	}
}

func TestPaths(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ from, typ, want string }{
		{"userName", "", `"ann@example.com"`},
		{"USERNAME", "", `"ann@example.com"`},
		{"urn:ietf:params:scim:schemas:core:2.0:User:userName", "", `"ann@example.com"`},
		{"id", "", `"2819c223"`},
		{"externalId", "", `"00u1"`},
		{"displayName", "", `"Ann Lee"`}, // without white space around it
		{"nickName", "", `null`},         // blank
		{"title", "", `null`},
		{"name.familyName", "", `"Lee"`},
		{"name.middleName", "", `null`},
		{"active", "Boolean", `true`},
		{"active", "String", `"true"`},
		{`emails[type eq "work"].value`, "", `"ann@example.com"`},
		{`emails[type eq "home"].value`, "", `"home@example.com"`},
		{`emails[type eq "home"]`, "", `"home@example.com"`},
		{`emails[type eq "other"].value`, "", `null`},
		{`emails[type eq "pager"].value`, "", `null`},
		{`emails[primary eq true].value`, "", `"ann@example.com"`},
		{"emails", "", `"ann@example.com"`}, // the primary one, though it is not the first
		{"emails.value", "", `"ann@example.com"`},
		{"emails.type", "", `"work"`},
		{"emails.value", "StringList", `["home@example.com","ann@example.com","old@example.com"]`},
		{`emails[type eq "work"].value`, "StringList", `["ann@example.com","old@example.com"]`},
		{`emails[type eq "pager"].value`, "StringList", `null`},
		{"phoneNumbers", "", `"+1"`}, // none is primary: the first
		{"addresses.country", "", `"DE"`},
		{"roles", "", `"Admin"`},
		{enterprise + ":department", "", `"it"`},
		{enterprise + ":employeeNumber", "Integer", `42`},
		{enterprise + ":employeeNumber", "", `"0042"`},
		{enterprise + ":manager", "", `"77"`},
		{enterprise + ":manager.displayName", "", `"Bob"`},
		{custom + ":badge", "", `"B-7"`},
		{strings.ToUpper(custom) + ":BADGE", "", `"B-7"`},
		{custom + ":floor", "Integer", `3`},
		{custom + ":floor", "Decimal", `3`},
		{custom + ":floor", "", `"3"`},
		{custom + ":rate", "Decimal", `12.5`},
		{custom + ":hired", "DateTime", `"2024-02-03T03:05:06.000Z"`},
		{custom + ":remote", "Boolean", `true`},
		{custom + ":teams", "StringList", `["a","b"]`},
		{custom + ":teams", "", `"a"`},
		{"userName", "StringList", `["ann@example.com"]`},
		{"groups.display", "StringList", `["Staff","VPN Users"]`},
		{"groups", "StringList", `["Staff","VPN Users"]`},
		{"meta.created", "DateTime", `"2026-01-02T03:04:05.000Z"`},
		{"meta.version", "", `"W/\"3\""`},
	} {
		check(t, tc.from+" "+tc.typ, ann, tc.want, config.Field{Type: tc.typ}, config.AttributeRule{From: tc.from})
	}
}

func TestExpressions(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ expr, typ, doc, want string }{
		{`user.name.givenName + " " + user.name.familyName`, "", ann, `"Ann Lee"`},
		{`user.name.givenName + " " + user.name.familyName`, "", bare, `null`}, // only white space is left
		{`user.?name.?givenName.orValue("?")`, "", ann, `"Ann"`},
		{`user.?name.?givenName.orValue("?")`, "", bare, `"?"`},
		{`user.?title`, "", ann, `null`},
		{`user.USERNAME`, "", ann, `"ann@example.com"`},
		{`user["userName"]`, "", ann, `"ann@example.com"`},
		{`user.userName.split("@")[0].upperAscii()`, "", ann, `"ANN"`},
		{`user.userName.split("@")[1]`, "", bare, `null`}, // out of range is missing
		{`user.emails[0].value`, "", ann, `"home@example.com"`},
		{`user.emails[0].value`, "", bare, `null`},
		{`user.emails[?0].?value.orValue("none")`, "", bare, `"none"`},
		{`user.emails.filter(e, e.type == "work")[?0].?value`, "", ann, `"ann@example.com"`},
		{`user.emails.exists(e, e.primary)`, "Boolean", ann, `true`},
		{`user.phoneNumbers.exists(p, p.primary)`, "Boolean", ann, `false`},
		{`user.emails.map(e, e.value)`, "StringList", ann, `["home@example.com","ann@example.com","old@example.com"]`},
		{`user.emails.map(e, e.type).join("+")`, "", ann, `"home+work+work+other"`},
		{`user["` + enterprise + `"].department`, "", ann, `"it"`},
		{`user["` + enterprise + `"].department`, "", bare, `null`},
		{`user["` + enterprise + `"].manager.displayName`, "", ann, `"Bob"`},
		{`user[?"` + enterprise + `"].?department.orValue("none")`, "", bare, `"none"`},
		{`has(user["` + enterprise + `"].department)`, "Boolean", bare, `false`},
		{`has(user["` + enterprise + `"])`, "Boolean", ann, `true`},
		{`user["` + custom + `"].floor + 1`, "Integer", ann, `4`},
		{`user["` + custom + `"].floor + 1`, "Integer", bare, `null`}, // a number that is missing is not 0
		{`user["` + custom + `"].rate * 2.0`, "Decimal", ann, `25`},
		{`user["` + custom + `"].floor`, "Decimal", ann, `3`},
		{`user["` + custom + `"].hired`, "DateTime", ann, `"2024-02-03T03:05:06.000Z"`},
		{`string(user["` + custom + `"].hired.getFullYear())`, "", ann, `"2024"`},
		{`user["` + custom + `"].hired < timestamp("2025-01-01T00:00:00Z") ? "old" : "new"`, "", ann, `"old"`},
		{`user["` + custom + `"].remote && user.active`, "Boolean", ann, `true`},
		{`user["` + custom + `"].remote`, "Boolean", bare, `null`}, // and no false
		{`user["` + custom + `"].teams`, "StringList", ann, `["a","b"]`},
		{`"VPN Users" in groups`, "Boolean", ann, `true`},
		{`user.groups.exists(g, g.display == "Admins")`, "Boolean", ann, `false`},
		{`user.groups.map(g, g.display)`, "StringList", ann, `["Staff","VPN Users"]`},
		{`user.meta.version`, "", ann, `"W/\"3\""`},
		{`user.meta.created`, "DateTime", ann, `"2026-01-02T03:04:05.000Z"`},
		{`user.id + "/" + user.externalId`, "", ann, `"2819c223/00u1"`},
		{`user.schemas`, "StringList", bare, `["urn:ietf:params:scim:schemas:core:2.0:User"]`},
		{`null`, "", ann, `null`},
		{`"2024-01-01"`, "DateTime", ann, `"2024-01-01T00:00:00.000Z"`},
		{`optional.none()`, "", ann, `null`},
		{`user.userName.matches("^ann@.*$") ? "A" : "B"`, "", ann, `"A"`},
		{`user.name == user.name`, "Boolean", ann, `true`},
		{`user.emails[0] == user.emails[1]`, "Boolean", ann, `false`},
		{`dyn(user.name).givenName`, "", ann, `"Ann"`},
		{`dyn(user.name).nothing`, "", ann, `null`},
		{`"äöü".charAt(1) + "äöü".substring(1, 2) + string("äöü".indexOf("ü")) + "äöü".reverse()`, "", ann, `"öö2üöä"`},
		{`"a-b-c".replace("-", "", 1) + "a-b".replace("-", "+")`, "", ann, `"ab-ca+b"`},
		{`string("a-b-a".lastIndexOf("a")) + string("abca".indexOf("a", 1)) + string("a".indexOf("b"))`, "", ann, `"43-1"`},
		{`["a", "b"].join() + ["a", "b"].join("-")`, "", ann, `"aba-b"`},
		{`"a,b,c".split(",", 2)`, "StringList", ann, `["a","b,c"]`},
		{`" x ".trim().lowerAscii()`, "", ann, `"x"`},
	} {
		check(t, tc.expr, tc.doc, tc.want, config.Field{Type: tc.typ}, config.AttributeRule{Expression: tc.expr})
	}
}

func TestDefaultsAndValues(t *testing.T) {
	t.Parallel()
	spaced := " sales "
	sizes := map[string]string{"IT": "42", spaced: "7", "hr": ""}
	for _, tc := range []struct {
		what, doc, want string
		typ             string
		rule            config.AttributeRule
	}{
		{"missing", ann, `"x"`, "", config.AttributeRule{From: "title", Default: new("x")}},
		{"blank", ann, `"x"`, "", config.AttributeRule{From: "nickName", Default: new(" x ")}},
		{"there", ann, `"ann@example.com"`, "", config.AttributeRule{From: "userName", Default: new("x")}},
		{"default alone", ann, `"x"`, "", config.AttributeRule{Default: new("x")}},
		{"blank default", ann, `null`, "", config.AttributeRule{From: "title", Default: new("")}},
		{"expression", bare, `"x"`, "", config.AttributeRule{Expression: "user.name.givenName", Default: new("x")}},
		{"expression without value", bare, `7`, "Integer", config.AttributeRule{Expression: `user["` + custom + `"].floor`, Default: new("7")}},
		{"list", ann, `["x"]`, "StringList", config.AttributeRule{From: "ims", Default: new("x")}},
		{"boolean", ann, `false`, "Boolean", config.AttributeRule{From: "title", Default: new("False")}},
		{"translated", ann, `42`, "Integer", config.AttributeRule{From: enterprise + ":department", Values: sizes}},
		{"translated to nothing", strings.ReplaceAll(ann, `"it"`, `"HR "`), `1`, "Integer", config.AttributeRule{From: enterprise + ":department", Values: sizes, Default: new("1")}},
		{"for itself", strings.ReplaceAll(ann, `"it"`, `"9"`), `9`, "Integer", config.AttributeRule{From: enterprise + ":department", Values: sizes}},
		{"keys without white space", strings.ReplaceAll(ann, `"it"`, `"SALES"`), `7`, "Integer", config.AttributeRule{From: enterprise + ":department", Values: sizes}},
		{"boolean translated", ann, `"yes"`, "", config.AttributeRule{From: "active", Values: map[string]string{"true": "yes", "false": "no"}}},
		{"list translated", ann, `["X","b"]`, "StringList", config.AttributeRule{From: custom + ":teams", Values: map[string]string{"A": "X"}}},
		{"expression translated", ann, `"three"`, "", config.AttributeRule{Expression: `user["` + custom + `"].floor`, Values: map[string]string{"3": "three"}}},
		{"default is not translated", bare, `"a"`, "", config.AttributeRule{From: "title", Values: map[string]string{"a": "b"}, Default: new("a")}},
	} {
		check(t, tc.what, tc.doc, tc.want, config.Field{Type: tc.typ}, tc.rule)
	}
}

func TestRejections(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", mapping.MaxTextBytes+1)
	for _, tc := range []struct {
		what   string
		field  config.Field
		rule   config.AttributeRule
		doc    string
		reason mapping.Reason
		detail string
	}{
		{"required", config.Field{Required: true}, config.AttributeRule{From: "title"}, ann, mapping.RequiredField, `needs "f", and the user has no value for title`},
		{"required and blank", config.Field{Required: true}, config.AttributeRule{From: "nickName", Default: new(" ")}, ann, mapping.RequiredField, `nickName`},
		{"required of an expression", config.Field{Required: true}, config.AttributeRule{Expression: "user.title"}, ann, mapping.RequiredField, `none of the values it is made of`},
		{"no integer", config.Field{Type: "Integer"}, config.AttributeRule{From: "userName"}, ann, mapping.WrongType, `the value of userName is not a whole number`},
		{"no boolean", config.Field{Type: "Boolean"}, config.AttributeRule{From: "userName"}, ann, mapping.WrongType, `true or false`},
		{"a number is no boolean", config.Field{Type: "Boolean"}, config.AttributeRule{From: custom + ":floor"}, ann, mapping.WrongType, `true or false`},
		{"no time", config.Field{Type: "DateTime"}, config.AttributeRule{Expression: "user.userName"}, ann, mapping.WrongType, `a date and time`},
		{"no decimal", config.Field{Type: "Decimal"}, config.AttributeRule{From: "userName"}, ann, mapping.WrongType, `a number`},
		{"infinite", config.Field{Type: "Decimal"}, config.AttributeRule{Expression: "1.0 / 0.0"}, ann, mapping.WrongType, `a number`},
		{"an object", config.Field{}, config.AttributeRule{Expression: "dyn(user.name)"}, ann, mapping.WrongType, `a text`},
		{"a list of objects", config.Field{Type: "StringList"}, config.AttributeRule{Expression: "dyn(user.emails)"}, ann, mapping.WrongType, `a list of texts`},
		{"several", config.Field{}, config.AttributeRule{Expression: `dyn(["a", "b"])`}, ann, mapping.WrongType, `a text`},
		{"division by zero", config.Field{Type: "Integer"}, config.AttributeRule{Expression: `1 / (user.active ? 0 : 1)`}, ann, mapping.ExpressionFailed, `division by zero`},
		{"bad timestamp", config.Field{Type: "DateTime"}, config.AttributeRule{Expression: `timestamp(user.userName)`}, ann, mapping.ExpressionFailed, `failed for this user`},
		{"too long", config.Field{}, config.AttributeRule{From: "title"}, strings.Replace(bare, `"bob"`, `"bob","title":"`+long+`"`, 1), mapping.TooLarge, `at most 16384 bytes`},
		{"too long entry", config.Field{Type: "StringList"}, config.AttributeRule{From: "title"}, strings.Replace(bare, `"bob"`, `"bob","title":"`+long+`"`, 1), mapping.TooLarge, `at most 16384 bytes`},
		{"too many", config.Field{Type: "StringList"}, config.AttributeRule{From: "emails"}, many(mapping.MaxEntries + 1), mapping.TooLarge, `1024 values`},
		{"too many of an expression", config.Field{Type: "StringList"}, config.AttributeRule{Expression: `user.emails.map(e, e.value)`}, many(mapping.MaxEntries + 1), mapping.TooLarge, `1024 values`},
		{"too many to look at", config.Field{Type: "StringList"}, config.AttributeRule{Expression: `user.emails.map(e, e.value)`}, many(10_001), mapping.CostLimit, `takes too much`},
		{"loops", config.Field{Type: "Boolean"}, config.AttributeRule{Expression: `user.emails.all(a, user.emails.all(b, a.value != b.type))`}, many(5000), mapping.CostLimit, `takes too much`},
		{"grows", config.Field{}, config.AttributeRule{Expression: `user.title.replace("", user.title).replace("", user.title)`}, strings.Replace(bare, `"bob"`, `"bob","title":"`+long+`"`, 1), mapping.CostLimit, `takes too much`},
		{"adds", config.Field{}, config.AttributeRule{Expression: "user.title" + strings.Repeat(" + user.title", 30)}, strings.Replace(bare, `"bob"`, `"bob","title":"`+long+`"`, 1), mapping.CostLimit, `takes too much`},
		{"adds little", config.Field{}, config.AttributeRule{Expression: "user.title" + strings.Repeat(" + user.title", 8)}, strings.Replace(bare, `"bob"`, `"bob","title":"`+long+`"`, 1), mapping.TooLarge, `at most 16384 bytes`},
		{"joins", config.Field{}, config.AttributeRule{Expression: `user.emails.map(e, user.title).join(user.title)`}, strings.Replace(many(1000), `"bob"`, `"bob","title":"`+long+`"`, 1), mapping.CostLimit, `takes too much`},
	} {
		p, err := rule(t, tc.field, tc.rule)
		if err != nil {
			t.Errorf("%s: %v", tc.what, err)
			continue
		}
		for how, out := range map[string]mapping.Outcome{"mapped": p.Map(t.Context(), input(t, tc.doc)), "explained": p.Explain(t.Context(), input(t, tc.doc))} {
			r := out.Rejection
			if r == nil || r.Reason != tc.reason || r.Field != "f" || !strings.Contains(r.Detail, tc.detail) {
				t.Errorf("%s, %s: %+v, want %s with %q", tc.what, how, r, tc.reason, tc.detail)
				continue
			}
			if tc.reason == mapping.ExpressionFailed && how == "explained" && out.Steps[0].Value.Text == "" {
				t.Errorf("%s: the error is not explained", tc.what)
			}
			if strings.Contains(r.Summary+r.Detail, "example.com") || strings.Contains(r.Summary, "xxx") || r.Summary == "" {
				t.Errorf("%s: the summary shows a value: %s", tc.what, r.Summary)
			}
		}
	}
}

// many is a user with n e-mail addresses.
func many(n int) string {
	return strings.Replace(bare, `"bob"`, `"bob","emails":[`+strings.TrimSuffix(strings.Repeat(`{"value":"x@y","type":"work"},`, n), ",")+`]`, 1)
}

func TestFieldsJSON(t *testing.T) {
	t.Parallel()
	app := &config.Application{Name: "ns/app", Fields: []config.Field{{Name: "b", Type: "Boolean"}, {Name: "a"}, {Name: "l", Type: "StringList"}, {Name: "n", Type: "Integer"}}}
	p, err := mapping.Compile(mapping.Spec{Application: app, Mapping: &config.Mapping{Attributes: []config.AttributeRule{
		{Field: "a", From: "userName"}, {Field: "b", From: "active"}, {Field: "l", From: "emails"},
	}}}, registry(t, true))
	out := must(t, p, err).Map(t.Context(), input(t, ann))
	const want = `{"b":true,"a":"ann@example.com","l":["home@example.com","ann@example.com","old@example.com"],"n":null}`
	if got := string(mapping.AppendFieldsJSON(nil, out.Fields)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	again := p.Map(t.Context(), input(t, ann))
	if !out.Fields[0].Equal(again.Fields[0]) || out.Fields[0].Equal(out.Fields[1]) {
		t.Error("fields are compared wrongly")
	}
}

// TestParallel: one program is used by many at the same time, and goes on after the caller's context has ended.
func TestParallel(t *testing.T) {
	t.Parallel()
	p, err := mapping.Compile(typical(), registry(t, true))
	p = must(t, p, err)
	inputs := []mapping.Input{input(t, ann), input(t, strings.Replace(ann, `"Ann"`, `"Eve"`, 1)), input(t, strings.ReplaceAll(ann, "example.com", "example.org"))}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	var want []string
	for _, in := range inputs {
		want = append(want, string(mapping.AppendFieldsJSON(nil, p.Map(t.Context(), in).Fields)))
	}
	var wait sync.WaitGroup
	for g := range 8 {
		wait.Go(func() {
			for i := range 200 {
				n := (g + i) % len(inputs)
				if got := string(mapping.AppendFieldsJSON(nil, p.Map(ended, inputs[n]).Fields)); got != want[n] {
					t.Errorf("got %s, want %s", got, want[n])
				}
			}
		})
	}
	wait.Wait()
}

package filter_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimtest"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
)

// valid are filters and their canonical form, "" where that is the same; all are of the RFC.
var valid = map[string]string{
	// RFC 7644 §3.4.2.2, figure 2.
	`userName eq "bjensen"`:                       "",
	`name.familyName co "O'Malley"`:               "",
	`userName sw "J"`:                             "",
	`@U:userName sw "J"`:                          `userName sw "J"`,
	`title pr`:                                    "",
	`meta.lastModified gt "2011-05-13T04:42:34Z"`: "",
	`meta.lastModified ge "2011-05-13T04:42:34Z"`: "",
	`meta.lastModified lt "2011-05-13T04:42:34Z"`: "",
	`meta.lastModified le "2011-05-13T04:42:34Z"`: "",
	`title pr and userType eq "Employee"`:         "",
	`title pr or userType eq "Intern"`:            "",
	`schemas eq "@E"`:                             "",
	`userType eq "Employee" and (emails co "example.com" or emails.value co "example.org")`:             `userType eq "Employee" and (emails.value co "example.com" or emails.value co "example.org")`,
	`userType ne "Employee" and not (emails co "example.com" or emails.value co "example.org")`:         `userType ne "Employee" and not (emails.value co "example.com" or emails.value co "example.org")`,
	`userType eq "Employee" and (emails.type eq "work")`:                                                `userType eq "Employee" and emails.type eq "work"`,
	`userType eq "Employee" and emails[type eq "work" and value co "@example.com"]`:                     "",
	`emails[type eq "work" and value co "@example.com"] or ims[type eq "xmpp" and value co "@foo.com"]`: "",
	// Names and operators in any case, brackets, blanks.
	`USERNAME EQ "x"`:                    `userName eq "x"`,
	`Name.FamilyName Sw "x"`:             `name.familyName sw "x"`,
	`title PR`:                           `title pr`,
	`title pr AND title pr Or title pr`:  `title pr and title pr or title pr`,
	`NOT (title pr)`:                     `not (title pr)`,
	`not(title pr)`:                      `not (title pr)`,
	`  ( ( title   pr ) )  `:             `title pr`,
	`emails[ type eq "work" ]`:           `emails[type eq "work"]`,
	`emails[type eq "work"]and title pr`: `emails[type eq "work"] and title pr`,
	// Precedence: not, and, or.
	`title pr or title pr and title pr`:                            "",
	`(title pr or title pr) and title pr`:                          "",
	`title pr and (title pr or title pr)`:                          "",
	`(title pr and title pr) or title pr`:                          `title pr and title pr or title pr`,
	`title pr and (title pr and title pr)`:                         "",
	`title pr or (title pr or title pr)`:                           "",
	`not (title pr) and title pr`:                                  "",
	`not (title pr and not (title pr))`:                            "",
	`emails[not (type eq "work") or primary eq true and value pr]`: "",
	// Paths.
	`@E:department eq "IT"`:    "",
	`@E:manager.value eq "26"`: "",
	`urn:IETF:params:scim:schemas:extension:enterprise:2.0:USER:Department eq "IT"`: `@E:department eq "IT"`,
	`@U:name.familyName eq "x"`:           `name.familyName eq "x"`,
	`@A:cars[plate sw "ZH" and since pr]`: "",
	`@A:labels eq "a"`:                    "",
	`emails.$ref pr`:                      "-",
	`photos.value co "x"`:                 "",
	`groups.$ref co "x"`:                  "",
	`groups[value eq "1"]`:                "",
	`id eq "x"`:                           "",
	`externalId eq "x"`:                   "",
	`emails pr`:                           "",
	`name pr`:                             "",
	`meta.resourceType eq "User"`:         "",
	// Values of each type.
	`title eq null`:      "",
	`emails eq null`:     "",
	`title ne null`:      "",
	`active eq true`:     "",
	`active ne false`:    "",
	`@A:level gt -5`:     "",
	`@A:ratio le 1.50e2`: "",
	`@A:hired lt "2011-05-13T04:42:34.5+02:00"`: "",
	`@A:key eq "TWFu"`:                          "",
	`@A:key sw "TW"`:                            "",
	`title eq ""`:                               "",
	`title eq "a\"b\\c\/\u00e9\n"`:              `title eq "a\"b\\c/é\n"`,
	`title eq "] and ( [ ) or pr"`:              "",
	`title gt "a" and title ge "a" and title lt "a" and title le "a" and title ew "a"`: "",
}

func parse(t testing.TB, text string, tol *tolerance.Log) filter.Expr {
	t.Helper()
	e, err := filter.Parse(scimtest.Expand(text), scimtest.Type(t, "User"), tol, filter.Limits{})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return e
}

func TestParse(t *testing.T) {
	t.Parallel()
	for text, want := range valid {
		if want == "-" {
			continue
		}
		if want == "" {
			want = text
		}
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			for _, tol := range []*tolerance.Log{tolerance.Strict(), tolerance.Compatible()} {
				e := parse(t, text, tol)
				if got := scimtest.Shorten(filter.String(e)); got != want {
					t.Errorf("got  %s\nwant %s", got, want)
				}
				if diff := cmp.Diff(e, parse(t, filter.String(e), tol)); diff != "" {
					t.Errorf("what is printed is another filter:\n%s", diff)
				}
				if rules := tol.Applied(); rules != nil {
					t.Errorf("rules %v for what the RFC allows", rules)
				}
			}
		})
	}
}

// TestParseTolerant: Compatible reads them, Strict does not.
func TestParseTolerant(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		text, want string
		rule       tolerance.Rule
	}{
		"Entra ID's lookup":       {`emails[type eq "work"].value eq "a@b.com"`, `emails[type eq "work" and value eq "a@b.com"]`, tolerance.FilterValuePathSub},
		"with pr":                 {`emails[type eq "work"].value pr and title pr`, `emails[type eq "work" and value pr] and title pr`, tolerance.FilterValuePathSub},
		"or in the value path":    {`emails[type eq "a" or type eq "b"].value sw "x"`, `emails[(type eq "a" or type eq "b") and value sw "x"]`, tolerance.FilterValuePathSub},
		"boolean as string":       {`roles[primary eq "True"]`, `roles[primary eq true]`, tolerance.FilterBooleanString},
		"active as string":        {`active eq "false"`, `active eq false`, tolerance.FilterBooleanString},
		"boolean of any case":     {`active eq True`, `active eq true`, tolerance.FilterBooleanString},
		"number for a string":     {`@E:employeeNumber eq 701984`, `@E:employeeNumber eq "701984"`, tolerance.FilterLiteralType},
		"boolean for a string":    {`title eq true`, `title eq "true"`, tolerance.FilterLiteralType},
		"string for a number":     {`@A:level gt "5"`, `@A:level gt 5`, tolerance.FilterLiteralType},
		"manager compared":        {`@E:manager eq "26"`, `@E:manager.value eq "26"`, tolerance.FilterComplexValue},
		"extension, bare":         {`department eq "IT"`, `@E:department eq "IT"`, tolerance.FilterBareExtension},
		"extension, bare, sub":    {`Manager.Value eq "26"`, `@E:manager.value eq "26"`, tolerance.FilterBareExtension},
		"Entra ID's old check":    {`id eq "1" and manager eq "2"`, `id eq "1" and @E:manager.value eq "2"`, tolerance.FilterBareExtension},
		"value path on single":    {`name[familyName eq "x"]`, `name[familyName eq "x"]`, tolerance.FilterSinglePath},
		"value of simple":         {`@A:labels[value eq "a"]`, `@A:labels[value eq "a"]`, tolerance.FilterSimpleValue},
		"date without time":       {`meta.created gt "2011-05-13"`, `meta.created gt "2011-05-13T00:00:00Z"`, tolerance.FilterDateForm},
		"no blank":                {`userName eq"x" and title pr`, `userName eq "x" and title pr`, tolerance.FilterMissingBlank},
		"legacy URN":              {`urn:scim:schemas:core:1.0:userName eq "x"`, `userName eq "x"`, tolerance.FilterLegacyURN},
		"legacy URN of extension": {`urn:scim:schemas:extension:enterprise:1.0:department eq "x"`, `@E:department eq "x"`, tolerance.FilterLegacyURN},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tol := tolerance.Compatible()
			e := parse(t, tt.text, tol)
			if got := scimtest.Shorten(filter.String(e)); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if rules := tol.Applied(); len(rules) == 0 || rules[0] != tt.rule {
				t.Errorf("rules %v, want %s", rules, tt.rule)
			}
			if diff := cmp.Diff(e, parse(t, filter.String(e), tol)); diff != "" {
				t.Errorf("what is printed is another filter:\n%s", diff)
			}
			_, err := filter.Parse(scimtest.Expand(tt.text), scimtest.Type(t, "User"), tolerance.Strict(), filter.Limits{})
			var se *scimerr.Error
			if !errors.As(err, &se) || se.ScimType != "invalidFilter" {
				t.Errorf("Strict: %v", err)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		``:                              `an attribute is expected at position 0`,
		`   `:                           `an attribute is expected at position 3`,
		`userName`:                      `userName: an operator is expected at position 8`,
		`userName `:                     `userName: the operator must be eq, ne, co, sw, ew, gt, ge, lt, le or pr at position 9`,
		`userName eq`:                   `userName: a value is expected at position 11`,
		`userName eq `:                  `userName: the value must be a string in double quotes, a number, true, false or null at position 12`,
		`userName is "x"`:               `userName: the operator must be eq`,
		`userName = "x"`:                `userName: the operator must be eq`,
		`userName eq 'x'`:               `userName: the value must be a string in double quotes`,
		`userName eq x`:                 `userName: the value must be a string in double quotes`,
		`userName eq "x`:                `userName: the value must be a string in double quotes`,
		`userName eq "a\x"`:             `userName: the value must be a string in double quotes`,
		`userName eq ["x"]`:             `userName: the value must be a string in double quotes`,
		`userName eq {}`:                `userName: the value must be a string in double quotes`,
		`userName eq "x" "y"`:           `and, or or the end of the filter is expected at position 16`,
		`userName eq "x"title pr`:       `userName: a blank or closing bracket is expected behind the value at position 15`,
		`userName eq "x" and`:           `an attribute is expected at position 19`,
		`userName eq "x" xor title pr`:  `and, or or the end of the filter is expected at position 16`,
		`and title pr`:                  `"and": no attribute of User has this name at position 0`,
		`title pr and or title pr`:      `"or": no attribute of User has this name at position 13`,
		`not title pr`:                  `"not": no attribute of User has this name at position 0`,
		`(title pr`:                     `'(' is not closed at position 0`,
		`title pr)`:                     `and, or or the end of the filter is expected at position 8`,
		`()`:                            `an attribute is expected at position 1`,
		`(title pr]`:                    `and, or or ')' is expected at position 9`,
		`emails[type eq "work"`:         `'[' is not closed at position 6`,
		`emails[]`:                      `an attribute is expected at position 7`,
		`emails[type eq "work")`:        `and, or or ']' is expected at position 21`,
		`emails[type eq "work"] eq "x"`: `and, or or the end of the filter is expected at position 23`,
		`emails[type eq "work"].`:       `emails: nothing but a sub-attribute can stand behind a value filter`,
		`emails[type eq "work"].foo pr`: `emails: nothing but a sub-attribute can stand behind a value filter`,
		`emails[emails.type eq "x"]`:    `emails: has no sub-attribute emails.type at position 7`,
		`emails[foo eq "x"]`:            `emails: has no sub-attribute foo at position 7`,
		`emails[type[value eq "x"]]`:    `a value filter within a value filter at position 11`,
		`userName[value eq "x"]`:        `userName: has no values to filter at position 0`,
		`emails.value[type eq "x"]`:     `emails.value: has no values to filter at position 0`,
		`favouriteColour eq "red"`:      `"favouriteColour": no attribute of User has this name at position 0`,
		`title pr or foo.bar pr`:        `"foo.bar": no attribute of User has this name at position 12`,
		`name.nickName eq "x"`:          `"name.nickName": no attribute of User has this name`,
		`name. eq "x"`:                  `"name.": no attribute of User has this name`,
		`.name eq "x"`:                  `".name": no attribute of User has this name`,
		`name.familyName.x pr`:          `no attribute of User has this name`,
		`urn:nobody:User:x eq "x"`:      `"urn:nobody:User:x": no attribute of User has this name`,
		`@E:rank eq "x"`:                `no attribute of User has this name`,
		`members.value eq "x"`:          `"members.value": no attribute of User has this name`,
		`__proto__ pr`:                  `"__proto__": no attribute of User has this name`,
		`name eq "x"`:                   `name: is complex: compare one of its sub-attributes, as name.formatted`,
		`addresses co "x"`:              `addresses: is complex: compare one of its sub-attributes, as addresses.formatted`,
		`active gt true`:                `active: a value of type boolean cannot be compared by gt at position 0`,
		`active co true`:                `active: a value of type boolean cannot be compared by co`,
		`active eq "yes"`:               `active: the value must be of type boolean`,
		`active eq 1`:                   `active: the value must be of type boolean`,
		`x509Certificates.value gt "a"`: `x509Certificates.value: a value of type binary cannot be compared by gt`,
		`@A:level co 5`:                 `a value of type integer cannot be compared by co`,
		`@A:level eq "five"`:            `the value must be of type integer`,
		`@A:level eq true`:              `the value must be of type integer`,
		`@A:ratio eq 1e999`:             `the value must be of type decimal`,
		`meta.created sw "2011"`:        `meta.created: a value of type dateTime cannot be compared by sw`,
		`meta.created gt "yesterday"`:   `meta.created: the value must be of type dateTime`,
		`meta.created gt 2011`:          `meta.created: the value must be of type dateTime`,
		`title gt null`:                 `title: null can be compared by eq and ne alone`,
		`title co null`:                 `title: null can be compared by eq and ne alone`,
		`password eq "x"`:               `password: cannot be filtered by, for it is never returned at position 0`,
		`password pr`:                   `password: cannot be filtered by`,
		`@A:pin sw "1"`:                 `cannot be filtered by`,
		"userName eq \"\xff\"":          `the filter is not valid UTF-8 text`,
		"userName eq \"a\x00\"":         `the filter is not valid UTF-8 text`,
		`userName eq "a\u0000"`:         `userName: the value holds the character U+0000`,
		`userName eq "\ud800"`:          `userName: the value must be a string in double quotes`,
		"userName\teq\t\"x\"":           `no attribute of User has this name`,
		`userName eq "x" # remark`:      `and, or or the end of the filter is expected`,
		`userName;drop eq "x"`:          `no attribute of User has this name`,
	}
	for text, want := range tests {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			e, err := filter.Parse(scimtest.Expand(text), scimtest.Type(t, "User"), tolerance.Compatible(), filter.Limits{})
			var se *scimerr.Error
			if !errors.As(err, &se) || e != nil {
				t.Fatalf("got %v, %v", e, err)
			}
			if se.Status != 400 || se.ScimType != "invalidFilter" || !strings.Contains(se.Detail, want) {
				t.Errorf("got  %v\nwant %s", se, want)
			}
		})
	}
}

func TestParseAlias(t *testing.T) {
	t.Parallel()
	tests := map[string]bool{"email": true, "userName": false}
	for identifier, ok := range tests {
		rt := typeWith(t, identifier)
		e, err := filter.Parse(`email Co "x"`, rt, tolerance.Compatible(), filter.Limits{})
		if ok != (err == nil) || ok && filter.String(e) != `emails.value co "x"` {
			t.Errorf("%s: %v, %v", identifier, e, err)
		}
		if p, err := filter.ParseAttribute(`EMAIL`, rt, tolerance.Compatible()); ok != (err == nil) || ok && p.String() != "emails.value" {
			t.Errorf("%s: sorted by %v, %v", identifier, p, err)
		}
		for _, path := range []string{"email", `email[type eq "work"]`} {
			if p, err := filter.ParsePath(path, rt, tolerance.Compatible()); err == nil {
				t.Errorf("%s: %s is a path, %v", identifier, path, p)
			}
		}
	}
}

func TestParseLimits(t *testing.T) {
	t.Parallel()
	rt := scimtest.Type(t, "User")
	nested := func(n int) string { return strings.Repeat("(", n) + "title pr" + strings.Repeat(")", n) }
	terms := func(n int) string { return strings.Repeat("title pr or ", n-1) + "title pr" }
	tests := map[string]struct {
		text string
		lim  filter.Limits
		want string
	}{
		"length":            {strings.Repeat(" ", 11) + "title pr", filter.Limits{Length: 18}, "the filter is longer than 18 bytes"},
		"length, just":      {strings.Repeat(" ", 10) + "title pr", filter.Limits{Length: 18}, ""},
		"depth":             {nested(4), filter.Limits{Depth: 3}, "nested too deeply at position 3"},
		"depth, just":       {nested(3), filter.Limits{Depth: 3}, ""},
		"depth by not":      {"not (not (title pr))", filter.Limits{Depth: 1}, "nested too deeply"},
		"depth by value":    {"(emails[type pr])", filter.Limits{Depth: 1}, "nested too deeply"},
		"side by side":      {"(title pr) and (title pr) and (title pr)", filter.Limits{Depth: 1}, ""},
		"terms":             {terms(4), filter.Limits{Terms: 3}, "too many comparisons at position 36"},
		"terms, just":       {terms(3), filter.Limits{Terms: 3}, ""},
		"default length":    {strings.Repeat(" ", 17_000) + "title pr", filter.Limits{}, "longer than 16384 bytes"},
		"default depth":     {nested(33), filter.Limits{}, "nested too deeply"},
		"default terms":     {terms(513), filter.Limits{}, "too many comparisons"},
		"ten thousand":      {terms(10_000), filter.Limits{Length: 1 << 20}, "too many comparisons"},
		"a million bracket": {strings.Repeat("(", 1_000_000), filter.Limits{Length: 1 << 21}, "nested too deeply"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := filter.Parse(tt.text, rt, tolerance.Strict(), tt.lim)
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

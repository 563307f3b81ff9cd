package filter_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimtest"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
)

// validPaths are paths and how they print; all are of RFC 7644 §3.5.2.
var validPaths = map[string]string{
	`userName`:                       `userName`,
	`USERNAME`:                       `userName`,
	`name.familyName`:                `name.familyName`,
	`emails`:                         `emails`,
	`emails.value`:                   `emails.value`,
	`emails[type eq "work"]`:         `emails[type eq "work"]`,
	`emails[type eq "work"].value`:   `emails[type eq "work"].value`,
	`emails[ type eq "work" ].Value`: `emails[type eq "work"].value`,
	`addresses[type eq "work" and not (primary eq true) or country pr].streetAddress`: `addresses[type eq "work" and not (primary eq true) or country pr].streetAddress`,
	`@U:userName`:                  `userName`,
	`@U:name.familyName`:           `name.familyName`,
	`@U:emails[type eq "]"].value`: `emails[type eq "]"].value`,
	`@E`:                           `@E`,
	`URN:ietf:params:scim:schemas:extension:ENTERPRISE:2.0:User`: `@E`,
	`@E:department`:                  `@E:department`,
	`@E:manager.value`:               `@E:manager.value`,
	`@E:manager.$ref`:                `@E:manager.$ref`,
	`@A:cars[plate eq "ZH 1"].since`: `@A:cars[plate eq "ZH 1"].since`,
	`meta.lastModified`:              `meta.lastModified`,
	`groups[value eq "1"]`:           `groups[value eq "1"]`,
	`password`:                       `password`,
}

func TestParsePath(t *testing.T) {
	t.Parallel()
	rt := scimtest.Type(t, "User")
	for text, want := range validPaths {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			p, err := filter.ParsePath(scimtest.Expand(text), rt, tolerance.Strict())
			if err != nil {
				t.Fatal(err)
			}
			if got := scimtest.Shorten(p.String()); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

func TestParsePathTolerant(t *testing.T) {
	t.Parallel()
	rt := scimtest.Type(t, "User")
	tests := map[string]struct {
		want string
		rule tolerance.Rule
	}{
		`manager`:                                              {`@E:manager`, tolerance.PatchBareExtension},
		`manager.value`:                                        {`@E:manager.value`, tolerance.PatchBareExtension},
		`roles[primary eq "True"].value`:                       {`roles[primary eq true].value`, tolerance.FilterBooleanString},
		`name[familyName eq "x"].givenName`:                    {`name[familyName eq "x"].givenName`, tolerance.PatchSingleFilter},
		`@A:labels[value eq "x"]`:                              {`@A:labels[value eq "x"]`, tolerance.FilterSimpleValue},
		`urn:scim:schemas:core:1.0:userName`:                   {`userName`, tolerance.LegacyURN},
		`urn:scim:schemas:extension:enterprise:1.0`:            {`@E`, tolerance.LegacyURN},
		`urn:scim:schemas:extension:enterprise:1.0:department`: {`@E:department`, tolerance.LegacyURN},
	}
	for text, tt := range tests {
		tol := tolerance.Compatible()
		p, err := filter.ParsePath(scimtest.Expand(text), rt, tol)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := scimtest.Shorten(p.String()); got != tt.want {
			t.Errorf("%s: got %s, want %s", text, got, tt.want)
		}
		if diff := cmp.Diff([]tolerance.Rule{tt.rule}, tol.Applied()); diff != "" {
			t.Errorf("%s: rules (-want +got):\n%s", text, diff)
		}
		if _, err := filter.ParsePath(scimtest.Expand(text), rt, tolerance.Strict()); err == nil {
			t.Errorf("%s: Strict accepts it", text)
		}
	}
}

func TestParsePathRefuses(t *testing.T) {
	t.Parallel()
	rt := scimtest.Type(t, "User")
	tests := map[string]struct {
		kind  scimerr.Type
		want  string
		cause error
	}{
		``:                              {"invalidPath", `"": no attribute of User has this name`, filter.ErrNoAttribute},
		`favouriteColour`:               {"invalidPath", `"favouriteColour": no attribute of User has this name`, filter.ErrNoAttribute},
		`name.nickName`:                 {"invalidPath", `"name.nickName": no attribute of User has this name`, filter.ErrNoAttribute},
		`name.`:                         {"invalidPath", `"name.": no attribute`, filter.ErrNoAttribute},
		`__proto__.admin`:               {"invalidPath", `"__proto__.admin": no attribute`, filter.ErrNoAttribute},
		`urn:nobody:User:x`:             {"invalidPath", `"urn:nobody:User:x": no attribute`, filter.ErrNotInForce},
		`@E:rank`:                       {"invalidPath", `no attribute of User has this name`, filter.ErrNotInForce},
		`@U:rank`:                       {"invalidPath", `no attribute of User has this name`, filter.ErrNoAttribute},
		`emails[type eq "work"].foo`:    {"invalidPath", `"emails.foo": no attribute`, filter.ErrNoAttribute},
		`userName eq "x"`:               {"invalidPath", `userName: the path does not end at position 8`, nil},
		`userName `:                     {"invalidPath", `userName: the path does not end at position 8`, nil},
		`emails[type eq "work"]x`:       {"invalidPath", `emails: the path does not end at position 22`, nil},
		`emails[type eq "work"].value.`: {"invalidPath", `"emails.value.": no attribute`, filter.ErrNoAttribute},
		`emails[type eq "work"`:         {"invalidFilter", `'[' is not closed at position 6`, nil},
		`emails[type is "work"]`:        {"invalidFilter", `emails.type: the operator must be eq`, nil},
		`emails[foo eq "work"]`:         {"invalidFilter", `emails: has no sub-attribute foo`, nil},
		`emails[active eq true].value`:  {"invalidFilter", `emails: has no sub-attribute active`, nil},
		`emails[primary gt true].value`: {"invalidFilter", `emails.primary: a value of type boolean cannot be compared by gt`, nil},
		`userName[value eq "x"]`:        {"invalidFilter", `userName: has no values to filter`, nil},
		strings.Repeat("x", 5000):       {"invalidPath", `the path is longer than 4096 bytes`, nil},
		"user\x00Name":                  {"invalidPath", `or not valid UTF-8 text`, nil},
	}
	for text, tt := range tests {
		p, err := filter.ParsePath(scimtest.Expand(text), rt, tolerance.Compatible())
		var e *scimerr.Error
		if !errors.As(err, &e) {
			t.Errorf("%.100s: got %+v, %v", text, p, err)
			continue
		}
		if e.Status != 400 || e.ScimType != tt.kind || !strings.Contains(e.Detail, tt.want) || tt.cause != nil && !errors.Is(err, tt.cause) {
			t.Errorf("%.100s: got %v, want %s %s", text, e, tt.kind, tt.want)
		}
	}
}

func TestParseAttribute(t *testing.T) {
	t.Parallel()
	rt := scimtest.Type(t, "User")
	tests := map[string]string{ // "": refused
		`userName`:            `userName`,
		`NAME.familyname`:     `name.familyName`,
		`emails`:              `emails.value`,
		`emails.type`:         `emails.type`,
		`@E:manager`:          `@E:manager.value`,
		`@E:department`:       `@E:department`,
		`department`:          `@E:department`,
		`meta.lastModified`:   `meta.lastModified`,
		`id`:                  `id`,
		`name`:                ``,
		`addresses`:           ``,
		`password`:            ``,
		`foo`:                 ``,
		``:                    ``,
		`emails[type eq "x"]`: ``,
		`userName descending`: ``,
		`userName"; drop`:     ``,
	}
	for text, want := range tests {
		p, err := filter.ParseAttribute(scimtest.Expand(text), rt, tolerance.Compatible())
		if (err == nil) != (want != "") || err == nil && scimtest.Shorten(p.String()) != want {
			t.Errorf("%s: got %v, %v", text, p, err)
		}
		if err != nil {
			checkError(t, err, scimerr.BadPath)
		}
	}
}

func TestSort(t *testing.T) {
	t.Parallel()
	rt := scimtest.Type(t, "User")
	r := decode(t, ann)
	for text, want := range map[string]string{
		`userName`:        `"Ann.Lee@Example.com"`,
		`name.familyName`: `"Lee"`,
		`emails`:          `"ann@work.com"`, // the primary one
		`roles`:           `"Admin"`,        // the first one
		`emails.display`:  `null`,
		`phoneNumbers`:    `null`,
		`@E:manager`:      `"M1"`,
		`@A:labels`:       `"Red"`,
		`@A:desk.tags`:    `"x"`,
		`meta.created`:    `"2010-01-23T04:56:22.000Z"`,
		`active`:          `true`,
	} {
		p, err := filter.ParseAttribute(scimtest.Expand(text), rt, tolerance.Strict())
		if err != nil {
			t.Fatal(err)
		}
		if got := string(filter.SortValue(p, r).AppendJSON(nil)); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	second := decode(t, `{"emails":[{"value":"a"},{"value":"b","primary":true}]}`)
	p, err := filter.ParseAttribute("emails", rt, tolerance.Strict())
	if err != nil {
		t.Fatal(err)
	}
	if got := filter.SortValue(p, second).Text(); got != "b" {
		t.Errorf("of two addresses %q is taken, not the primary one", got)
	}
}

func TestCompareValues(t *testing.T) {
	t.Parallel()
	rt := scimtest.Type(t, "User")
	tests := map[string]string{ // in ascending order, "=" where equal
		`userName`: `["a","B = b","c"]`,
		`id`:       `["B","a","b"]`,
		`active`:   `[false,true]`,
		`@A:level`: `[-5,3,20,null]`,
		`@A:ratio`: `[0.5,5e-1,1,1.5,9007199254740993]`,
		`@A:hired`: `["2011-05-13T06:00:00+02:00","2011-05-13T05:00:00Z",null]`,
	}
	for text, list := range tests {
		p, err := filter.ParseAttribute(scimtest.Expand(text), rt, tolerance.Strict())
		if err != nil {
			t.Fatal(err)
		}
		values := decode(t, `{"v":`+strings.ReplaceAll(list, " = ", `","`)+`}`).Value("v").Elems()
		for i := range values {
			for j := range values {
				c := filter.CompareValues(p.Leaf(), values[i], values[j])
				if c != -filter.CompareValues(p.Leaf(), values[j], values[i]) || i < j && c > 0 || i == j && c != 0 {
					t.Errorf("%s: compare(%s, %s) = %d", text, values[i].AppendJSON(nil), values[j].AppendJSON(nil), c)
				}
			}
		}
	}
	folded := resource.String("B")
	p, _ := rt.Lookup("", "userName", "")
	if filter.CompareValues(p.Attr, folded, resource.String("b")) != 0 {
		t.Error("case matters for userName")
	}
}

func TestParseNumber(t *testing.T) {
	t.Parallel()
	ascending := []string{"-1e300", "-9223372036854775809", "-9223372036854775808", "-1.5", "-1", "-0.5", "0", "1e-300", "1", "1.5", "2",
		"9007199254740992.0", "9007199254740993", "9223372036854775807", "9223372036854775808", "1e300"}
	for i, a := range ascending {
		for j, b := range ascending {
			m, ok1 := filter.ParseNumber(a)
			n, ok2 := filter.ParseNumber(b)
			if !ok1 || !ok2 {
				t.Fatalf("%s, %s do not parse", a, b)
			}
			want := 0
			if i != j {
				want = 1
				if i < j {
					want = -1
				}
			}
			got := m.Compare(n)
			// Floats of 64 bits do not tell -2^63-1 from -2^63, and 2^63-1 is an integer.
			if near := a == "-9223372036854775809" && b == "-9223372036854775808" || b == "-9223372036854775809" && a == "-9223372036854775808"; got != want && !near {
				t.Errorf("%s and %s compare as %d", a, b, got)
			}
		}
	}
	for _, bad := range []string{"1e400", "", "x", "0x1p-2x"} {
		if n, ok := filter.ParseNumber(bad); ok {
			t.Errorf("%q is %v", bad, n)
		}
	}
}

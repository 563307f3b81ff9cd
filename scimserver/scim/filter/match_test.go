package filter_test

import (
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimtest"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
)

// typeWith is User where the identity provider calls the unique identifier so.
func typeWith(t testing.TB, identifier string) *schema.ResourceType {
	t.Helper()
	r, err := schema.New(schema.Options{Groups: true, UniqueIdentifier: identifier})
	if err != nil {
		t.Fatal(err)
	}
	rt, _ := r.ResourceType("User")
	return rt
}

const ann = `{"schemas":["@U","@E","@A"],"id":"2819c223-AbC","externalId":"Ext1","userName":"Ann.Lee@Example.com",
	"name":{"familyName":"Lee","givenName":"Ånn"},"title":"Tour Guide","active":true,"nickName":"STRASSE",
	"emails":[{"value":"ann@work.com","type":"work","primary":true},{"value":"ann@home.org","type":"home"},{"display":"no value"}],
	"roles":[{"value":"Admin","primary":false}],
	"groups":[{"value":"G1","display":"Staff","type":"direct"}],
	"@E":{"employeeNumber":"701984","manager":{"value":"M1","displayName":"Max"}},
	"@A":{"level":9007199254740993,"ratio":1.50,"hired":"2011-05-13T06:42:34+02:00","key":"TWFu","labels":["Red","blue"],
		"cars":[{"plate":"ZH 1","since":"2020-01-01T00:00:00Z"},{"plate":"BE 2"}],"desk":{"room":"7","tags":["x","y"]}},
	"meta":{"resourceType":"User","created":"2010-01-23T04:56:22.000Z","lastModified":"2011-05-13T04:42:34.005Z","location":"https://x/Users/1","version":"W/\"3\""}}`

// TestMatch tells for each filter whether it finds Ann.
func TestMatch(t *testing.T) {
	t.Parallel()
	tests := map[string]bool{
		// Case matters where the schema says so.
		`userName eq "ann.lee@example.com"`: true,
		`userName eq "ANN.LEE@EXAMPLE.COM"`: true,
		`userName eq "ann.lee@example"`:     false,
		`userName ne "ann.lee@example.com"`: false,
		`userName ne "bob"`:                 true,
		`userName sw "ANN"`:                 true,
		`userName ew ".COM"`:                true,
		`userName co "LEE@ex"`:              true,
		`userName co "bob"`:                 false,
		`userName co ""`:                    true,
		`name.givenName eq "åNN"`:           true,
		`name.givenName sw "å"`:             true,
		`nickName eq "straße"`:              false,
		`nickName eq "\u017ftra\u017fse"`:   true, // the long s folds to s
		`id eq "2819c223-AbC"`:              true,
		`id eq "2819c223-abc"`:              false,
		`externalId eq "ext1"`:              false,
		`externalId co "xt"`:                true,
		`externalId co "XT"`:                false,
		`@E:manager.value eq "m1"`:          false,
		`@A:key eq "TWFu"`:                  true,
		`@A:key eq "twfu"`:                  false,
		// Order of strings.
		`userName gt "ann"`:                 true,
		`userName ge "ANN.LEE@example.com"`: true,
		`userName lt "ann"`:                 false,
		`userName le "B"`:                   true,
		`externalId lt "a"`:                 true,
		`externalId gt "E"`:                 true,
		// Booleans.
		`active eq true`:   true,
		`active ne true`:   false,
		`active eq false`:  false,
		`active ne false`:  true,
		`active eq "True"`: true,
		// Numbers are exact.
		`@A:level eq 9007199254740993`:   true,
		`@A:level eq 9007199254740992`:   false,
		`@A:level gt 9007199254740992`:   true,
		`@A:level gt 9007199254740992.0`: true,
		`@A:level lt 9.1e15`:             true,
		`@A:level lt 1e300`:              true,
		`@A:level gt -1e300`:             true,
		`@A:ratio eq 1.5`:                true,
		`@A:ratio eq 15e-1`:              true,
		`@A:ratio gt 1`:                  true,
		`@A:ratio lt 2`:                  true,
		`@A:ratio ne 1.5`:                false,
		`@A:ratio ge 1.51`:               false,
		// Dates are instants.
		`@A:hired eq "2011-05-13T04:42:34Z"`:                   true,
		`@A:hired eq "2011-05-13T00:42:34-04:00"`:              true,
		`@A:hired ne "2011-05-13T04:42:34.000Z"`:               false,
		`meta.lastModified gt "2011-05-13T04:42:34Z"`:          true,
		`meta.lastModified gt "2011-05-13T04:42:34.005Z"`:      false,
		`meta.lastModified ge "2011-05-13T06:42:34.005+02:00"`: true,
		`meta.created lt "2010-01-23T04:56:23Z"`:               true,
		// What is not there has no value: ne alone finds it.
		`locale eq "de"`:            false,
		`locale ne "de"`:            true,
		`locale co "de"`:            false,
		`locale gt "de"`:            false,
		`locale lt "de"`:            false,
		`locale pr`:                 false,
		`locale eq null`:            true,
		`locale ne null`:            false,
		`title eq null`:             false,
		`title ne null`:             true,
		`title pr`:                  true,
		`name.middleName eq null`:   true,
		`name.middleName ne "x"`:    true,
		`phoneNumbers.value ne "1"`: true,
		`phoneNumbers.value eq "1"`: false,
		`phoneNumbers pr`:           false,
		`phoneNumbers eq null`:      true,
		`emails eq null`:            false,
		`@E:department ne "IT"`:     true,
		`@E:department pr`:          false,
		`not (locale eq "de")`:      true,
		`not (locale ne "de")`:      false,
		// Of several values one must fit.
		`emails eq "ANN@home.org"`:          true,
		`emails.value eq "ann@work.com"`:    true,
		`emails.value ne "ann@work.com"`:    true,
		`emails.value eq "bob@work.com"`:    false,
		`not (emails.value eq "bob@x.com")`: true,
		`emails.type eq "home"`:             true,
		`emails.type ne "home"`:             true,
		`emails.primary eq true`:            true,
		`emails.primary eq false`:           false,
		`emails.display pr`:                 true,
		`roles.display pr`:                  false,
		`emails.value eq null`:              false,
		`@A:labels eq "red"`:                true,
		`@A:labels eq "green"`:              false,
		`@A:labels ne "red"`:                true,
		`@A:labels[value eq "BLUE"]`:        true,
		`@A:labels[value sw "g"]`:           false,
		`@A:labels pr`:                      true,
		`@A:desk.tags eq "Y"`:               true,
		`@A:desk.tags eq "z"`:               false,
		`schemas eq "@E"`:                   true,
		`schemas eq "urn:nobody"`:           false,
		// Value paths look at one value at a time.
		`emails[type eq "work" and value ew "home.org"]`:                 false,
		`emails[type eq "work" and value ew "work.com"]`:                 true,
		`emails[type eq "WORK"].value eq "Ann@Work.com"`:                 true,
		`emails[type eq "work"].value eq "ann@home.org"`:                 false,
		`emails[not (type eq "work") and value pr]`:                      true,
		`emails[type ne "work" and type ne "home"]`:                      true, // the one without a type
		`emails[type eq null]`:                                           true,
		`emails[type pr and display pr]`:                                 false,
		`emails[primary eq true and (type eq "work" or type eq "home")]`: true,
		`phoneNumbers[type eq "work"]`:                                   false,
		`phoneNumbers[not (type eq "work")]`:                             false, // there is no value to look at
		`roles[primary eq "False"]`:                                      true,
		`roles[primary eq "True"]`:                                       false,
		`groups[value eq "G1" and type eq "direct"]`:                     true,
		`groups.display sw "st"`:                                         true,
		`name[familyName eq "lee"]`:                                      true,
		`name[familyName eq "x"]`:                                        false,
		`@A:cars[plate eq "zh 1" and since ge "2020-01-01T00:00:00Z"]`:   true,
		`@A:cars[plate eq "be 2" and since pr]`:                          false,
		// Logic.
		`title pr and active eq false or userName sw "ann"`: true,
		`title pr and (active eq false or userName sw "b")`: false,
		`not (title pr and active eq true)`:                 false,
		`manager eq "M1" and id eq "2819c223-AbC"`:          true,
		`meta.resourceType eq "User"`:                       true,
		`meta.resourceType eq "user"`:                       false,
		`meta.version eq "W/\"3\""`:                         true,
	}
	r := decode(t, ann)
	for text, want := range tests {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			e := parse(t, text, tolerance.Compatible())
			if got := filter.Match(e, r); got != want {
				t.Errorf("got %v", got)
			}
			if got := filter.Match(filter.Not{X: e}, r); got == want {
				t.Errorf("not gives %v too", got)
			}
		})
	}
}

func decode(t testing.TB, text string) *resource.Object {
	t.Helper()
	o, err := resource.Decode([]byte(scimtest.Expand(text)), resource.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// TestMatchMembers: members are matched where the caller provides them, or one by one.
func TestMatchMembers(t *testing.T) {
	t.Parallel()
	rt := scimtest.Type(t, "Group")
	group := decode(t, `{"schemas":["@G"],"displayName":"Staff","members":[{"value":"U1","type":"User"},{"value":"G2","type":"Group"}]}`)
	for text, want := range map[string]bool{
		`members eq "U1"`:                             true,
		`members.value eq "u1"`:                       false,
		`members[value eq "U1" and type eq "group"]`:  false,
		`members[value eq "G2" and type eq "group"]`:  true,
		`displayName eq "STAFF" and members.type pr`:  true,
		`displayName eq "Staff" and not (members pr)`: false,
		`members[value eq "U1" or value eq "U2"]`:     true,
	} {
		e, err := filter.Parse(text, rt, tolerance.Strict(), filter.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if got := filter.Match(e, group); got != want {
			t.Errorf("%s: %v", text, got)
		}
		if v, ok := e.(filter.ValuePath); ok {
			if got := filter.MatchValue(v.Filter, group.Value("members").Elems()[1]); got != (text == `members[value eq "G2" and type eq "group"]`) {
				t.Errorf("%s on the second member: %v", text, got)
			}
		}
	}
}

// TestMatchWrongKinds: a stored value of another type than the schema's, as after a change of the schema, matches nothing and breaks nothing.
func TestMatchWrongKinds(t *testing.T) {
	t.Parallel()
	r := decode(t, `{"schemas":["@U"],"userName":5,"active":"yes","emails":"x","name":["x"],"roles":[5,null,[1]],"@A":{"level":"x","hired":"x","cars":{"plate":1}},"@E":[]}`)
	for _, text := range []string{
		`userName eq "5"`, `active eq true`, `emails.value eq "x"`, `name.familyName eq "x"`, `roles.value eq "x"`, `@A:level eq 1`,
		`@A:hired gt "2011-05-13T04:42:34Z"`, `@A:cars[plate eq "x"]`, `@E:department eq "x"`, `roles[value eq "x"]`, `emails[value eq "x"]`,
	} {
		if filter.Match(parse(t, text, tolerance.Strict()), r) {
			t.Errorf("%s matches", text)
		}
	}
}

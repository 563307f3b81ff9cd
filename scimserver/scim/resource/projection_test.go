package resource_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimtest"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
)

const projected = `{"schemas":["@U","@E","@A"],"externalId":"x1","userName":"ann","name":{"givenName":"Ann","familyName":"Lee"},
	"emails":[{"value":"a@x","type":"work","primary":true},{"value":"b@x","type":"home"},{"display":"only"}],
	"@E":{"department":"IT","manager":{"value":"m1","displayName":"Max"}},
	"@A":{"tag":"t","notes":["n"],"cars":[{"plate":"ZH 1","secret":"s"},{"plate":"ZH 2"}]}}`

// full is the full representation of a user.
func full(t testing.TB) (*schema.ResourceType, *resource.Object) {
	t.Helper()
	rt := scimtest.Type(t, "User")
	o := resource.Full(decode(t, scimtest.Expand(projected)), "42", meta)
	group := decode(t, `{"value":"g1","display":"Staff","type":"direct"}`)
	o.Set("groups", resource.Array(resource.Obj(group)))
	return rt, o
}

var meta = resource.Meta{
	ResourceType: "User", Version: 7, Location: "https://x/scim/v2/Users/42",
	Created: time.Date(2010, 1, 23, 4, 56, 22, 0, time.UTC), LastModified: time.Date(2011, 5, 13, 4, 42, 34, 5e6, time.UTC),
}

func TestProjection(t *testing.T) {
	t.Parallel()
	const always = "schemas: [\"@U\",\"@E\",\"@A\"]\nid: \"42\"\n"
	tests := map[string]struct{ attributes, excluded, want string }{
		"one":                   {"userName", "", always + `userName: "ann"`},
		"any case":              {"USERNAME , Externalid", "", always + "externalId: \"x1\"\nuserName: \"ann\""},
		"sub":                   {"name.familyName", "", always + `name: {"familyName":"Lee"}`},
		"two subs":              {"name.familyName,name.givenName", "", always + `name: {"givenName":"Ann","familyName":"Lee"}`},
		"sub, then all":         {"emails.type,emails", "", always + `emails: [{"value":"a@x","type":"work","primary":true},{"value":"b@x","type":"home"},{"display":"only"}]`},
		"sub of elements":       {"emails.value", "", always + `emails: [{"value":"a@x"},{"value":"b@x"}]`},
		"sub that is not there": {"phoneNumbers.value", "", strings.TrimSpace(always)},
		"extension":             {"@E", "", always + `@E: {"department":"IT","manager":{"value":"m1","displayName":"Max"}}`},
		"extension attribute":   {"@E:department", "", always + `@E: {"department":"IT"}`},
		"extension sub":         {"@E:manager.value", "", always + `@E: {"manager":{"value":"m1"}}`},
		"extension, bare":       {"department", "", always + `@E: {"department":"IT"}`},
		"core by URN":           {"@U:userName", "", always + `userName: "ann"`},
		"meta":                  {"meta.version", "", always + `meta: {"version":"W/\"7\""}`},
		"links":                 {"groups", "", always + `groups: [{"value":"g1","display":"Staff","type":"direct"}]`},
		"unknown":               {"nobody,urn:x:y,name.,.a,,", "", strings.TrimSpace(always)},
		"always is always":      {"userName", "id,schemas", always + `userName: "ann"`},
		"request":               {"@A:notes", "", always + `@A: {"notes":["n"]}`},
		"request with others":   {"@A:notes,@A:tag", "", always + `@A: {"tag":"t","notes":["n"]}`},
		"request of a sub":      {"@A:cars.secret", "", always + `@A: {"cars":[{"secret":"s"}]}`},
		"sub without request":   {"@A:cars", "", always + `@A: {"cars":[{"plate":"ZH 1"},{"plate":"ZH 2"}]}`},
		"excluded": {"", "name,emails,groups,meta,@A,externalId", always + "userName: \"ann\"\n" +
			`@E: {"department":"IT","manager":{"value":"m1","displayName":"Max"}}`},
		"excluded subs": {"name,emails,@E", "name.givenName,emails.type,emails.primary,@E:manager.displayName,emails.display", always +
			"name: {\"familyName\":\"Lee\"}\nemails: [{\"value\":\"a@x\"},{\"value\":\"b@x\"}]\n" + `@E: {"department":"IT","manager":{"value":"m1"}}`},
		"default leaves request out": {"", "meta,groups,name,emails,@E", always + "externalId: \"x1\"\nuserName: \"ann\"\n" +
			`@A: {"tag":"t","cars":[{"plate":"ZH 1"},{"plate":"ZH 2"}]}`},
		"never is never": {"password,@A:pin", "", strings.TrimSpace(always)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rt, o := full(t)
			before := o.Clone()
			o.Set("password", resource.String("secret")) // never stored, and never returned either
			p, err := resource.ParseProjection(rt, scimtest.Expand(tt.attributes), scimtest.Expand(tt.excluded))
			if err != nil {
				t.Fatal(err)
			}
			got := scimtest.Shorten(strings.TrimSpace(lines(p.Apply(rt, o))))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			o.Delete("password")
			if !o.Equal(before) {
				t.Error("the input has changed")
			}
			if p.Empty() {
				t.Error("Empty")
			}
		})
	}
}

// TestProjectionEmpty: a stored document is sent as it is where only links are left out.
func TestProjectionEmpty(t *testing.T) {
	t.Parallel()
	plain, err := schema.New(schema.Options{Groups: true})
	if err != nil {
		t.Fatal(err)
	}
	extended := scimtest.Registry(t)
	tests := map[string]struct {
		registry             *schema.Registry
		rt                   string
		attributes, excluded string
		empty                bool
		wants                map[string]bool
	}{
		"nothing asked":            {plain, "User", "", "", true, map[string]bool{"groups": true}},
		"blanks":                   {plain, "User", " ", " , ", true, map[string]bool{"groups": true}},
		"without members":          {plain, "Group", "", "members", true, map[string]bool{"members": false}},
		"without groups":           {plain, "User", "", "Groups", true, map[string]bool{"groups": false}},
		"without unknown":          {plain, "User", "", "nobody", true, map[string]bool{"groups": true}},
		"without part of members":  {plain, "Group", "", "members.display", false, map[string]bool{"members": true}},
		"without name":             {plain, "User", "", "name", false, map[string]bool{"groups": true, "name": false}},
		"without meta":             {plain, "User", "", "meta", false, map[string]bool{"meta": false}},
		"without id":               {plain, "User", "", "id", true, map[string]bool{"id": true}},
		"without department":       {plain, "User", "", schema.EnterpriseUserID + ":department", false, map[string]bool{"groups": true}},
		"some":                     {plain, "Group", "displayName", "", false, map[string]bool{"members": false, "displayName": true}},
		"members":                  {plain, "Group", "members", "", false, map[string]bool{"members": true}},
		"one part of members":      {plain, "Group", "members.value", "", false, map[string]bool{"members": true}},
		"on request is left out":   {extended, "User", "", "", false, map[string]bool{"groups": true}},
		"on request, other type":   {extended, "Group", "", "", true, map[string]bool{"members": true}},
		"without members, request": {extended, "Group", "", "members", true, map[string]bool{"members": false}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rt, _ := tt.registry.ResourceType(tt.rt)
			p, err := resource.ParseProjection(rt, tt.attributes, tt.excluded)
			if err != nil {
				t.Fatal(err)
			}
			if p.Empty() != tt.empty {
				t.Errorf("Empty = %v", p.Empty())
			}
			for attribute, want := range tt.wants {
				if p.Wants(attribute) != want {
					t.Errorf("Wants(%s) = %v", attribute, !want)
				}
			}
		})
	}
	if zero := (resource.Projection{}); !zero.Empty() || !zero.Wants("members") || !zero.WantsSub("members", "display") {
		t.Error("the zero projection leaves something out")
	}
}

func TestWantsSub(t *testing.T) {
	t.Parallel()
	rt := scimtest.Type(t, "Group")
	for query, want := range map[[2]string]bool{
		{"", ""}:                true,
		{"members", ""}:         true,
		{"members.value", ""}:   false,
		{"members.display", ""}: true,
		{"", "members.display"}: false,
		{"", "members"}:         false,
		{"displayName", ""}:     false,
	} {
		p, err := resource.ParseProjection(rt, query[0], query[1])
		if err != nil {
			t.Fatal(err)
		}
		if p.WantsSub("members", "display") != want {
			t.Errorf("%v: WantsSub = %v", query, !want)
		}
	}
}

// TestAppendResource: what is spliced is what Full builds.
func TestAppendResource(t *testing.T) {
	t.Parallel()
	rt := scimtest.Type(t, "User")
	for _, body := range []string{`{"schemas":["@U"],"userName":"a"}`, projected} {
		doc, err := resource.Canonical(rt, decode(t, scimtest.Expand(body)), tolerance.Compatible())
		if err != nil {
			t.Fatal(err)
		}
		stored := doc.AppendJSON(nil)
		spliced := resource.AppendResource([]byte("x"), stored, `4"2`, meta, resource.Extra{Name: "groups", JSON: []byte(`[{"value":"g1"}]`)})
		want := resource.Full(doc, `4"2`, meta)
		want.Insert(want.Len()-1, "groups", decode(t, `{"g":[{"value":"g1"}]}`).Value("g"))
		if diff := cmp.Diff("x"+string(want.AppendJSON(nil)), string(spliced)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if string(stored) != string(doc.AppendJSON(nil)) {
			t.Error("the stored document has changed")
		}
	}
}

func TestMeta(t *testing.T) {
	t.Parallel()
	want := `{"resourceType":"User","created":"2010-01-23T04:56:22.000Z","lastModified":"2011-05-13T04:42:34.005Z","location":"https://x/scim/v2/Users/42","version":"W/\"7\""}`
	if got := string(meta.AppendJSON(nil)); got != want {
		t.Errorf("got %s", got)
	}
	if got := string(meta.Object().AppendJSON(nil)); got != want {
		t.Errorf("as an object: %s", got)
	}
	if meta.ETag() != `W/"7"` {
		t.Errorf("ETag %s", meta.ETag())
	}
}

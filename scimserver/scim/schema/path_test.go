package schema_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
)

func TestLookup(t *testing.T) {
	t.Parallel()
	const custom = "urn:ietf:params:scim:schemas:extension:CustomExtensionName:2.0:User"
	r := registry(t, schema.Options{Groups: true, UniqueIdentifier: "email", Extensions: []schema.ExtensionSpec{acme()}})
	rt, _ := r.ResourceType("User")
	tests := map[string]struct {
		urn, name, sub string
		want           string // "": not found
	}{
		"core":                     {"", "userName", "", "userName"},
		"any case":                 {"", "USERNAME", "", "userName"},
		"sub":                      {"", "name", "familyName", "name.familyName"},
		"sub of any case":          {"", "Name", "FAMILYNAME", "name.familyName"},
		"core by URN":              {schema.UserID, "userName", "", "userName"},
		"core by URN of any case":  {"URN:ietf:params:scim:schemas:CORE:2.0:user", "userName", "", "userName"},
		"common":                   {"", "meta", "lastModified", "meta.lastModified"},
		"common by URN":            {schema.UserID, "externalId", "", "externalId"},
		"extension":                {schema.EnterpriseUserID, "department", "", schema.EnterpriseUserID + ":department"},
		"sub of extension":         {schema.EnterpriseUserID, "manager", "value", schema.EnterpriseUserID + ":manager.value"},
		"custom extension":         {custom, "BADGE", "", custom + ":badge"},
		"reference":                {custom, "desk", "$ref", custom + ":desk.$ref"},
		"alias":                    {"", "email", "", "emails.value"},
		"alias of any case":        {"", "EMail", "", "emails.value"},
		"alias has no sub":         {"", "email", "type", ""},
		"alias has no URN":         {schema.UserID, "email", "", ""},
		"extension without URN":    {"", "department", "", ""},
		"extension by core's URN":  {schema.UserID, "department", "", ""},
		"unknown":                  {"", "favouriteColour", "", ""},
		"unknown sub":              {"", "name", "nickName", ""},
		"unknown URN":              {"urn:nobody", "userName", "", ""},
		"sub of a simple one":      {"", "userName", "value", ""},
		"empty":                    {"", "", "", ""},
		"longer than any name":     {"", "userNameuserNameuserNameuserNameuserNameuserNameuserNameuserNameuserName", "", ""},
		"prototype":                {"", "__proto__", "", ""},
		"not of this type":         {"", "members", "", ""},
		"Kelvin sign is no letter": {"", "nic\u212aName", "", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, ok := rt.Lookup(tt.urn, tt.name, tt.sub)
			if got := p.String(); ok != (tt.want != "") || ok && got != tt.want {
				t.Errorf("got %q, %v, want %q", got, ok, tt.want)
			}
			if ok && p != schema.PathOf(p.Leaf()) {
				t.Errorf("PathOf gives %v", schema.PathOf(p.Leaf()))
			}
		})
	}
}

func TestLookupAny(t *testing.T) {
	t.Parallel()
	twin := acme()
	twin.ID, twin.Attributes = "urn:example:twin", []*schema.Attribute{{Name: "department"}, {Name: "office"}}
	r := registry(t, schema.Options{Extensions: []schema.ExtensionSpec{twin}})
	rt, _ := r.ResourceType("User")
	if p, ok := rt.LookupAny("Manager", "VALUE"); !ok || p.String() != schema.EnterpriseUserID+":manager.value" {
		t.Errorf("manager.value: got %v, %v", p, ok)
	}
	if p, ok := rt.LookupAny("office", ""); !ok || p.String() != "urn:example:twin:office" {
		t.Errorf("office: got %v, %v", p, ok)
	}
	for _, name := range []string{"department", "userName", "nothing"} {
		if p, ok := rt.LookupAny(name, ""); ok {
			t.Errorf("%s: got %v", name, p)
		}
	}
}

func TestLookupDotted(t *testing.T) {
	t.Parallel()
	spec := acme()
	spec.ID = "urn:example:acme:v1.5"
	r := registry(t, schema.Options{Extensions: []schema.ExtensionSpec{spec}})
	rt, _ := r.ResourceType("User")
	for text, want := range map[string]string{
		schema.UserID + ".userName":                            "userName",
		schema.UserID + ".name.givenName":                      "name.givenName",
		"URN" + schema.EnterpriseUserID[3:] + ".MANAGER.value": schema.EnterpriseUserID + ":manager.value",
		"urn:example:acme:v1.5.badge":                          "urn:example:acme:v1.5:badge",
		schema.UserID:                                          "",
		schema.UserID + ".":                                    "",
		schema.UserID + ".name.":                               "",
		schema.UserID + ".rank":                                "",
		schema.UserID + ":userName":                            "",
		schema.EnterpriseUserID + ".userName":                  "",
		"urn:nobody.userName":                                  "",
		"":                                                     "",
	} {
		if p, ok := rt.LookupDotted(text); p.String() != want || ok != (want != "") {
			t.Errorf("%s: got %q, %v; want %q", text, p, ok, want)
		}
	}
}

func TestLegacy(t *testing.T) {
	t.Parallel()
	r := registry(t, schema.Options{Groups: true})
	user, _ := r.ResourceType("User")
	group, _ := r.ResourceType("Group")
	tests := []struct {
		rt        *schema.ResourceType
		urn, want string
	}{
		{user, "urn:scim:schemas:core:1.0", schema.UserID},
		{user, "URN:SCIM:schemas:core:2.0", schema.UserID},
		{group, "urn:scim:schemas:core:1.0", schema.GroupID},
		{user, "urn:scim:schemas:extension:enterprise:1.0", schema.EnterpriseUserID},
		{user, "urn:scim:schemas:extension:enterprise:2.0", schema.EnterpriseUserID},
		{group, "urn:scim:schemas:extension:enterprise:2.0", ""},
		{user, "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group", ""},
		{user, schema.UserID, ""},
	}
	for _, tt := range tests {
		got, ok := tt.rt.Legacy(tt.urn)
		if ok != (tt.want != "") || ok && got != tt.want {
			t.Errorf("%s: Legacy(%q) = %q, %v, want %q", tt.rt.Name, tt.urn, got, ok, tt.want)
		}
	}
}

func TestUniquePaths(t *testing.T) {
	t.Parallel()
	r := registry(t, schema.Options{Groups: true, Extensions: []schema.ExtensionSpec{acme()}})
	rt, _ := r.ResourceType("User")
	var got []string
	for _, p := range rt.UniquePaths() {
		got = append(got, p.String())
	}
	if diff := cmp.Diff([]string{"userName", acme().ID + ":badge"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !rt.HasOnRequest() {
		t.Error("notes, returned on request, is overlooked")
	}
	if group, _ := r.ResourceType("Group"); group.HasOnRequest() || len(group.UniquePaths()) != 0 {
		t.Error("Group has taken something of User")
	}
}

func TestRegistryCopiesItsInput(t *testing.T) {
	t.Parallel()
	spec := acme()
	r := registry(t, schema.Options{Extensions: []schema.ExtensionSpec{spec}})
	spec.Attributes[0].Name = "changed"
	spec.Attributes[6].SubAttributes[0].Name = "changed"
	rt, _ := r.ResourceType("User")
	for _, name := range [][2]string{{"badge", ""}, {"desk", "value"}} {
		if _, ok := rt.Lookup(spec.ID, name[0], name[1]); !ok {
			t.Errorf("%v has changed with the input", name)
		}
	}
}

// TestRegistriesShareNothingThatDiffers: what one tenant declares is not seen by another.
func TestRegistriesShareNothingThatDiffers(t *testing.T) {
	t.Parallel()
	one := registry(t, schema.Options{Groups: true, UniqueIdentifier: "email", Extensions: []schema.ExtensionSpec{acme()}})
	two := registry(t, schema.Options{Groups: true})
	rt, _ := two.ResourceType("User")
	if _, ok := rt.Lookup(acme().ID, "badge", ""); ok {
		t.Error("an extension of another tenant is found")
	}
	if _, ok := rt.Lookup("", "email", ""); ok {
		t.Error("the alias of another tenant is found")
	}
	if len(one.Schemas()) != len(two.Schemas())+1 {
		t.Error("schemas are shared")
	}
}

func BenchmarkLookup(b *testing.B) {
	r, err := schema.New(schema.Options{Groups: true})
	if err != nil {
		b.Fatal(err)
	}
	rt, _ := r.ResourceType("User")
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := rt.Lookup("", "UserName", ""); !ok {
			b.Fatal("not found")
		}
		if _, ok := rt.Lookup(schema.EnterpriseUserID, "manager", "value"); !ok {
			b.Fatal("not found")
		}
	}
}

package schema_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimtest"
)

const base = "https://scim.example.com/acme-ns/acme/scim/v2"

// acme is an extension with an attribute of each type.
func acme() schema.ExtensionSpec {
	return schema.ExtensionSpec{
		ID: "urn:ietf:params:scim:schemas:extension:CustomExtensionName:2.0:User", Name: "Acme", Description: "Attributes of Acme", Resource: "User",
		Attributes: []*schema.Attribute{
			{Name: "badge", Description: "Badge", Uniqueness: schema.Server, CaseExact: true},
			{Name: "level", Type: schema.Integer, Description: "Level"},
			{Name: "ratio", Type: schema.Decimal, Mutability: schema.Immutable, Description: "Ratio"},
			{Name: "hired", Type: schema.DateTime, Description: "First day"},
			{Name: "pin", Mutability: schema.WriteOnly, Returned: schema.Never, Description: "PIN"},
			{Name: "notes", MultiValued: true, Returned: schema.OnRequest, Description: "Notes"},
			{Name: "desk", Type: schema.Complex, MultiValued: true, Description: "Desks", SubAttributes: []*schema.Attribute{
				{Name: "value", Required: true, Description: "Desk"},
				{Name: "$ref", Type: schema.Reference, ReferenceTypes: []string{"external"}, Description: "Plan"},
				{Name: "primary", Type: schema.Boolean, Description: "Usual desk"},
			}},
		},
	}
}

func registry(t *testing.T, o schema.Options) *schema.Registry {
	t.Helper()
	r, err := schema.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestDocuments(t *testing.T) {
	t.Parallel()
	standard := documents(registry(t, schema.Options{Groups: true}))
	scimtest.Golden(t, "testdata/standard.json", indent(t, slices.Concat(standard...)))
	tests := map[string]schema.Options{
		"without_groups": {},
		"extended":       {Groups: true, Extensions: []schema.ExtensionSpec{acme()}},
	}
	for name, o := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// Only what differs from the standard.
			var got []byte
			for _, doc := range documents(registry(t, o)) {
				if !slices.ContainsFunc(standard, func(s []byte) bool { return bytes.Equal(s, doc) }) {
					got = append(got, doc...)
				}
			}
			scimtest.Golden(t, "testdata/"+name+".json", indent(t, got))
		})
	}
}

// documents are those of /ResourceTypes and /Schemas, a line each.
func documents(r *schema.Registry) [][]byte {
	var out [][]byte
	for _, rt := range r.Types() {
		out = append(out, append(rt.AppendJSON(nil, base), '\n'))
	}
	for _, s := range r.Schemas() {
		out = append(out, append(s.AppendJSON(nil, base), '\n'))
	}
	return out
}

func indent(t *testing.T, docs []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	for line := range bytes.Lines(docs) {
		if err := json.Indent(&out, line, "", " "); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}

func TestSchemasInForce(t *testing.T) {
	t.Parallel()
	const core = "urn:ietf:params:scim:schemas:core:2.0:"
	discovery := []string{core + "ServiceProviderConfig", core + "ResourceType", core + "Schema"}
	tests := map[string]struct {
		options schema.Options
		want    []string
	}{
		"standard":       {schema.Options{Groups: true}, slices.Concat([]string{core + "User", schema.EnterpriseUserID, core + "Group"}, discovery)},
		"without groups": {schema.Options{}, slices.Concat([]string{core + "User", schema.EnterpriseUserID}, discovery)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := registry(t, tt.options)
			var got []string
			for _, s := range r.Schemas() {
				got = append(got, s.ID)
				if found, ok := r.SchemaByID(strings.ToUpper(s.ID)); !ok || found != s {
					t.Errorf("SchemaByID does not find %s", s.ID)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("schemas (-want +got):\n%s", diff)
			}
			if _, ok := r.SchemaByID("urn:nobody"); ok {
				t.Error("SchemaByID finds urn:nobody")
			}
		})
	}
}

func TestResourceType(t *testing.T) {
	t.Parallel()
	with, without := registry(t, schema.Options{Groups: true}), registry(t, schema.Options{})
	for _, name := range []string{"User", "Users", "/Users"} {
		if rt, ok := without.ResourceType(name); !ok || rt.Name != "User" {
			t.Errorf("ResourceType(%q) = %v, %v", name, rt, ok)
		}
	}
	for _, name := range []string{"Group", "Groups", "/Groups"} {
		if rt, ok := with.ResourceType(name); !ok || rt.Name != "Group" {
			t.Errorf("ResourceType(%q) = %v, %v", name, rt, ok)
		}
		if _, ok := without.ResourceType(name); ok {
			t.Errorf("ResourceType(%q) is there although groups are disabled", name)
		}
	}
	for _, name := range []string{"", "/", "user", "Me"} {
		if _, ok := with.ResourceType(name); ok {
			t.Errorf("ResourceType(%q) is found", name)
		}
	}
}

// TestCharacteristics samples RFC 7643 §8.7.1 where a mistake would matter most.
func TestCharacteristics(t *testing.T) {
	t.Parallel()
	r := registry(t, schema.Options{Groups: true})
	tests := map[string]struct {
		rt   string
		want schema.Attribute
	}{
		"userName":                {"User", schema.Attribute{Required: true, Uniqueness: schema.Server}},
		"id":                      {"User", schema.Attribute{CaseExact: true, Mutability: schema.ReadOnly, Returned: schema.Always, Uniqueness: schema.Server}},
		"externalId":              {"User", schema.Attribute{CaseExact: true}},
		"meta.lastModified":       {"User", schema.Attribute{Type: schema.DateTime, Mutability: schema.ReadOnly}},
		"password":                {"User", schema.Attribute{CaseExact: true, Mutability: schema.WriteOnly, Returned: schema.Never}},
		"active":                  {"User", schema.Attribute{Type: schema.Boolean}},
		"emails":                  {"User", schema.Attribute{Type: schema.Complex, MultiValued: true}},
		"emails.primary":          {"User", schema.Attribute{Type: schema.Boolean}},
		"groups":                  {"User", schema.Attribute{Type: schema.Complex, MultiValued: true, Mutability: schema.ReadOnly}},
		"groups.display":          {"User", schema.Attribute{Mutability: schema.ReadOnly}},
		"x509Certificates.value":  {"User", schema.Attribute{Type: schema.Binary, CaseExact: true}},
		"profileUrl":              {"User", schema.Attribute{Type: schema.Reference, CaseExact: true}},
		"displayName":             {"Group", schema.Attribute{Required: true}},
		"members":                 {"Group", schema.Attribute{Type: schema.Complex, MultiValued: true}},
		"members.value":           {"Group", schema.Attribute{CaseExact: true, Mutability: schema.Immutable}},
		"members.type":            {"Group", schema.Attribute{Mutability: schema.Immutable}},
		"manager.displayName":     {"User", schema.Attribute{Mutability: schema.ReadOnly}},
		"schemas":                 {"Group", schema.Attribute{Type: schema.Reference, MultiValued: true, Required: true, Returned: schema.Always}},
		"addresses.streetAddress": {"User", schema.Attribute{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rt, _ := r.ResourceType(tt.rt)
			attr, sub, _ := strings.Cut(name, ".")
			p, ok := rt.Lookup("", attr, sub)
			if !ok {
				p, ok = rt.LookupAny(attr, sub)
			}
			if !ok {
				t.Fatal("not found")
			}
			a := p.Leaf()
			got := schema.Attribute{
				Type: a.Type, MultiValued: a.MultiValued, Required: a.Required, CaseExact: a.CaseExact,
				Mutability: a.Mutability, Returned: a.Returned, Uniqueness: a.Uniqueness,
			}
			if !cmp.Equal(tt.want, got, cmp.Comparer(sameCharacteristics)) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func sameCharacteristics(a, b schema.Attribute) bool {
	return a.Type == b.Type && a.MultiValued == b.MultiValued && a.Required == b.Required && a.CaseExact == b.CaseExact &&
		a.Mutability == b.Mutability && a.Returned == b.Returned && a.Uniqueness == b.Uniqueness
}

func TestKeywords(t *testing.T) {
	t.Parallel()
	for want, name := range []string{"string", "boolean", "decimal", "integer", "dateTime", "binary", "reference", "complex"} {
		got, ok := schema.ParseType(strings.ToUpper(name))
		if !ok || int(got) != want || got.String() != name {
			t.Errorf("ParseType(%q) = %v, %v", name, got, ok)
		}
	}
	if m, ok := schema.ParseMutability("writeonly"); !ok || m != schema.WriteOnly {
		t.Errorf("ParseMutability = %v, %v", m, ok)
	}
	if r, ok := schema.ParseReturned("request"); !ok || r != schema.OnRequest {
		t.Errorf("ParseReturned = %v, %v", r, ok)
	}
	if u, ok := schema.ParseUniqueness("global"); !ok || u != schema.Global {
		t.Errorf("ParseUniqueness = %v, %v", u, ok)
	}
	if _, ok := schema.ParseType("text"); ok {
		t.Error(`ParseType("text") succeeds`)
	}
}

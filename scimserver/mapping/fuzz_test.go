package mapping_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/mapping"
	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
)

// sane checks what holds of every outcome: JSON that can be read, a reason for whatever is refused, and no panic that CEL
// turned into an error.
func sane(t *testing.T, p *mapping.Program, in mapping.Input) {
	t.Helper()
	out, explained := p.Map(context.Background(), in), p.Explain(context.Background(), in)
	if r := out.Rejection; r != nil {
		for _, step := range explained.Steps {
			if strings.Contains(step.Value.Text, "internal error") {
				t.Errorf("a panic: %+v", step)
			}
		}
		if r.Reason == "" || r.Field == "" || r.Detail == "" || r.Summary == "" {
			t.Errorf("incomplete: %+v", *r)
		}
		if explained.Rejection == nil || explained.Rejection.Reason != r.Reason {
			t.Errorf("explained otherwise: %+v, %+v", *r, explained.Rejection)
		}
		return
	}
	if diff := cmp.Diff(out.Fields, explained.Fields); diff != "" || out.Role != explained.Role {
		t.Errorf("explained otherwise: %s", diff)
	}
	text := mapping.AppendFieldsJSON(nil, out.Fields)
	var decoded map[string]any
	if err := json.Unmarshal(text, &decoded); err != nil || len(decoded) != len(out.Fields) || !utf8.Valid(text) {
		t.Errorf("%s: %v", text, err)
	}
	for _, v := range out.Fields {
		if strings.TrimSpace(v.Text) != v.Text || v.Set != (v.Text != "" || len(v.List) > 0) {
			t.Errorf("not canonical: %+v", v)
		}
	}
}

var types = []string{"String", "Boolean", "Integer", "Decimal", "DateTime", "StringList"}

func FuzzPath(f *testing.F) {
	for _, seed := range []string{"userName", `emails[type eq "work"].value`, custom + ":floor", "meta.created", "groups.display", "]a[", "a[b]c]", "urn:x:y[a eq 1].b", "roles"} {
		f.Add(seed, uint8(0))
	}
	f.Fuzz(func(t *testing.T, from string, typ uint8) {
		kind := types[int(typ)%len(types)]
		_ = mapping.Check(&config.Mapping{Attributes: []config.AttributeRule{{Field: "f", From: from}}, Role: &config.RoleRule{From: from}})
		p, err := rule(t, config.Field{Type: kind}, config.AttributeRule{From: from, Values: map[string]string{"it": "1"}})
		if err != nil {
			if err.Error() == "" {
				t.Error("an error without words")
			}
			return
		}
		sane(t, p, input(t, ann))
		sane(t, p, input(t, bare))
	})
}

func FuzzExpression(f *testing.F) {
	for _, seed := range []string{
		`user.name.givenName + " " + user.name.familyName`, `user.emails.filter(e, e.type == "work")[?0].?value`, `user["` + custom + `"].floor + 1`,
		`user.userName.split("@")[0].replace("a", "b").substring(1, 2)`, `groups.map(g, g.lowerAscii()).join(",").reverse()`, `user.meta.created`,
		`dyn(user)["name"].givenName`, `[user.name, user.name] == [user.name]`, `user in [user]`, `type(user) == type(user.name)`, `{user.userName: user.emails}.size()`,
		`optional.ofNonZeroValue(user.name).hasValue()`, `string(user.active) + string(1.5)`, `user.emails.exists_one(e, e.primary)`, `user.emails + user.emails`,
		`"x".charAt(-1)`, `"x".indexOf("", 9)`, `"x".split("", -1)`, `"x".replace("", "y", -1)`,
	} {
		f.Add(seed, uint8(5))
	}
	f.Fuzz(func(t *testing.T, expr string, typ uint8) {
		kind := types[int(typ)%len(types)]
		_ = mapping.Check(&config.Mapping{Attributes: []config.AttributeRule{{Field: "f", Expression: expr}}})
		p, err := rule(t, config.Field{Type: kind}, config.AttributeRule{Expression: expr})
		if err != nil {
			return
		}
		sane(t, p, input(t, ann))
		sane(t, p, input(t, bare))
	})
}

// FuzzUser gives a mapping users as they could be stored, and some that could not.
func FuzzUser(f *testing.F) {
	spec := typical()
	spec.Mapping.Role.From = "roles"
	spec.Mapping.Role.Unknown = config.Reject
	spec.Mapping.Attributes[5] = config.AttributeRule{Field: "badge", Expression: `user.emails.map(e, e.value + e.type).join(",") + string(user["` + custom + `"].hired)`}
	p, err := mapping.Compile(spec, registry(f, true))
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(ann))
	f.Add([]byte(bare))
	f.Add([]byte(`{"name":"x","emails":{"value":1},"roles":[null,[1],{"value":{}}],"` + custom + `":[],"active":"True","phoneNumbers":[{"type":"mobile","value":["a"]}]}`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		u, err := resource.Decode(doc, resource.Limits{})
		if err != nil {
			return
		}
		sane(t, p, mapping.Input{User: u, Groups: groups})
	})
}

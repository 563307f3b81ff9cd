package resource_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimtest"
)

func TestReplace(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		current, next string
		want          string // "": as next
		changed       bool
		err           string
	}{
		"same":                    {current: `{"schemas":["@U"],"userName":"a"}`, next: `{"schemas":["@U"],"userName":"a"}`},
		"other":                   {current: `{"schemas":["@U"],"userName":"a","title":"x"}`, next: `{"schemas":["@U"],"userName":"b"}`, changed: true},
		"omitted is cleared":      {current: `{"schemas":["@U"],"userName":"a","active":false}`, next: `{"schemas":["@U"],"userName":"a"}`, changed: true},
		"immutable, first time":   {current: `{"schemas":["@U"],"userName":"a"}`, next: `{"schemas":["@U","@A"],"userName":"a","@A":{"origin":"x"}}`, changed: true},
		"immutable, same":         {current: `{"schemas":["@U","@A"],"userName":"a","@A":{"origin":"x"}}`, next: `{"schemas":["@U","@A"],"userName":"a","@A":{"origin":"x"}}`},
		"immutable, other":        {current: `{"schemas":["@U","@A"],"userName":"a","@A":{"origin":"x"}}`, next: `{"schemas":["@U","@A"],"userName":"a","@A":{"origin":"y"}}`, err: "400 mutability: @A:origin: is immutable and has a value already"},
		"immutable, omitted":      {current: `{"schemas":["@U","@A"],"userName":"a","@A":{"tag":"t","origin":"x"}}`, next: `{"schemas":["@U"],"userName":"a"}`, want: `{"schemas":["@U","@A"],"userName":"a","@A":{"origin":"x"}}`, changed: true},
		"immutable, omitted last": {current: `{"schemas":["@U","@A"],"userName":"a","@A":{"origin":"x"}}`, next: `{"schemas":["@U"],"userName":"a"}`, want: `{"schemas":["@U","@A"],"userName":"a","@A":{"origin":"x"}}`},
		"immutable sub, other":    {current: `{"schemas":["@U","@A"],"userName":"a","@A":{"desk":{"room":"1","floor":2}}}`, next: `{"schemas":["@U","@A"],"userName":"a","@A":{"desk":{"room":"1","floor":3}}}`, err: "400 mutability: @A:desk.floor: is immutable and has a value already"},
		"immutable sub, kept":     {current: `{"schemas":["@U","@A"],"userName":"a","@A":{"desk":{"room":"1","floor":2}}}`, next: `{"schemas":["@U","@A"],"userName":"a","@A":{"desk":{"room":"9"}}}`, want: `{"schemas":["@U","@A"],"userName":"a","@A":{"desk":{"room":"9","floor":2}}}`, changed: true},
		"readOnly stays":          {current: `{"schemas":["@U","@A"],"userName":"a","@A":{"score":5}}`, next: `{"schemas":["@U","@A"],"userName":"b","@A":{"level":1}}`, want: `{"schemas":["@U","@A"],"userName":"b","@A":{"level":1,"score":5}}`, changed: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rt := scimtest.Type(t, "User")
			current, next := decode(t, scimtest.Expand(tt.current)), decode(t, scimtest.Expand(tt.next))
			out, changed, err := resource.Replace(rt, current, next)
			if tt.err != "" {
				var e *scimerr.Error
				if !errors.As(err, &e) || scimtest.Shorten(e.Error()) != tt.err {
					t.Fatalf("got %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			want := tt.want
			if want == "" {
				want = tt.next
			}
			if diff := cmp.Diff(want, scimtest.Shorten(string(out.AppendJSON(nil)))); diff != "" || changed != tt.changed {
				t.Errorf("changed %v (-want +got):\n%s", changed, diff)
			}
			if !current.Equal(decode(t, scimtest.Expand(tt.current))) || !next.Equal(decode(t, scimtest.Expand(tt.next))) {
				t.Error("the input has changed")
			}
		})
	}
}

func TestSetAttribute(t *testing.T) {
	t.Parallel()
	rt := scimtest.Type(t, "User")
	doc := decode(t, scimtest.Expand(`{"schemas":["@U"],"userName":"a","title":"x","emails":[{"value":"a@x"}]}`))
	set := func(urn, name, value string) {
		p, ok := rt.Lookup(scimtest.Expand(urn), name, "")
		if !ok {
			t.Fatalf("no attribute %s", name)
		}
		resource.SetAttribute(rt, doc, p.Attr, decode(t, `{"v":`+value+`}`).Value("v"))
	}
	set("", "externalId", `"1"`)
	set("", "nickName", `"n"`)
	set("", "roles", `[{"value":"r"}]`)
	set("", "title", `null`)
	set("@A", "level", `3`)
	set("@E", "department", `"IT"`)
	set("@A", "tag", `"t"`)
	set("", "active", `true`)
	set("@E", "costCenter", `"7"`)
	set("@A", "level", `null`)
	const want = `{"schemas":["@U","@E","@A"],"externalId":"1","userName":"a","nickName":"n","active":true,"emails":[{"value":"a@x"}],` +
		`"roles":[{"value":"r"}],"@E":{"costCenter":"7","department":"IT"},"@A":{"tag":"t"}}`
	if diff := cmp.Diff(want, scimtest.Shorten(string(doc.AppendJSON(nil)))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	set("@E", "department", `null`)
	set("@E", "costCenter", `null`)
	set("@E", "division", `null`)
	if got := scimtest.Shorten(string(doc.AppendJSON(nil))); got != `{"schemas":["@U","@A"],"externalId":"1","userName":"a","nickName":"n","active":true,"emails":[{"value":"a@x"}],"roles":[{"value":"r"}],"@A":{"tag":"t"}}` {
		t.Errorf("without the extension: %s", got)
	}
}

package directory

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
)

func TestManagerSpan(t *testing.T) {
	t.Parallel()
	const enterprise = `"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":`
	for name, tc := range map[string]struct{ doc, span, id string }{
		"none":                 {doc: `{"schemas":[],"userName":"a"}`},
		"extension without":    {doc: `{"userName":"a",` + enterprise + `{"department":"x"}}`},
		"the only field":       {doc: `{` + enterprise + `{"manager":{"value":"7"}}}`, span: `{"value":"7"}`, id: "7"},
		"with other fields":    {doc: `{` + enterprise + `{"department":"x}{\"","manager":{"value":"7","$ref":"a}\\\"b"}},"x":{"y":{}}}`, span: `{"value":"7","$ref":"a}\\\"b"}`, id: "7"},
		"of another extension": {doc: `{` + enterprise + `{"department":"x"},"urn:example:other":{"manager":{"value":"7"}}}`},
		"as text":              {doc: `{"title":"\"manager\":{\"value\":\"7\"}",` + enterprise + `{"department":"\"manager\":{\"value\":\"7"}}`},
		"escaped id":           {doc: `{` + enterprise + `{"manager":{"value":"7\n"}}}`},
		"empty id":             {doc: `{` + enterprise + `{"manager":{"value":""}}}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start, end, id := managerSpan([]byte(tc.doc))
			if diff := cmp.Diff([]string{tc.span, tc.id}, []string{tc.doc[start:end], id}); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestIsRef(t *testing.T) {
	t.Parallel()
	const url = "https://scim.example.com/ns/a/scim/v2/Users/7"
	for ref, want := range map[string]bool{
		url: true, "../Users/7": true, "Users/7": true, "./Users/7": true, "/Users/7": true, "/ns/a/scim/v2/Users/7": true, "7": true,
		"": false, "../": false, "../Users/8": false, "../Groups/7": false, "sers/7": false, "7/": false, "../Users/77": false,
		"https://other.example.com/ns/a/scim/v2/Users/7": false, "//scim.example.com/ns/a/scim/v2/Users/7": false, "http://x//Users/7": false,
	} {
		if got := isRef(ref, url); got != want {
			t.Errorf("%q: got %t", ref, got)
		}
	}
}

func TestUnlinkManager(t *testing.T) {
	t.Parallel()
	tenant := &Tenant{URL: "https://scim.example.com/ns/a/scim/v2"}
	for ref, gone := range map[string]bool{"../Users/7": true, tenant.URL + "/Users/7": true, "../Users/8": false, "https://hr.example.com/people/7": false} {
		manager := func(ref string) string { return `{"` + enterpriseURN + `":{"manager":{"value":"7"` + ref + `}}}` }
		sent := manager(`,"$ref":"` + ref + `"`)
		doc, err := resource.Parse([]byte(sent))
		if err != nil {
			t.Fatal(err)
		}
		want := sent
		if gone {
			want = manager("")
		}
		if took := tenant.unlinkManager(doc); took != gone || string(doc.AppendJSON(nil)) != want {
			t.Errorf("%s: %t, left %s", ref, took, doc.AppendJSON(nil))
		}
	}
}

package resource_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimtest"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
)

// TestCanonical runs the bodies of testdata/canonical in both modes.
func TestCanonical(t *testing.T) {
	t.Parallel()
	scimtest.Run(t, "testdata/canonical", func(t *testing.T, c *scimtest.Case) {
		rt := scimtest.Type(t, c.Input("type"))
		body := decode(t, scimtest.Expand(c.Input("body")))
		before := body.Clone()
		for _, mode := range modes {
			tol := mode.log()
			c.Want(t, mode.name, canonical(t, rt, body, tol))
		}
		if !body.Equal(before) {
			t.Error("the body has changed")
		}
	})
}

var modes = []struct {
	name string
	log  func() *tolerance.Log
}{{"compatible", tolerance.Compatible}, {"strict", tolerance.Strict}}

// canonical tells all about the canonical form of a body.
func canonical(t *testing.T, rt *schema.ResourceType, body *resource.Object, tol *tolerance.Log) string {
	t.Helper()
	doc, secrets, err := resource.CanonicalWithSecrets(rt, body, tol)
	if err != nil {
		return err.Error()
	}
	again, err := resource.Canonical(rt, doc, tol)
	if err != nil || string(again.AppendJSON(nil)) != string(doc.AppendJSON(nil)) {
		t.Errorf("not idempotent: %v, %v", again, err)
	}
	var out strings.Builder
	out.WriteString(lines(doc))
	if secrets != nil {
		fmt.Fprintf(&out, "secrets: %s\n", secrets.AppendJSON(nil))
	}
	if ids, present, err := resource.Members(rt, body, tol); present {
		fmt.Fprintf(&out, "members: %q %v\n", ids, err)
	}
	if rules := tol.Applied(); rules != nil {
		fmt.Fprintf(&out, "rules: %v\n", rules)
	}
	if ignored := tol.Ignored(); ignored != nil {
		fmt.Fprintf(&out, "ignored: %q\n", ignored)
	}
	return scimtest.Shorten(out.String())
}

// lines prints a document with a line for each attribute.
func lines(o *resource.Object) string {
	var out strings.Builder
	for name, v := range o.All() {
		fmt.Fprintf(&out, "%s: %s\n", name, v.AppendJSON(nil))
	}
	return out.String()
}

// TestCanonicalMany: many elements cost no square time, and doubles among them are found.
func TestCanonicalMany(t *testing.T) {
	t.Parallel()
	rt := scimtest.Type(t, "User")
	var body strings.Builder
	body.WriteString(`{"schemas":["@U"],"userName":"t","emails":[{"value":"first","type":"work"}`)
	const n = 19_000
	for i := range n {
		fmt.Fprintf(&body, `,{"value":"a%d@x","type":"work"}`, i/2)
	}
	body.WriteString(`,{"value":"first","type":"work","display":"F"}]}`)
	doc, err := resource.Canonical(rt, decode(t, scimtest.Expand(body.String())), tolerance.Compatible())
	if err != nil {
		t.Fatal(err)
	}
	emails := doc.Value("emails").Elems()
	if len(emails) != n/2+1 || emails[0].Object().Value("display").Text() != "F" {
		t.Errorf("%d addresses, the first is %s", len(emails), emails[0].AppendJSON(nil))
	}
	many := `{"schemas":["@U"],"userName":"t","roles":["r"` + numbered(100_000) + `]}`
	_, err = resource.Canonical(rt, decode(t, scimtest.Expand(many)), tolerance.Compatible())
	if err == nil || !strings.Contains(err.Error(), "roles: 100001 values: at most 10000") {
		t.Errorf("too many roles: %v", err)
	}
}

// numbered are n strings behind commas.
func numbered(n int) string {
	var out strings.Builder
	for i := range n {
		fmt.Fprintf(&out, `,"%d"`, i)
	}
	return out.String()
}

func TestCanonicalRequiredExtension(t *testing.T) {
	t.Parallel()
	r, err := schema.New(schema.Options{Extensions: []schema.ExtensionSpec{{
		ID: "urn:example:acme", Resource: "User", Required: true,
		Attributes: []*schema.Attribute{{Name: "cost", Required: true}, {Name: "tag"}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	rt, _ := r.ResourceType("User")
	for body, want := range map[string]string{
		`{"schemas":["@U"],"userName":"t"}`:                                                   "400 invalidValue: urn:example:acme: is required",
		`{"schemas":["@U","urn:example:acme"],"userName":"t","urn:example:acme":{}}`:          "400 invalidValue: urn:example:acme: is required",
		`{"schemas":["@U","urn:example:acme"],"userName":"t","urn:example:acme":{"tag":"x"}}`: "400 invalidValue: urn:example:acme:cost: is required and must not be empty",
		`{"schemas":["@U"],"userName":"t","groups":[],"urn:example:acme":{"cost":"1"}}`:       "schemas: [\"@U\",\"urn:example:acme\"]\nuserName: \"t\"\nurn:example:acme: {\"cost\":\"1\"}\nrules: [unknown-attribute extension-not-listed]\nignored: [\"groups\"]\n",
	} {
		if got := canonical(t, rt, decode(t, scimtest.Expand(body)), tolerance.Compatible()); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", body, got, want)
		}
	}
}

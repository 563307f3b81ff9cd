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

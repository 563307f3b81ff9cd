package patch_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/scim/patch"
	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimtest"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
)

func decode(t testing.TB, text string) *resource.Object {
	t.Helper()
	o, err := resource.Decode([]byte(scimtest.Expand(text)), resource.Limits{})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return o
}

// document is a canonical one.
func document(t testing.TB, rt *schema.ResourceType, text string) *resource.Object {
	t.Helper()
	doc, err := resource.Canonical(rt, decode(t, text), tolerance.Strict())
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return doc
}

// ann is the document of cases that bring none of their own.
const ann = `{"schemas":["@U","@E"],"externalId":"x1","userName":"ann","name":{"formatted":"Ann Lee","familyName":"Lee","givenName":"Ann"},
	"title":"Tour Guide","active":true,"emails":[{"value":"ann@work.com","type":"work","primary":true},{"value":"ann@home.org","type":"home"}],
	"@E":{"department":"IT","manager":{"value":"m1","$ref":"../Users/m1"}}}`

const staff = `{"schemas":["@G"],"displayName":"Staff"}`

// TestPatch runs the requests of testdata in both modes.
func TestPatch(t *testing.T) {
	t.Parallel()
	scimtest.Run(t, "testdata", func(t *testing.T, c *scimtest.Case) {
		rt := scimtest.Type(t, c.Input("type"))
		text := c.Input("doc")
		if text == "" {
			text = map[string]string{"User": ann, "Group": staff}[rt.Name]
		}
		doc := document(t, rt, text)
		body := decode(t, c.Input("body"))
		before, sent := doc.Clone(), body.Clone()
		c.Want(t, "compatible", run(t, rt, doc, body, tolerance.Compatible()))
		c.Want(t, "strict", run(t, rt, doc, body, tolerance.Strict()))
		if !doc.Equal(before) || !body.Equal(sent) {
			t.Error("the input has changed")
		}
	})
}

// run tells all that a request does.
func run(t *testing.T, rt *schema.ResourceType, doc, body *resource.Object, tol *tolerance.Log) string {
	t.Helper()
	request, err := patch.Parse(body, rt, tol)
	if err != nil {
		return scimtest.Shorten(err.Error())
	}
	changes, rest := request.Members()
	res, err := patch.ApplyWithSecrets(rt, doc, rest, tol)
	if err != nil {
		return scimtest.Shorten(err.Error())
	}
	checkResult(t, rt, doc, res, tol.IsStrict())
	var out strings.Builder
	for _, line := range diff(doc, res.Doc) {
		fmt.Fprintln(&out, line)
	}
	if res.Secrets != nil {
		fmt.Fprintf(&out, "secrets: %s\n", res.Secrets.AppendJSON(nil))
	}
	for _, c := range changes {
		fmt.Fprintf(&out, "members: %s\n", describe(c))
	}
	if res.Changed == (len(diff(doc, res.Doc)) == 0 && res.Secrets == nil) {
		t.Errorf("changed is %v", res.Changed)
	}
	if !res.Changed && changes == nil {
		fmt.Fprintln(&out, "nothing changes")
	}
	if request.ID != "" {
		fmt.Fprintf(&out, "id: %s\n", request.ID)
	}
	if rules := tol.Applied(); rules != nil {
		fmt.Fprintf(&out, "rules: %v\n", rules)
	}
	if ignored := tol.Ignored(); ignored != nil {
		fmt.Fprintf(&out, "ignored: %q\n", ignored)
	}
	return scimtest.Shorten(out.String())
}

// diff tells which attributes are other than before.
func diff(before, after *resource.Object) []string {
	var out []string
	for name, v := range before.All() {
		if w, ok := after.Get(name); !ok {
			out = append(out, "- "+name)
		} else if !w.Equal(v) {
			out = append(out, fmt.Sprintf("%s: %s", name, w.AppendJSON(nil)))
		}
	}
	for name, w := range after.All() {
		if _, ok := before.Get(name); !ok {
			out = append(out, fmt.Sprintf("+ %s: %s", name, w.AppendJSON(nil)))
		}
	}
	return out
}

func describe(c patch.MemberChange) string {
	kinds := map[patch.MemberKind]string{
		patch.AddMembers: "add", patch.RemoveMembers: "remove", patch.RemoveMatching: "remove matching",
		patch.ReplaceMembers: "replace", patch.ClearMembers: "clear",
	}
	if c.Filter != nil {
		return kinds[c.Kind] + " " + filter.String(c.Filter)
	}
	return strings.TrimSpace(fmt.Sprintf("%s %q", kinds[c.Kind], c.IDs))
}

// reporter is a testing.T or a rapid.T.
type reporter interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// checkResult: the result is canonical, so that POSTing it would give the same document.
func checkResult(t reporter, rt *schema.ResourceType, before *resource.Object, res patch.Result, strict bool) {
	t.Helper()
	tol := tolerance.Compatible()
	if strict {
		tol = tolerance.Strict()
	}
	text := string(res.Doc.AppendJSON(nil))
	again, err := resource.Canonical(rt, withoutReadOnly(rt, res.Doc), tol)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if got, want := string(withoutReadOnly(rt, res.Doc).AppendJSON(nil)), string(again.AppendJSON(nil)); got != want {
		t.Errorf("not canonical: %s\ncanonical is %s", got, want)
	}
	if !res.Changed && res.Doc != before {
		t.Errorf("an unchanged document is not the same")
	}
}

// withoutReadOnly leaves out what a POST cannot set.
func withoutReadOnly(rt *schema.ResourceType, doc *resource.Object) *resource.Object {
	out := doc.Copy()
	for i := range rt.Extensions {
		for _, a := range rt.Extensions[i].Schema.Attributes {
			if a.Mutability == schema.ReadOnly && !out.Attribute(a).IsNull() {
				resource.SetAttribute(rt, out, a, resource.Null())
			}
		}
	}
	return out
}

package patch_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/scim-operator/scim-operator/scimserver/scim/patch"
	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimtest"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
)

// What random requests are made of.
var (
	randomPaths = []string{
		"", "userName", "title", "active", "name", "name.givenName", "name.familyName", "emails", "emails.value", "emails.primary",
		`emails[type eq "work"]`, `emails[type eq "work"].value`, `emails[type eq "home"].primary`, `emails[primary eq true].value`,
		`emails[value sw "a"]`, `emails[not (type eq "work")]`, `emails[type eq "work" and primary eq true].display`, `roles[primary eq "True"].value`,
		"addresses", `addresses[type eq "work"].country`, "manager", "@E:manager", "@E:manager.value", "@E:manager.$ref", "@E:department", "@E", "@A", "@A:tag",
		"@A:labels", `@A:labels[value eq "a"]`, "@A:desk", "@A:desk.room", "@A:desk.floor", "@A:desk.tags", "@A:cars", `@A:cars[plate eq "a"].since`,
		"@A:origin", "@A:level", "@A:hired", "password", "externalId", "schemas", "groups", "id", `name[familyName eq "a"].givenName`,
	}
	randomValues = []string{
		`null`, `""`, `"a"`, `"b"`, `"True"`, `true`, `false`, `3`, `"3"`, `[]`, `{}`, `["a","b","a"]`, `"2024-02-29"`,
		`{"value":"a"}`, `{"value":"a","type":"work","primary":true}`, `[{"value":"a","type":"work"},{"value":"b","type":"home","primary":true}]`,
		`[{"value":"a","primary":true},{"value":"b","primary":"true"}]`, `[{"type":"work"},{"value":"","type":"home"}]`, `{"givenName":"a","familyName":null}`,
		`{"country":"a","type":"work","primary":true}`, `{"room":"a","floor":3,"tags":["a"]}`, `{"floor":4}`, `[{"plate":"a"},{"plate":"b","secret":"a"}]`,
		`{"title":"a","name.givenName":"b","emails[type eq \"work\"].value":"a","@E":{"department":"a"},"@A:tag":"b"}`, `"{\"value\":\"a\"}"`,
	}
)

func randomOperation(t *rapid.T) string {
	op := rapid.SampledFrom([]string{"add", "replace", "remove", "Replace"}).Draw(t, "op")
	path := rapid.SampledFrom(randomPaths).Draw(t, "path")
	value := rapid.SampledFrom(randomValues).Draw(t, "value")
	var out strings.Builder
	out.WriteString(`{"op":"` + op + `"`)
	if path != "" {
		out.WriteString(`,"path":` + string(resource.AppendString(nil, path)))
	}
	if op != "remove" || rapid.Bool().Draw(t, "with value") {
		out.WriteString(`,"value":` + value)
	}
	return out.String() + "}"
}

// TestRandomRequests applies many requests one after the other.
func TestRandomRequests(t *testing.T) {
	t.Parallel()
	rt := scimtest.Type(t, "User")
	applied := 0
	rapid.Check(t, func(r *rapid.T) {
		log := rapid.SampledFrom([]func() *tolerance.Log{tolerance.Compatible, tolerance.Strict}).Draw(r, "mode")
		doc := document(t, rt, ann)
		for range rapid.IntRange(1, 8).Draw(r, "requests") {
			operations := rapid.SliceOfN(rapid.Custom(randomOperation), 1, 4).Draw(r, "operations")
			doc = applyRandom(r, t, rt, doc, operations, log, &applied)
		}
	})
	if applied < 50 {
		t.Errorf("only %d requests succeeded: the test tests little", applied)
	}
}

func applyRandom(r *rapid.T, t *testing.T, rt *schema.ResourceType, doc *resource.Object, operations []string, log func() *tolerance.Log, applied *int) *resource.Object {
	body := decode(t, `{"schemas":["@P"],"Operations":[`+strings.Join(operations, ",")+`]}`)
	before := doc.Clone()
	request, err := patch.Parse(body, rt, log())
	if err != nil {
		return doc
	}
	res, err := patch.ApplyWithSecrets(rt, doc, request, log())
	if !doc.Equal(before) {
		r.Fatalf("the input has changed to %s", doc.AppendJSON(nil))
	}
	if err != nil {
		return doc
	}
	*applied++
	checkResult(r, rt, doc, res, log().IsStrict())
	checkPrimaries(r, res.Doc)
	checkAgain(r, rt, res.Doc, request, log)
	return res.Doc
}

// checkAgain: one operation by replace or remove, without a filter, done twice is as good as once.
func checkAgain(r *rapid.T, rt *schema.ResourceType, doc *resource.Object, request *patch.Request, log func() *tolerance.Log) {
	if len(request.Ops) != 1 || request.Ops[0].Kind == patch.Add || request.Ops[0].Path.Filter != nil {
		return
	}
	again, changed, err := patch.Apply(rt, doc, request, log())
	if err == nil && !again.Equal(doc) {
		r.Fatalf("the second time gives %s, changed %v, after %s", again.AppendJSON(nil), changed, doc.AppendJSON(nil))
	}
}

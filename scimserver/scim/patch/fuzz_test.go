package patch_test

import (
	"errors"
	"net/http"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/scim-operator/scim-operator/scimserver/scim/patch"
	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimtest"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
)

// FuzzPatch: whatever is sent, the result is canonical, the input stays as it is, and an error is one of the client's.
func FuzzPatch(f *testing.F) {
	for _, path := range scimtest.Files(f, "testdata") {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		doc, body := ann, ""
		for _, file := range archive.Files {
			switch file.Name {
			case "doc":
				doc = string(file.Data)
			case "body":
				body = string(file.Data)
			}
		}
		f.Add([]byte(scimtest.Expand(doc)), []byte(scimtest.Expand(body)))
	}
	addSessions(f)
	registry := scimtest.Registry(f)
	f.Fuzz(func(t *testing.T, docText, bodyText []byte) {
		in, err := resource.Decode(docText, resource.Limits{})
		if err != nil {
			return
		}
		body, err := resource.Decode(bodyText, resource.Limits{})
		if err != nil {
			return
		}
		for _, rt := range registry.Types() {
			fuzzPatch(t, rt, in, body, tolerance.Compatible)
			fuzzPatch(t, rt, in, body, tolerance.Strict)
		}
	})
}

// addSessions adds every PATCH that a client is recorded with, on the user or group that its session has made last.
func addSessions(f *testing.F) {
	made := ann
	for _, r := range scimtest.Sessions(f) {
		switch r.Method {
		case http.MethodPost:
			made = r.Body
		case http.MethodPatch:
			f.Add([]byte(made), []byte(r.Body))
		}
	}
}

func fuzzPatch(t *testing.T, rt *schema.ResourceType, in, body *resource.Object, log func() *tolerance.Log) {
	t.Helper()
	doc, err := resource.Canonical(rt, in, log())
	if err != nil {
		return
	}
	before, sent := doc.Clone(), body.Clone()
	request, err := patch.Parse(body, rt, log())
	if err != nil {
		checkError(t, err)
		return
	}
	changes, rest := request.Members()
	checkMembers(t, rt, changes)
	res, err := patch.ApplyWithSecrets(rt, doc, rest, log())
	if !doc.Equal(before) || !body.Equal(sent) {
		t.Fatal("the input has changed")
	}
	if err != nil {
		checkError(t, err)
		return
	}
	checkResult(t, rt, doc, res, log().IsStrict())
	if res.Secrets == nil && res.Changed == res.Doc.Equal(doc) {
		t.Fatalf("changed is %v", res.Changed)
	}
	checkPrimaries(t, res.Doc)
}

func checkError(t *testing.T, err error) {
	t.Helper()
	var e *scimerr.Error
	if !errors.As(err, &e) || e.Status != 400 || e.ScimType == "" || e.Detail == "" || len(e.Detail) > 8192 {
		t.Fatalf("error %v", err)
	}
}

// checkMembers: an empty list never stands for all.
func checkMembers(t *testing.T, rt *schema.ResourceType, changes []patch.MemberChange) {
	t.Helper()
	if rt.Name != "Group" && len(changes) > 0 {
		t.Fatal("members of a user")
	}
	for _, c := range changes {
		byID := c.Kind == patch.AddMembers || c.Kind == patch.RemoveMembers || c.Kind == patch.ReplaceMembers
		if byID != (len(c.IDs) > 0) || (c.Kind == patch.RemoveMatching) != (c.Filter != nil) {
			t.Fatalf("change %+v", c)
		}
	}
}

func checkPrimaries(t reporter, doc *resource.Object) {
	t.Helper()
	for name, v := range doc.All() {
		n := 0
		for _, e := range v.Elems() {
			if e.Object().Value("primary").Bool() {
				n++
			}
		}
		if n > 1 {
			t.Fatalf("%s: %d are primary", name, n)
		}
	}
}

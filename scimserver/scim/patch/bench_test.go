package patch_test

import (
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/scim/patch"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimtest"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
)

var benchRequests = map[string]string{
	"active": `{"schemas":["@P"],"Operations":[{"op":"replace","value":{"active":false}}]}`,
	"entra": `{"schemas":["@P"],"Operations":[{"op":"Replace","path":"displayName","value":"Pvlo"},{"op":"Replace","path":"emails[type eq \"work\"].value","value":"t@test.microsoft.com"},
		{"op":"Replace","path":"name.givenName","value":"Gtfd"},{"op":"Add","path":"@E:manager","value":"m2"},{"op":"Replace","path":"@E:employeeNumber","value":"Eqpj"}]}`,
}

func BenchmarkPatch(b *testing.B) {
	rt := scimtest.Type(b, "User")
	doc := document(b, rt, ann)
	for name, text := range benchRequests {
		body := decode(b, text)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				tol := tolerance.Compatible()
				request, err := patch.Parse(body, rt, tol)
				if err != nil {
					b.Fatal(err)
				}
				if _, changed, err := patch.Apply(rt, doc, request, tol); err != nil || !changed {
					b.Fatal(changed, err)
				}
			}
		})
	}
}

func BenchmarkMembers(b *testing.B) {
	rt := scimtest.Type(b, "Group")
	body := decode(b, `{"schemas":["@P"],"Operations":[{"op":"Add","path":"members","value":[{"$ref":null,"value":"2819c223-7f76-453a-919d-413861904646"}]}]}`)
	b.ReportAllocs()
	for b.Loop() {
		request, err := patch.Parse(body, rt, tolerance.Compatible())
		if err != nil {
			b.Fatal(err)
		}
		if changes, _ := request.Members(); len(changes) != 1 {
			b.Fatal(changes)
		}
	}
}

package patch_test

import (
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/scim/patch"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimtest"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
)

// TestApplyRefusesMembers: members that were not split off would be lost.
func TestApplyRefusesMembers(t *testing.T) {
	t.Parallel()
	rt := scimtest.Type(t, "Group")
	request, err := patch.Parse(decode(t, `{"schemas":["@P"],"Operations":[{"op":"add","path":"members","value":[{"value":"u1"}]}]}`), rt, tolerance.Strict())
	if err != nil {
		t.Fatal(err)
	}
	if out, changed, err := patch.Apply(rt, document(t, rt, staff), request, tolerance.Strict()); err == nil || out != nil || changed {
		t.Errorf("got %v, %v, %v", out, changed, err)
	}
}

// TestMembersJoinsCopies: what is joined does not change the request.
func TestMembersJoinsCopies(t *testing.T) {
	t.Parallel()
	rt := scimtest.Type(t, "Group")
	request, err := patch.Parse(decode(t, `{"schemas":["@P"],"Operations":[{"op":"add","path":"members","value":[{"value":"u1"}]},
		{"op":"replace","path":"displayName","value":"x"},{"op":"add","path":"members","value":[{"value":"u2"}]}]}`), rt, tolerance.Strict())
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		changes, rest := request.Members()
		if len(changes) != 1 || len(changes[0].IDs) != 2 || len(rest.Ops) != 1 || rest.Ops[0].Kind.String() != "replace" {
			t.Fatalf("got %+v, %+v", changes, rest)
		}
	}
}

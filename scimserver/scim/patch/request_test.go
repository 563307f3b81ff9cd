package patch_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/scim/patch"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
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

// TestWorkIsBounded: many operations on many elements are refused before they take long.
func TestWorkIsBounded(t *testing.T) {
	t.Parallel()
	rt := scimtest.Type(t, "User")
	var body strings.Builder
	body.WriteString(`{"schemas":["@P"],"Operations":[{"op":"add","path":"emails","value":[{"value":"x"}`)
	for i := range 9_000 {
		fmt.Fprintf(&body, `,{"value":"a%d"}`, i)
	}
	body.WriteString(`]}`)
	for _, operation := range []string{
		`{"op":"replace","path":"emails[value eq \"nobody\" or value eq \"x\"].display","value":"d"}`,
		`{"op":"add","path":"emails","value":[{"value":"x"}]}`,
		`{"op":"remove","path":"emails","value":[{"value":"nobody"}]}`,
		`{"op":"replace","path":"emails.display","value":"d"}`,
	} {
		text := body.String() + strings.Repeat(","+operation, 3_000) + `]}`
		request, err := patch.Parse(decode(t, text), rt, tolerance.Compatible())
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		_, _, err = patch.Apply(rt, document(t, rt, ann), request, tolerance.Compatible())
		var e *scimerr.Error
		if !errors.As(err, &e) || e.Status != 413 {
			t.Errorf("%s: %v", operation, err)
		}
		if took := time.Since(start); took > 30*time.Second {
			t.Errorf("%s: took %v", operation, took)
		}
	}
}

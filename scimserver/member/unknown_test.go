package member_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestUnknownMembers: who is left out of a group by the tenant's choice is in the log, and the others get their roles.
func TestUnknownMembers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plain())
	w.scim.IgnoreUnknownMembers = true
	ann, bob := w.post("User", user("ann")), w.post("User", user("bob"))
	w.told()
	admins := w.post("Group", group("Admins", "nobody", ann))
	w.wantTold("a new group", `updated Administrator active=true {"role":"Staff","groups":[]}`)
	left := func(what string, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, w.lastEntry().Ignored); diff != "" {
			t.Errorf("%s: left out (-want +got):\n%s", what, diff)
		}
	}
	left("a new group", `members[value eq "nobody"]`)
	w.patch("Group", admins, addMember("eve@example.com", bob))
	w.wantTold("one more", `updated Administrator active=true {"role":"Staff","groups":[]}`)
	left("one more", "members") // no name or address gets into the log
	w.put("Group", admins, group("Admins", "other", bob))
	w.wantTold("replaced", `updated Staff active=true {"role":"Administrator","groups":["Admins"]}`)
	left("replaced", `members[value eq "other"]`)
}

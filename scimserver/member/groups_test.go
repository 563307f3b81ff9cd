package member_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/member"
)

// group is the body of a group.
func group(name string, members ...string) string {
	var list []string
	for _, id := range members {
		list = append(list, fmt.Sprintf(`{"value":%q}`, id))
	}
	return fmt.Sprintf(`{"displayName":%q,"members":[%s]}`, name, strings.Join(list, ","))
}

func addMember(ids ...string) string {
	return fmt.Sprintf(`{"op":"add","path":"members","value":[{"value":"%s"}]}`, strings.Join(ids, `"},{"value":"`))
}

func removeMember(id string) string {
	return fmt.Sprintf(`{"op":"remove","path":"members[value eq \"%s\"]"}`, id)
}

func TestGroupsGiveRoles(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plain())
	ann, bob := w.post("User", user("ann")), w.post("User", user("bob"))
	w.told()
	admins := w.post("Group", group("Admins", ann))
	w.wantTold("a new group", `updated Administrator active=true {"role":"Staff","groups":[]}`)
	w.patch("Group", admins, addMember(ann, bob))
	w.wantTold("one more", `updated Administrator active=true {"role":"Staff","groups":[]}`)
	w.patch("Group", admins, removeMember(ann))
	w.wantTold("one less", `updated Staff active=true {"role":"Administrator","groups":["Admins"]}`)
	w.patch("Group", admins, `{"op":"replace","path":"displayName","value":"Crew"}`)
	w.wantTold("another name", `updated Staff active=true {"role":"Administrator","groups":["Admins"]}`)
	w.patch("Group", admins, `{"op":"replace","path":"externalId","value":"x"}`)
	w.wantTold("not the name")
	w.put("Group", admins, group("Admins", ann))
	w.wantTold("replaced", `updated Administrator active=true {"role":"Staff","groups":[]}`, `updated Staff active=true {"groups":["Crew"]}`)
	w.put("Group", admins, group("Admins", ann))
	w.wantTold("the same")
	w.delete("Group", admins)
	w.wantTold("deleted", `updated Staff active=true {"role":"Administrator","groups":["Admins"]}`)
	if e := w.lastEntry(); e.Decision != member.Group || e.Resource != "Group" {
		t.Errorf("log: got %+v", e)
	}
}

func TestNestedGroups(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plain())
	ann := w.post("User", user("ann"))
	inner := w.post("Group", group("inner", ann))
	middle := w.post("Group", group("middle", inner))
	w.told()
	const rises = `updated Administrator active=true {"role":"Staff","groups":["inner","middle"]}`
	const falls = `updated Staff active=true {"role":"Administrator","groups":["Admins","inner","middle"]}`
	admins := w.post("Group", group("Admins", middle))
	w.wantTold("above", rises)
	w.patch("Group", admins, removeMember(middle))
	w.wantTold("no longer", falls)
	w.patch("Group", admins, addMember(middle))
	w.wantTold("again", rises)
	w.patch("Group", middle, addMember(admins)) // a circle
	w.wantTold("circle")
	w.delete("Group", middle)
	w.wantTold("the link goes", `updated Staff active=true {"role":"Administrator","groups":["Admins","inner","middle"]}`)
	w.delete("User", ann)
	w.wantTold("user", `removed Staff active=false {"active":true}`)
}

func TestGroupsOfInactiveUsers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plain())
	ann := w.post("User", user("ann"))
	w.patch("User", ann, deactivate)
	w.told()
	admins := w.post("Group", group("Admins", ann))
	w.wantTold("role while off", `updated Administrator active=false {"role":"Staff","groups":[]}`)
	w.patch("User", ann, reactivate)
	w.wantTold("on", `reactivated Administrator active=true {"active":false}`)
	w.delete("Group", admins)
	w.wantTold("off", `updated Staff active=true {"role":"Administrator","groups":["Admins"]}`)
}

func TestGroupsThatDoNotMatter(t *testing.T) {
	t.Parallel()
	s := plain()
	s.mapping.Role.Groups = nil
	w := newWorld(t, s)
	ann := w.post("User", user("ann"))
	w.told()
	w.post("Group", group("Admins", ann))
	w.wantTold("nothing")
	if m := w.memberOf(ann); m.Groups != nil {
		t.Errorf("groups: got %s", m.Groups)
	}
}

// TestManyUsersOfAGroup: they are looked at in the background, once.
func TestManyUsersOfAGroup(t *testing.T) {
	t.Parallel()
	const many = 520
	w := newWorld(t, plain())
	var ids []string
	for i := range many {
		ids = append(ids, w.post("User", user(fmt.Sprintf("user%d", i))))
	}
	inner := w.post("Group", group("inner", ids...))
	w.tend()
	w.told()
	admins := w.post("Group", group("Admins", inner))
	w.wantTold("not at once")
	select {
	case <-w.engine.Woken():
	default:
		t.Error("nobody was woken")
	}
	w.tend()
	if got := len(w.told()); got != many {
		t.Errorf("events: got %d, want %d", got, many)
	}
	w.delete("Group", admins)
	w.tend()
	if got := len(w.told()); got != many {
		t.Errorf("events: got %d, want %d", got, many)
	}
	for _, m := range w.members() {
		if m.Role != "Staff" || string(m.Groups) != `["inner"]` {
			t.Fatalf("member: got %+v", m)
		}
	}
}

func TestUnmappableThroughGroups(t *testing.T) {
	t.Parallel()
	s := plain()
	s.mapping.Role.Order = config.GroupsFirst
	w := newWorld(t, s)
	admins := w.post("Group", group("Admins"))
	ann := w.post("User", user("ann"))
	w.patch("Group", admins, addMember(ann))
	w.patch("User", ann, `{"op":"replace","path":"title","value":"Emperor"}`) // the group's role comes first
	w.told()
	w.delete("Group", admins)
	w.wantTold("the member stays")
	if m := w.memberOf(ann); m.Role != "Administrator" {
		t.Errorf("got %+v", m)
	}
	var logged bool
	for _, e := range w.log() {
		logged = logged || e.Decision == member.Reject && e.UserID == ann && e.Operation == "Groups" && e.Reason == "UnknownRole"
	}
	if !logged {
		t.Errorf("log: got %+v", w.log())
	}
}

// TestRoleFollowsDespiteConflict: who is inactive, with a member that stays active, may have an address that somebody else
// has. A change of groups must reach the role all the same: else a right would outlast the group that gave it.
func TestRoleFollowsDespiteConflict(t *testing.T) {
	t.Parallel()
	s := plain()
	s.lifecycle.OnDeactivate.Action = config.None
	w := newWorld(t, s)
	w.post("User", user("ann"))
	bob := w.post("User", user("bob"))
	admins := w.post("Group", group("Admins", bob))
	w.told()
	// An unknown title is no reason to keep an inactive user from having the address, which is not looked at.
	stale := strings.ReplaceAll(user("bob", inactive, `,"title":"Emperor"`), "bob@example.com", "ann@example.com")
	w.patch("Group", admins, removeMember(bob))
	w.wantTold("no longer in the group", `updated Staff active=true {"role":"Administrator","groups":["Admins"]}`)
	w.put("User", bob, stale)
	w.patch("Group", admins, addMember(bob))
	w.wantTold("in the group", `updated Administrator active=true {"role":"Staff","groups":[]}`)
	if got := string(w.memberOf(bob).Fields); !strings.Contains(got, "bob@example.com") {
		t.Errorf("fields %s, want those from before the conflict", got)
	}
	last := w.lastEntry()
	for _, e := range w.log() {
		if e.UserID == bob {
			last = e
		}
	}
	if last.Decision != member.Update || !strings.Contains(strings.Join(last.Reasons, " "), "fields stay as they were: email") {
		t.Errorf("log: %+v, want the reason", last)
	}
}

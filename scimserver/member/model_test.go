package member_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/member"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// TestModel draws a life cycle and what an identity provider and an application do under it. At any time the members must be
// what the rules say of the directory as it is then, and the events must lead to these members.
func TestModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := &model{users: map[string]string{}, groups: map[string]string{}, folded: map[string]member.EnvelopeMember{}}
		m.lifecycle = drawLifecycle(t)
		s := plain()
		s.lifecycle = m.lifecycle
		m.world = buildWorld(context.Background(), t, s)
		t.Repeat(map[string]func(*rapid.T){
			"post": m.post, "put": m.put, "active": m.setActive, "title": m.setTitle, "delete": m.remove,
			"group": m.newGroup, "join": m.join, "leave": m.leave, "rename": m.rename, "drop": m.drop,
			"hold": m.hold, "let go": m.letGo, "removed": m.removed, "tend": m.rest, "": m.check,
		})
		m.replays(t)
	})
}

// TestModelOfKeptMembers draws what TestModel rarely does all at once: users who are inactive while their members stay
// active, whose addresses others have, and whose groups change.
func TestModelOfKeptMembers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := &model{users: map[string]string{}, groups: map[string]string{}, folded: map[string]member.EnvelopeMember{}}
		m.lifecycle = config.DefaultLifecycle()
		m.lifecycle.OnDeactivate.Action = config.None
		s := plain()
		s.lifecycle = m.lifecycle
		m.world = buildWorld(context.Background(), t, s)
		t.Repeat(map[string]func(*rapid.T){
			"post": m.post, "put": m.put, "put again": m.put, "active": m.setActive, "title": m.setTitle,
			"group": m.newGroup, "join": m.join, "rename": m.rename, "rename again": m.rename, "drop": m.drop, "": m.check,
		})
		m.replays(t)
	})
}

func drawLifecycle(t *rapid.T) config.Lifecycle {
	l := config.DefaultLifecycle()
	l.OnCreate.Action = rapid.SampledFrom([]string{config.Create, config.Create, config.Create, config.None}).Draw(t, "onCreate")
	actions := []string{config.Deactivate, config.Remove, config.None, "UnassignDevices"}
	refused := []string{config.Reject, config.Hold}
	l.OnDeactivate.Action = rapid.SampledFrom(actions).Draw(t, "onDeactivate")
	l.OnDelete.Action = rapid.SampledFrom(actions).Draw(t, "onDelete")
	l.OnReactivate.Action = rapid.SampledFrom([]string{"", config.Reactivate, config.None, "UnassignDevices"}).Draw(t, "onReactivate")
	l.OnDeactivate.WhenRefused = rapid.SampledFrom(refused).Draw(t, "deactivation refused")
	l.OnDelete.WhenRefused = rapid.SampledFrom(refused).Draw(t, "deletion refused")
	l.ExistingMember = rapid.SampledFrom([]string{config.Reject, config.Adopt}).Draw(t, "existingMember")
	return l
}

type model struct {
	*world
	lifecycle config.Lifecycle
	users     map[string]string                // id by userName
	groups    map[string]string                // id by a name of the model's own
	last      int64                            // event that was folded
	folded    map[string]member.EnvelopeMember // what an application that reads the events holds
}

var (
	names  = []string{"ann", "bob", "cid", "dee"}
	titles = []string{"", `,"title":"Administrator"`, `,"title":"Emperor"`}
	mails  = []string{"", "one", "two"} // beside the user's own
)

func drawUser(t *rapid.T, name string) string {
	mail := rapid.SampledFrom(mails).Draw(t, "mail")
	if mail == "" {
		mail = name
	}
	return fmt.Sprintf(`{"userName":%q,"externalId":"x-%s","displayName":%q,"active":%v,"emails":[{"type":"work","value":"%s@x.com"}]%s}`,
		name, name, rapid.SampledFrom([]string{"A", "B"}).Draw(t, "displayName"), rapid.Bool().Draw(t, "active"), mail,
		rapid.SampledFrom(titles).Draw(t, "title"))
}

func (m *model) post(t *rapid.T) {
	name := rapid.SampledFrom(names).Draw(t, "name")
	if id, err := m.tryPost("User", drawUser(t, name)); err == nil {
		m.users[name] = id
	}
}

// some draws one of those that are there, or skips the step.
func some(t *rapid.T, of map[string]string, what string) (name, id string) {
	if len(of) == 0 {
		t.Skip("nobody")
	}
	name = rapid.SampledFrom(slices.Sorted(maps.Keys(of))).Draw(t, what)
	return name, of[name]
}

// client drops the error of an operation that may be refused; one of the server is none.
func (m *model) client(t *rapid.T, err error) bool {
	if err != nil && scimError(err) == nil {
		t.Fatalf("error of the server: %v", err)
	}
	return err == nil
}

func (m *model) put(t *rapid.T) {
	name, id := some(t, m.users, "user")
	m.client(t, m.tryPut("User", id, drawUser(t, name)))
}

func (m *model) setActive(t *rapid.T) {
	_, id := some(t, m.users, "user")
	m.client(t, m.tryPatch("User", id, rapid.SampledFrom([]string{deactivate, reactivate}).Draw(t, "op")))
}

func (m *model) setTitle(t *rapid.T) {
	_, id := some(t, m.users, "user")
	op := rapid.SampledFrom([]string{`{"op":"remove","path":"title"}`, `{"op":"add","path":"title","value":"Emperor"}`}).Draw(t, "op")
	m.client(t, m.tryPatch("User", id, op))
}

func (m *model) remove(t *rapid.T) {
	name, id := some(t, m.users, "user")
	if m.client(t, m.tryDelete("User", id)) {
		delete(m.users, name)
	}
}

var groupNames = []string{"Admins", "Crew"}

func (m *model) newGroup(t *rapid.T) {
	key := rapid.SampledFrom([]string{"g1", "g2", "g3"}).Draw(t, "group")
	if m.groups[key] != "" {
		t.Skip("it is there")
	}
	var members []string
	if len(m.users) > 0 {
		_, id := some(t, m.users, "member")
		members = append(members, id)
	}
	m.groups[key] = m.world.post("Group", group(rapid.SampledFrom(groupNames).Draw(t, "name"), members...))
}

// anybody is a user or a group.
func (m *model) anybody(t *rapid.T) string {
	all := maps.Clone(m.users)
	maps.Copy(all, m.groups)
	_, id := some(t, all, "member")
	return id
}

func (m *model) join(t *rapid.T) {
	_, id := some(t, m.groups, "group")
	m.client(t, m.tryPatch("Group", id, addMember(m.anybody(t))))
}

func (m *model) leave(t *rapid.T) {
	_, id := some(t, m.groups, "group")
	op := rapid.SampledFrom([]string{removeMember(m.anybody(t)), `{"op":"remove","path":"members"}`}).Draw(t, "op")
	m.client(t, m.tryPatch("Group", id, op))
}

func (m *model) rename(t *rapid.T) {
	_, id := some(t, m.groups, "group")
	name := rapid.SampledFrom(groupNames).Draw(t, "name")
	m.client(t, m.tryPatch("Group", id, fmt.Sprintf(`{"op":"replace","path":"displayName","value":%q}`, name)))
}

func (m *model) drop(t *rapid.T) {
	key, id := some(t, m.groups, "group")
	if m.client(t, m.tryDelete("Group", id)) {
		delete(m.groups, key)
	}
}

func (m *model) anyMember(t *rapid.T) store.MemberRecord {
	list := m.members()
	if len(list) == 0 {
		t.Skip("no members")
	}
	return list[rapid.IntRange(0, len(list)-1).Draw(t, "member")]
}

func (m *model) hold(t *rapid.T) {
	if err := m.tenant.PutHold(m.ctx, m.anyMember(t).ID, "laptop", ""); err != nil {
		t.Fatalf("PutHold: %v", err)
	}
}

func (m *model) letGo(t *rapid.T) {
	if _, err := m.tenant.DeleteHold(m.ctx, m.anyMember(t).ID, "laptop"); err != nil {
		t.Fatalf("DeleteHold: %v", err)
	}
}

func (m *model) removed(t *rapid.T) {
	gone := m.anyMember(t)
	if err := m.tenant.RemoveMember(m.ctx, gone.ID); err != nil {
		t.Fatalf("RemoveMember: %v", err)
	}
	maps.DeleteFunc(m.users, func(_, id string) bool { return id == gone.UserID })
}

func (m *model) rest(*rapid.T) {
	m.tend()
	m.now = m.now.Add(time.Minute)
}

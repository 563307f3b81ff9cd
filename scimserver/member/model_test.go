package member_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/member"
	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
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

// check compares members, directory and events.
func (m *model) check(t *rapid.T) {
	list := m.members()
	byUser := map[string]store.MemberRecord{}
	active := map[string]string{} // member by address
	for _, one := range list {
		if one.UserID == "" {
			m.checkUnlinked(t, one)
		}
		byUser[one.UserID] = one
		if address := fieldsOf(one.Fields)["email"]; one.Active {
			if other := active[address]; other != "" {
				t.Fatalf("members %s and %s are active and have the address %s", other, one.ID, address)
			}
			active[address] = one.ID
		}
	}
	err := m.store.View(m.ctx, "ns/acme", func(r store.Reader) error {
		users, _, err := r.UsersAfter(m.ctx, "", 100)
		for _, u := range users {
			one, ok := byUser[u.ID]
			m.checkUser(t, r, u, one, ok)
		}
		return err
	})
	if err != nil {
		t.Fatalf("View: %v", err)
	}
	m.fold(t, list)
}

func (m *model) checkUnlinked(t *rapid.T, one store.MemberRecord) {
	if one.Pending != nil {
		return
	}
	switch m.lifecycle.OnDelete.Action {
	case config.Remove:
		t.Fatalf("member %+v of a deleted user", one)
	case config.None:
	default:
		if one.Active {
			t.Fatalf("active member %+v of a deleted user", one)
		}
	}
}

func (m *model) checkUser(t *rapid.T, r store.Reader, u store.Record, one store.MemberRecord, ok bool) {
	doc, err := resource.Parse(u.Doc)
	if err != nil {
		t.Fatalf("document: %v", err)
	}
	switch policy := m.lifecycle.OnDeactivate.Action; {
	case u.Active && m.lifecycle.OnCreate.Action == config.None, !u.Active && !ok:
		if ok {
			t.Fatalf("user %s has the member %+v", u.Doc, one)
		}
		return
	case !ok:
		t.Fatalf("user %s has no member", u.Doc)
	case !u.Active && one.Active && one.Pending == nil && policy != config.None, u.Active && one.Pending != nil,
		!u.Active && policy == config.Remove && one.Pending == nil,
		u.Active && !one.Active && m.lifecycle.OnReactivate.Action != config.None:
		t.Fatalf("user %s has the member %+v (%s)", u.Doc, one, one.Pending)
	}
	role, mapped := m.roleOf(t, r, u.ID, doc)
	if !mapped {
		return
	}
	fields := fieldsOf(one.Fields)
	mail := doc.Value("emails").Elems()[0].Object().Value("value").Text()
	follow := fields["fullName"] == doc.Value("displayName").Text() && fields["email"] == mail
	if one.Role != role || !follow && !m.outdated(u) || one.UserName != doc.Value("userName").Text() {
		t.Fatalf("user %s, role %s has the member %+v %s", u.Doc, role, one, one.Fields)
	}
}

// outdated tells whether the log says that the fields of a user's member stay as they were: the user, who is inactive, has
// the address of somebody else.
func (m *model) outdated(u store.Record) (is bool) {
	for _, e := range m.log() {
		switch {
		case e.UserID != u.ID || u.Active:
		case e.Operation == "Groups" && e.Reason == "Uniqueness", strings.Contains(fmt.Sprint(e.Reasons), "fields stay as they were"):
			is = true
		case e.Decision != member.Reject && e.Decision != member.Keep && e.Operation != "Hold": // which brings no new fields
			is = false
		}
	}
	return is
}

func fieldsOf(text []byte) (fields map[string]string) {
	raw := map[string]*string{}
	_ = json.Unmarshal(text, &raw)
	fields = map[string]string{}
	for name, v := range raw {
		if v != nil {
			fields[name] = *v
		}
	}
	return fields
}

// roleOf is the rule of plain.
func (m *model) roleOf(t *rapid.T, r store.Reader, id string, doc *resource.Object) (role string, mapped bool) {
	seen := map[string]bool{}
	for queue := []string{id}; len(queue) > 0; queue = queue[1:] {
		above, err := r.GroupsOf(m.ctx, queue[:1])
		if err != nil {
			t.Fatalf("GroupsOf: %v", err)
		}
		for _, g := range above[queue[0]] {
			if g.DisplayName == "Admins" {
				return "Administrator", true
			}
			if !seen[g.ID] {
				seen[g.ID] = true
				queue = append(queue, g.ID)
			}
		}
	}
	switch title := doc.Value("title").Text(); title {
	case "":
		return "Staff", true
	case "Administrator":
		return title, true
	}
	return "", false
}

// fold applies the new events as an application does, and checks what they say of the state before.
func (m *model) fold(t *rapid.T, list []store.MemberRecord) {
	for _, e := range m.events(m.last) {
		env := m.envelope(e)
		before, known := m.folded[env.Member.ID]
		if known != (e.Type != store.MemberCreated) {
			t.Fatalf("event %s: known %v", e.Body, known)
		}
		if known {
			if diff := cmp.Diff(toMap(t, before), toMap(t, undo(t, env))); diff != "" {
				t.Fatalf("event %s: the state before (-was +previous):\n%s", e.Body, diff)
			}
		}
		apply(m.folded, env)
		m.last = e.Sequence
	}
	want := map[string]member.EnvelopeMember{}
	for _, one := range list {
		var em member.EnvelopeMember
		if err := json.Unmarshal(member.AppendMember(nil, &one), &em); err != nil {
			t.Fatalf("member: %v", err)
		}
		want[one.ID] = em
	}
	if diff := cmp.Diff(want, m.folded); diff != "" {
		t.Fatalf("members (-stored +told):\n%s", diff)
	}
}

func apply(folded map[string]member.EnvelopeMember, env member.Envelope) {
	if env.Type == store.MemberRemoved {
		delete(folded, env.Member.ID)
		return
	}
	folded[env.Member.ID] = env.Member
}

func toMap(t *rapid.T, v any) (out map[string]any) {
	text, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(text, &out)
	}
	if err != nil {
		t.Fatalf("%v", err)
	}
	if out["externalId"] == nil {
		delete(out, "externalId")
	}
	if g, ok := out["groups"].([]any); !ok || len(g) == 0 {
		delete(out, "groups")
	}
	return out
}

// undo puts the previous values into the member of an event.
func undo(t *rapid.T, env member.Envelope) map[string]any {
	out := toMap(t, env.Member)
	previous := map[string]any{}
	if err := json.Unmarshal(env.Previous, &previous); err != nil {
		t.Fatalf("previous: %v", err)
	}
	for name, v := range previous {
		if name != "fields" {
			out[name] = v
			continue
		}
		maps.Copy(out["fields"].(map[string]any), v.(map[string]any))
	}
	return out
}

// replays checks that whoever goes on from any event, with whatever was read before, comes to the same members.
func (m *model) replays(t *rapid.T) {
	all := m.events(0)
	if len(all) == 0 {
		return
	}
	read := rapid.IntRange(0, len(all)).Draw(t, "read")
	from := rapid.IntRange(0, read).Draw(t, "from")
	state := map[string]member.EnvelopeMember{}
	for _, e := range slices.Concat(all[:read], all[from:]) {
		apply(state, m.envelope(e))
	}
	if diff := cmp.Diff(m.folded, state); diff != "" {
		t.Fatalf("from event %d, after %d (-want +got):\n%s", from, read, diff)
	}
}

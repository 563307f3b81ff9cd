package member_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/member"
	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

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

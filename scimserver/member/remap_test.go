package member_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/directory"
	"github.com/scim-operator/scim-operator/scimserver/member"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

func TestRemap(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plain())
	const many = 600
	for i := range many {
		w.post("User", user(fmt.Sprintf("user%d", i)))
	}
	off := w.post("User", user("off"))
	w.patch("User", off, deactivate)
	w.tend()
	w.told()
	s := plain()
	s.mapping.Attributes[1] = config.AttributeRule{Field: "fullName", Expression: `user.userName + "!"`}
	s.mapping.Role.Default = "Administrator"
	w.configure(s)
	p, err := w.tenant.Remapping(w.ctx)
	if err != nil || p == nil {
		t.Fatalf("Remapping: got %+v, %v", p, err)
	}
	more, err := w.tenant.Tend(w.ctx)
	if err != nil || !more {
		t.Fatalf("Tend: got %v, %v", more, err)
	}
	if p, err = w.tenant.Remapping(w.ctx); err != nil || p == nil || p.Done != 500 || p.Total != many+1 || p.Started.IsZero() {
		t.Errorf("Remapping: got %+v, %v", p, err)
	}
	w.tend()
	if p, err = w.tenant.Remapping(w.ctx); err != nil || p != nil {
		t.Errorf("Remapping: got %+v, %v", p, err)
	}
	told := w.told()
	if len(told) != many+1 || told[0] != `updated Administrator active=true {"role":"Staff","fields":{"fullName":"Mx user0"}}` ||
		told[many] != `updated Administrator active=false {"role":"Staff","fields":{"fullName":"Mx off"}}` {
		t.Errorf("events: got %d, %q", len(told), told[:1])
	}
	w.configure(s)
	w.tend()
	w.wantTold("the same mapping")
}

// TestRemapGivesMembers: users who were there before the application get theirs, and nobody is off-boarded.
func TestRemapGivesMembers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plain())
	provisioner := w.scim.Provisioner
	w.scim.Provisioner = nil
	w.post("User", user("ann"))
	w.post("User", user("bob", inactive))
	w.post("User", user("cid", `,"title":"Emperor"`))
	w.scim.Provisioner = provisioner
	w.tend()
	w.wantTold("members", `created Staff active=true {}`)
	if e := w.lastEntry(); e.Decision != member.Reject || e.Operation != "Remap" || e.Label != "c…" {
		t.Errorf("log: got %+v", e)
	}
	s := plain()
	s.lifecycle.OnDeactivate.Action = config.None
	w.configure(s)
	ann := w.members()[0].UserID
	w.patch("User", ann, deactivate)
	s = plain()
	s.mapping.Role.Default = "Administrator"
	w.configure(s)
	w.told()
	w.tend()
	w.wantTold("nobody is off-boarded", `updated Administrator active=true {"role":"Staff"}`)
}

func TestPreviews(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plain())
	w.post("User", user("ann"))
	w.post("User", user("bob", `,"title":"Administrator"`))
	w.told()
	s := plain()
	s.app.Roles = []string{"Staff", "Boss"}
	s.mapping.Role = &config.RoleRule{From: "title", Order: config.GroupsFirst, Default: "Boss", Unknown: config.Reject, Assign: config.Always}
	candidate := buildWorld(w.ctx, t, s)
	candidate.store = w.store
	s.store = w.store
	candidate = buildWorld(w.ctx, t, s)
	var got []string
	err := candidate.tenant.Previews(w.ctx, func(p member.Preview) error {
		got = append(got, fmt.Sprintf("%s %s %s %v", p.Label, p.Kind, p.Reason, p.Fields))
		return nil
	})
	want := []string{"a… update  [role groups]", " reject UnknownRole []"}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	w.wantTold("nothing is written")
}

func TestResync(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plain())
	for i := range 150 {
		w.post("User", user(fmt.Sprintf("user%d", i)))
	}
	off := w.post("User", user("off"))
	w.patch("User", off, deactivate)
	w.told()
	n, err := w.tenant.Resync(w.ctx)
	told := w.told()
	if err != nil || n != 151 || len(told) != 151 || told[0] != `updated Staff active=true {}` || told[150] != `deactivated Staff active=false {}` {
		t.Errorf("Resync: got %d, %v, %d events", n, err, len(told))
	}
	_, err = w.tryPost("User", user("USER7")) // keys are still there
	if scimError(err) == nil {
		t.Errorf("got %v, want a conflict", err)
	}
}

func TestPrune(t *testing.T) {
	t.Parallel()
	s := plain()
	s.app.Webhook = nil
	w := newWorld(t, s)
	ann := w.post("User", user("ann"))
	w.now = w.now.Add(member.KeepFor + time.Hour)
	w.patch("User", ann, deactivate)
	if err := w.tenant.Prune(w.ctx, true); err != nil {
		t.Fatal(err)
	}
	if _, err := w.store.Events(w.ctx, "ns/acme", 0, 9); err != store.ErrGone {
		t.Errorf("events: got %v, want ErrGone", err)
	}
	if len(w.events(1)) != 1 || len(w.log()) != 1 {
		t.Errorf("left: %v %v", w.events(1), w.log())
	}
}

// counter is an Observer.
type counter map[string]int

func (c counter) Decided(tenant string, d member.Decision) {
	c[tenant+" "+string(d.Kind)+" "+d.Reason]++
}

func TestObserver(t *testing.T) {
	t.Parallel()
	c := counter{}
	s := plain()
	s.observe = c
	w := newWorld(t, s)
	w.post("User", user("ann"))
	_, _ = w.tryPost("User", user("bob", `,"title":"Emperor"`))
	want := map[string]int{"ns/acme create ": 1, "ns/acme reject UnknownRole": 1}
	if len(c) != 2 || c["ns/acme create "] != 1 || c["ns/acme reject UnknownRole"] != 1 {
		t.Errorf("got %v, want %v", c, want)
	}
}

// TestTolerancesAreLogged: a deviation of the client is in the entry, and no value.
func TestTolerancesAreLogged(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plain())
	ann := w.post("User", user("ann"))
	c := w.call("User", ann)
	body := w.body(`{"Operations":[{"op":"Replace","path":"active","value":"False"}]}`)
	if err := w.directory.Patch(w.ctx, c, body, &directory.Answer{}); err != nil {
		t.Fatal(err)
	}
	if e := w.lastEntry(); len(e.Tolerances) == 0 || e.Decision != member.Deactivate || !slices.Contains(e.Fields, "active") {
		t.Errorf("log: got %+v", e)
	}
}

// TestRemapChangesSome: where a new mapping changes many users in a row and then only some, each of those who come out otherwise is
// told once, in the order of their creation.
func TestRemapChangesSome(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plain())
	const many = 800
	differs := func(i int) bool { return i < 560 || i%7 == 0 }
	var want []string
	for i := range many {
		title := ""
		if differs(i) {
			title = `,"title":"Administrator"`
			want = append(want, fmt.Sprintf(`updated Staff active=true {"role":"Administrator","fields":{"fullName":"Mx user%d"}}`, i))
		}
		w.post("User", user(fmt.Sprintf("user%d", i), title))
	}
	w.tend()
	w.told()
	s := plain()
	s.mapping.Role.From = "nickName"
	s.mapping.Attributes[1] = config.AttributeRule{Field: "fullName", Expression: `user.?title.orValue("") == "Administrator" ? "nobody" : user.displayName`}
	w.configure(s)
	w.tend()
	if told := w.told(); !slices.Equal(told, want) {
		t.Errorf("%d events, want %d", len(told), len(want))
	}
	if p, err := w.tenant.Remapping(w.ctx); err != nil || p != nil {
		t.Errorf("Remapping: got %+v, %v", p, err)
	}
}

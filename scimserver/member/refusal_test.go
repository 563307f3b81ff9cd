package member_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/member"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// nothingChanged checks that users, members and events are as they were.
func (w *world) nothingChanged(change func()) {
	w.t.Helper()
	type state struct {
		counts store.Counts
		last   int64
	}
	look := func() (s state) {
		counts, err := w.store.Counts(w.ctx, "ns/acme")
		b, err2 := w.store.Backlog(w.ctx, "ns/acme")
		if err != nil || err2 != nil {
			w.t.Fatalf("state: %v %v", err, err2)
		}
		return state{counts, b.Last}
	}
	before := look()
	change()
	if after := look(); after != before {
		w.t.Errorf("state: got %+v, want %+v", after, before)
	}
}

func TestUnmappedUserIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plain())
	ann := w.post("User", user("ann"))
	w.told()
	w.nothingChanged(func() {
		_, err := w.tryPost("User", user("bob", `,"title":"Emperor"`))
		w.refused(err, http.StatusBadRequest, "Emperor", "invalidValue")
		if e := w.lastEntry(); e.Reason != "UnknownRole" || e.Label != "b…" || e.UserID != "" || strings.Contains(e.Detail, "Emperor") {
			t.Errorf("log: got %+v", e)
		}
		w.refused(w.tryPatch("User", ann, `{"op":"replace","path":"title","value":"Emperor"}`), http.StatusBadRequest, "Emperor")
		if e := w.lastEntry(); e.UserID != ann || e.MemberID == "" {
			t.Errorf("log: got %+v", e)
		}
		w.refused(w.tryPatch("User", ann, `{"op":"remove","path":"emails"}`), http.StatusBadRequest, "email")
	})
	// who leaves must be able to
	w.put("User", ann, user("ann", inactive, `,"title":"Emperor"`))
	w.wantTold("off", `deactivated Staff active=false {"active":true}`)
	w.now = w.now.Add(time.Minute) // so that it has an entry of its own
	w.refused(w.tryPatch("User", ann, reactivate), http.StatusBadRequest, "Emperor")
	w.patch("User", ann, reactivate, `{"op":"remove","path":"title"}`)
	w.wantTold("on", `reactivated Staff active=true {"active":false}`)
	w.patch("User", ann, deactivate, `{"op":"replace","path":"title","value":"Emperor"}`)
	w.told()
	w.delete("User", ann)
	w.wantTold("gone", `removed Staff active=false {}`)
}

// TestRejectedUserIsFound: by the userName, though the user never came into being.
func TestRejectedUserIsFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plain())
	_, err := w.tryPost("User", `{"userName":"Ann@example.com","emails":[{"type":"work","value":"a@b.c"}],"title":"Emperor"}`)
	w.refused(err, http.StatusBadRequest)
	rows, err := w.store.QueryLog(w.ctx, "ns/acme", store.LogQuery{Subject: member.Subject("ns/acme", "aNN@EXAMPLE.com"), Limit: 9})
	if err != nil || len(rows) != 1 {
		t.Fatalf("got %v, %v", rows, err)
	}
	for _, word := range []string{"Ann@", "Emperor", "a@b.c"} {
		if strings.Contains(string(rows[0].Entry), word) {
			t.Errorf("the log holds %q: %s", word, rows[0].Entry)
		}
	}
	e, err := member.DecodeEntry(rows[0].Entry)
	if err != nil || e.Label != "A…@example.com" || e.RequestID != "req" || e.Operation != http.MethodPost || e.Resource != "User" {
		t.Errorf("entry: got %+v, %v", e, err)
	}
}

func TestOtherRefusalsAreLogged(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plain())
	ann := w.post("User", user("ann"))
	w.nothingChanged(func() {
		_, err := w.tryPost("User", user("Ann"))
		w.refused(err, http.StatusConflict, "userName", "uniqueness")
		w.refused(w.tryPut("User", ann, `{"userName":7}`), http.StatusBadRequest)
		w.refused(w.tryDelete("User", "nobody"), http.StatusNotFound)
		w.refused(w.tryPatch("Group", "nobody", `{"op":"replace","path":"displayName","value":"x"}`), http.StatusNotFound)
	})
}

func TestUniqueness(t *testing.T) {
	t.Parallel()
	mail := func(name, address string) string {
		return `{"userName":"` + name + `","emails":[{"type":"work","value":"` + address + `"}]}`
	}
	w := newWorld(t, plain())
	ann, bob := w.post("User", mail("ann", "a@x.com")), w.post("User", mail("bob", "b@x.com"))
	w.told()
	w.nothingChanged(func() {
		_, err := w.tryPost("User", mail("cid", "A@X.com"))
		w.refused(err, http.StatusConflict, "uniqueness", "email")
		w.refused(w.tryPut("User", bob, mail("bob", "A@x.com")), http.StatusConflict, "uniqueness")
		// two users cannot swap: at no time may two members have one address
		w.refused(w.tryPut("User", ann, mail("ann", "b@x.com")), http.StatusConflict, "uniqueness")
	})
	w.put("User", ann, mail("ann", "tmp@x.com"))
	w.put("User", bob, mail("bob", "a@x.com"))
	w.put("User", ann, mail("ann", "B@x.com"))
	w.put("User", ann, mail("ann", "b@x.com"))
	if got := len(w.told()); got != 4 {
		t.Errorf("swap by a third address: got %d events, want 4", got)
	}
	// an inactive member's address is free, until it comes back
	w.patch("User", ann, deactivate)
	cid := w.post("User", mail("cid", "b@x.com"))
	w.refused(w.tryPatch("User", ann, reactivate), http.StatusConflict, "email")
	w.delete("User", cid)
	w.patch("User", ann, reactivate)
}

func TestExistingMember(t *testing.T) {
	t.Parallel()
	newcomer := `{"userName":"other","externalId":"o","emails":[{"type":"work","value":"ANN@example.com"}]}`
	leave := func(policy, existing string) (*world, string) {
		s := policies(config.Deactivate, policy)
		s.lifecycle.ExistingMember = existing
		w := newWorld(t, s)
		ann := w.post("User", user("ann"))
		id := w.memberOf(ann).ID
		w.delete("User", ann)
		w.told()
		return w, id
	}
	w, _ := leave(config.None, config.Reject)
	_, err := w.tryPost("User", newcomer)
	w.refused(err, http.StatusConflict, "uniqueness", "does not manage")

	w, id := leave(config.None, config.Adopt)
	other := w.post("User", newcomer)
	if m := w.memberOf(other); m == nil || m.ID != id || m.UserName != "other" {
		t.Errorf("adopted: got %+v, want member %s", m, id)
	}
	w.wantTold("adopt", `updated Staff active=true {"userName":"ann","externalId":"ext-ann","fields":{"email":"ann@example.com","fullName":"Mx ann"}}`)
	if e := w.lastEntry(); e.Decision != member.Adopt {
		t.Errorf("log: got %+v", e)
	}

	w, id = leave(config.Deactivate, config.Adopt)
	other = w.post("User", newcomer)
	if m := w.memberOf(other); m == nil || m.ID != id || !m.Active {
		t.Errorf("adopted: got %+v, want member %s", m, id)
	}

	w, id = leave(config.Deactivate, config.Reject)
	other = w.post("User", newcomer)
	if m := w.memberOf(other); m == nil || m.ID == id {
		t.Errorf("beside an inactive member: got %+v, want a new one", m)
	}
}

func TestBrake(t *testing.T) {
	t.Parallel()
	s := policies(config.Deactivate, config.Remove)
	s.lifecycle.Brake = &config.Brake{Max: 2, Per: time.Hour}
	w := newWorld(t, s)
	var ids []string
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g"} {
		ids = append(ids, w.post("User", user(name)))
	}
	engaged := func(want bool) {
		t.Helper()
		got, err := w.tenant.BrakeEngaged(w.ctx)
		if err != nil || got != want {
			t.Errorf("BrakeEngaged: got %v, %v, want %v", got, err, want)
		}
	}
	w.patch("User", ids[0], deactivate)
	w.delete("User", ids[1])
	w.patch("User", ids[0], deactivate) // no second off-boarding
	engaged(false)
	w.nothingChanged(func() {
		err := w.tryPatch("User", ids[2], deactivate)
		w.refused(err, http.StatusServiceUnavailable, "brake")
		if e := scimError(err); e.RetryAfter <= 0 {
			t.Errorf("Retry-After: got %v", e.RetryAfter)
		}
		w.refused(w.tryDelete("User", ids[2]), http.StatusServiceUnavailable, "brake")
	})
	engaged(true)
	w.post("User", user("h")) // other changes go on
	w.patch("User", ids[0], reactivate)
	w.now = w.now.Add(time.Hour + time.Second)
	w.delete("User", ids[2])
	engaged(false)
}

func TestBrakeRelease(t *testing.T) {
	t.Parallel()
	s := policies(config.Deactivate, config.Remove)
	s.lifecycle.Brake = &config.Brake{Max: 1, Per: time.Hour}
	w := newWorld(t, s)
	var ids []string
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		ids = append(ids, w.post("User", user(name)))
	}
	w.delete("User", ids[0])
	w.refused(w.tryDelete("User", ids[1]), http.StatusServiceUnavailable)
	s.lifecycle.BrakeRelease = "2026-01-02"
	w.configure(s)
	w.tend()
	if engaged, err := w.tenant.BrakeEngaged(w.ctx); engaged || err != nil {
		t.Errorf("after release: %v %v", engaged, err)
	}
	w.delete("User", ids[1])
	w.delete("User", ids[2])
	w.now = w.now.Add(time.Hour + time.Second)
	w.tend() // the same value releases once
	w.delete("User", ids[3])
	w.refused(w.tryDelete("User", ids[4]), http.StatusServiceUnavailable)
	w.now = w.now.Add(time.Hour + time.Second)
	w.delete("User", ids[4])
}

func TestHoldRejects(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plain())
	ann := w.post("User", user("ann"))
	id := w.memberOf(ann).ID
	if err := w.tenant.PutHold(w.ctx, id, "laptop", "has a laptop"); err != nil {
		t.Fatal(err)
	}
	w.told()
	w.nothingChanged(func() {
		w.refused(w.tryPatch("User", ann, deactivate), http.StatusConflict, "laptop", "has a laptop")
		w.refused(w.tryDelete("User", ann), http.StatusConflict, "laptop")
	})
	if was, err := w.tenant.DeleteHold(w.ctx, id, "laptop"); !was || err != nil {
		t.Errorf("DeleteHold: got %v, %v", was, err)
	}
	if was, err := w.tenant.DeleteHold(w.ctx, id, "laptop"); was || err != nil {
		t.Errorf("DeleteHold again: got %v, %v", was, err)
	}
	if _, err := w.tenant.DeleteHold(w.ctx, "nobody", "laptop"); err != store.ErrNotFound {
		t.Errorf("DeleteHold of nobody: got %v", err)
	}
	w.wantTold("nothing waited")
	w.delete("User", ann)
}

func TestHoldPutsOff(t *testing.T) {
	t.Parallel()
	held := func(t *testing.T) (*world, string, string) {
		s := policies(config.Deactivate, config.Remove)
		s.lifecycle.OnDeactivate.WhenRefused, s.lifecycle.OnDelete.WhenRefused = config.Hold, config.Hold
		w := newWorld(t, s)
		ann := w.post("User", user("ann"))
		id := w.memberOf(ann).ID
		for _, name := range []string{"laptop", "badge"} {
			if err := w.tenant.PutHold(w.ctx, id, name, ""); err != nil {
				t.Fatal(err)
			}
		}
		w.told()
		return w, ann, id
	}
	let := func(w *world, id string) {
		t.Helper()
		for _, name := range []string{"laptop", "badge"} {
			w.wantTold("still held")
			if _, err := w.tenant.DeleteHold(w.ctx, id, name); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Run("deactivated", func(t *testing.T) {
		t.Parallel()
		w, ann, id := held(t)
		w.patch("User", ann, deactivate)
		if e := w.lastEntry(); e.Decision != member.PutOff {
			t.Errorf("log: got %+v", e)
		}
		w.patch("User", ann, `{"op":"replace","path":"title","value":"Administrator"}`)
		w.wantTold("fields follow", `updated Administrator active=true {"role":"Staff"}`)
		if m := w.memberOf(ann); !m.Active || m.Pending == nil {
			t.Errorf("member: got %+v", m)
		}
		let(w, id)
		w.wantTold("done", `deactivated Administrator active=false {"active":true}`)
		if m := w.memberOf(ann); m.Active || m.Pending != nil {
			t.Errorf("member: got %+v", m)
		}
	})
	t.Run("reactivated meanwhile", func(t *testing.T) {
		t.Parallel()
		w, ann, id := held(t)
		w.patch("User", ann, deactivate)
		w.patch("User", ann, reactivate)
		let(w, id)
		w.wantTold("void")
		if m := w.memberOf(ann); !m.Active || m.Pending != nil {
			t.Errorf("member: got %+v", m)
		}
	})
	t.Run("deleted", func(t *testing.T) {
		t.Parallel()
		w, ann, id := held(t)
		w.patch("User", ann, deactivate)
		w.delete("User", ann)
		w.refused(w.tryDelete("User", ann), http.StatusNotFound)
		let(w, id)
		w.wantTold("done", `removed Staff active=false {"active":true}`)
	})
	t.Run("re-hired meanwhile", func(t *testing.T) {
		t.Parallel()
		w, ann, id := held(t)
		w.delete("User", ann)
		again := w.post("User", user("ann"))
		if m := w.memberOf(again); m == nil || m.ID != id || m.Pending != nil {
			t.Errorf("member: got %+v", m)
		}
		let(w, id)
		w.wantTold("void")
	})
}

// TestHeldMemberTakesNoAddress: an off-boarding that is put off leaves the member active, which must not get an address that
// another active member has.
func TestHeldMemberTakesNoAddress(t *testing.T) {
	t.Parallel()
	s := plain()
	s.lifecycle.OnDeactivate.WhenRefused = config.Hold
	w := newWorld(t, s)
	w.post("User", user("ann"))
	bob := w.post("User", user("bob"))
	if err := w.tenant.PutHold(w.ctx, w.memberOf(bob).ID, "laptop", "has laptop 7"); err != nil {
		t.Fatal(err)
	}
	w.told()
	w.put("User", bob, strings.ReplaceAll(user("bob", inactive), "bob@example.com", "ann@example.com"))
	w.wantTold("held, with an address that is taken")
	m := w.memberOf(bob)
	if !m.Active || m.Pending == nil || !strings.Contains(string(m.Fields), "bob@example.com") {
		t.Errorf("member %+v with %s, want it active and as it was", m, m.Fields)
	}
	if last := w.lastEntry(); last.Decision != member.PutOff || !strings.Contains(strings.Join(last.Reasons, " "), "fields stay as they were") {
		t.Errorf("log: %+v, want the reason", last)
	}
}

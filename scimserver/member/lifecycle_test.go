package member_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/member"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

func TestUserComesAndChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plain())
	ann := w.post("User", user("ann"))
	w.wantTold("create", `created Staff active=true {}`)
	m := w.memberOf(ann)
	if m == nil || m.UserName != "ann" || string(m.Fields) != `{"email":"ann@example.com","fullName":"Mx ann","department":null}` {
		t.Fatalf("member: got %+v", m)
	}
	w.put("User", ann, user("ann", `,"title":"Administrator"`))
	w.wantTold("replace", `updated Administrator active=true {"role":"Staff"}`)
	w.delete("User", ann)
	w.wantTold("delete", `removed Administrator active=false {"active":true}`)
}

func TestEnvelope(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plain())
	ann := w.post("User", user("ann", `,"nickName":"A"`))
	w.told()
	w.patch("User", ann, `{"op":"replace","path":"nickName","value":"B"}`)
	w.wantTold("what is not mapped")
	w.patch("User", ann, `{"op":"replace","path":"nickName","value":"B"}`)
	w.wantTold("nothing")
	w.patch("User", ann, `{"op":"replace","path":"displayName","value":"Ann A"}`, `{"op":"replace","path":"title","value":"Administrator"}`)
	w.wantTold("changed", `updated Administrator active=true {"role":"Staff","fields":{"fullName":"Mx ann"}}`)
	w.patch("User", ann, `{"op":"remove","path":"displayName"}`, `{"op":"replace","path":"userName","value":"anna"}`, `{"op":"remove","path":"externalId"}`)
	w.wantTold("removed", `updated Administrator active=true {"userName":"ann","externalId":"ext-ann","fields":{"fullName":"Ann A"}}`)
	last := w.events(2)[0]
	const want = `{"type":"member.updated","sequence":3,"tenant":"ns/acme","member":{"id":"01900000-0000-7000-8000-000000000001",` +
		`"userName":"anna","active":true,"role":"Administrator","groups":[],"fields":{"email":"ann@example.com","fullName":null,"department":null}},` +
		`"previous":{"userName":"ann","externalId":"ext-ann","fields":{"fullName":"Ann A"}}}`
	if string(last.Body) != want {
		t.Errorf("envelope: got\n%s\nwant\n%s", last.Body, want)
	}
	decisions := []member.Kind{}
	for _, e := range w.log() {
		decisions = append(decisions, e.Decision)
	}
	if len(decisions) != 5 || decisions[0] != member.Create || decisions[1] != member.Keep || decisions[4] != member.Update {
		t.Errorf("log: got %v", decisions)
	}
}

func policies(onDeactivate, onDelete string) spec {
	s := plain()
	s.lifecycle.OnDeactivate.Action, s.lifecycle.OnDelete.Action = onDeactivate, onDelete
	return s
}

func TestDeactivation(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		policy                  string
		off, again, update, on  []string
		memberWhileOff, sameOne bool
	}{
		"Deactivate": {config.Deactivate,
			[]string{`deactivated Staff active=false {"active":true}`}, nil,
			[]string{`updated Staff active=false {"fields":{"fullName":"Mx ann"}}`},
			[]string{`reactivated Staff active=true {"active":false}`}, true, true},
		"None": {config.None, nil, nil,
			[]string{`updated Staff active=true {"fields":{"fullName":"Mx ann"}}`}, nil, true, true},
		"Remove": {config.Remove,
			[]string{`removed Staff active=false {"active":true}`}, nil, nil,
			[]string{`created Staff active=true {}`}, false, false},
		"action": {"UnassignDevices",
			[]string{`action Staff active=false {"active":true} UnassignDevices map[]`}, nil,
			[]string{`updated Staff active=false {"fields":{"fullName":"Mx ann"}}`},
			[]string{`reactivated Staff active=true {"active":false}`}, true, true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, policies(tc.policy, config.Remove))
			ann := w.post("User", user("ann"))
			before := w.memberOf(ann).ID
			w.told()
			w.patch("User", ann, deactivate)
			w.wantTold("off", tc.off...)
			w.patch("User", ann, deactivate)
			w.put("User", ann, user("ann", inactive))
			w.wantTold("again", tc.again...)
			if m := w.memberOf(ann); (m != nil) != tc.memberWhileOff {
				t.Errorf("member while off: got %+v", m)
			}
			w.patch("User", ann, `{"op":"replace","path":"displayName","value":"Ann"}`)
			w.wantTold("update", tc.update...)
			w.patch("User", ann, reactivate)
			w.wantTold("on", tc.on...)
			if m := w.memberOf(ann); m == nil || !m.Active || (m.ID == before) != tc.sameOne {
				t.Errorf("member after: got %+v, was %s", m, before)
			}
		})
	}
}

func TestReactivation(t *testing.T) {
	t.Parallel()
	const back = `reactivated Staff active=true {"active":false}`
	tests := map[string]struct {
		policy    config.Reactivation
		on, again []string // what is told when the user is active again, and then deactivated once more
		kind      member.Kind
		active    bool
	}{
		"nothing said": {config.Reactivation{}, []string{back}, []string{`deactivated Staff active=false {"active":true}`}, member.Reactivate, true},
		"Reactivate": {config.Reactivation{Action: config.Reactivate}, []string{back},
			[]string{`deactivated Staff active=false {"active":true}`}, member.Reactivate, true},
		"None": {config.Reactivation{Action: config.None}, nil, nil, member.Keep, false},
		"action": {config.Reactivation{Action: "ChangePolicy", Parameters: map[string]string{"policy": "Standard"}},
			[]string{back + " ChangePolicy map[policy:Standard]"}, []string{`deactivated Staff active=false {"active":true}`}, member.Reactivate, true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := policies(config.Deactivate, config.Remove)
			s.lifecycle.OnReactivate = tc.policy
			w := newWorld(t, s)
			ann := w.post("User", user("ann"))
			w.patch("User", ann, deactivate)
			w.told()
			w.patch("User", ann, reactivate)
			w.wantTold("on", tc.on...)
			if m := w.memberOf(ann); m == nil || m.Active != tc.active {
				t.Errorf("member: got %+v, want active %v", m, tc.active)
			}
			if e := w.lastEntry(); e.Decision != tc.kind || len(e.Reasons) == 0 {
				t.Errorf("log: got %+v, want %s with a reason", e, tc.kind)
			}
			w.patch("User", ann, `{"op":"replace","path":"displayName","value":"Ann"}`)
			w.wantTold("update", fmt.Sprintf(`updated Staff active=%v {"fields":{"fullName":"Mx ann"}}`, tc.active))
			w.patch("User", ann, deactivate)
			w.wantTold("off again", tc.again...)
		})
	}
}

func TestDeletion(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		policy         string
		active, off    []string // what is told when an active, and when a deactivated user is deleted
		kept, rehired  bool
		rehire, lastly string
	}{
		"Remove": {config.Remove, []string{`removed Staff active=false {"active":true}`}, []string{`removed Staff active=false {}`},
			false, false, `created Staff active=true {}`, ""},
		"Deactivate": {config.Deactivate, []string{`deactivated Staff active=false {"active":true}`}, nil,
			true, true, `reactivated Staff active=true {"active":false}`, ""},
		"None": {config.None, nil, nil, true, true, "", ""},
		"action": {"ChangePolicy", []string{`action Staff active=false {"active":true} ChangePolicy map[policy:Guest]`},
			[]string{`action Staff active=false {} ChangePolicy map[policy:Guest]`}, true, true, `reactivated Staff active=true {"active":false}`, ""},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := policies(config.Deactivate, tc.policy)
			s.lifecycle.OnDelete.Parameters = map[string]string{"policy": "Guest"}
			w := newWorld(t, s)
			ann, bob := w.post("User", user("ann")), w.post("User", user("bob"))
			memberID := w.memberOf(ann).ID
			w.patch("User", bob, deactivate)
			w.told()
			w.delete("User", ann)
			w.wantTold("active", tc.active...)
			w.delete("User", bob)
			w.wantTold("off", tc.off...)
			if got := len(w.members()) == 2; got != tc.kept {
				t.Errorf("kept: got %v", got)
			}
			w.refused(w.tryPut("User", ann, user("ann")), http.StatusNotFound)
			again := w.post("User", user("ANN"))
			m := w.memberOf(again)
			if m == nil || (m.ID == memberID) != tc.rehired || !m.Active {
				t.Errorf("re-hired: got %+v, was %s", m, memberID)
			}
			told := w.told()
			if tc.policy == config.None {
				if len(told) != 1 { // the userName is written in another way
					t.Errorf("re-hire: got %q", told)
				}
				return
			}
			if len(told) != 1 {
				t.Fatalf("re-hire: got %q, want one event", told)
			}
		})
	}
}

// TestSequences walks through sequences of operations that meet each other.
func TestSequences(t *testing.T) {
	t.Parallel()
	t.Run("created inactive", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, plain())
		ann := w.post("User", user("ann", inactive))
		w.wantTold("nothing")
		if e := w.lastEntry(); e.Decision != member.Keep || len(e.Reasons) != 1 {
			t.Errorf("log: got %+v", e)
		}
		w.patch("User", ann, reactivate)
		w.wantTold("created", `created Staff active=true {}`)
	})
	t.Run("active and fields at once", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, plain())
		ann := w.post("User", user("ann"))
		w.told()
		w.put("User", ann, user("ann", inactive, `,"title":"Administrator"`))
		w.wantTold("off", `deactivated Administrator active=false {"active":true,"role":"Staff"}`)
		w.patch("User", ann, `{"op":"replace","path":"title","value":"Staff"}`)
		w.wantTold("role while off", `updated Staff active=false {"role":"Administrator"}`)
		w.put("User", ann, user("ann", `,"title":"Administrator"`))
		w.wantTold("on", `reactivated Administrator active=true {"active":false,"role":"Staff"}`)
	})
	t.Run("delete of an inactive user without member", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, policies(config.Remove, config.Remove))
		ann := w.post("User", user("ann"))
		w.patch("User", ann, deactivate)
		w.told()
		w.delete("User", ann)
		w.wantTold("nothing")
		if e := w.lastEntry(); e.Decision != member.Keep || e.UserID != ann {
			t.Errorf("log: got %+v", e)
		}
	})
	t.Run("action, then reactivated, then the action again", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, policies("UnassignDevices", config.Remove))
		ann := w.post("User", user("ann"))
		for range 2 {
			w.told()
			w.patch("User", ann, deactivate)
			w.wantTold("off", `action Staff active=false {"active":true} UnassignDevices map[]`)
			w.patch("User", ann, reactivate)
			w.wantTold("on", `reactivated Staff active=true {"active":false}`)
		}
	})
	t.Run("re-hire by externalId under another name", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, policies(config.Deactivate, config.Deactivate))
		ann := w.post("User", user("ann"))
		id := w.memberOf(ann).ID
		w.delete("User", ann)
		w.told()
		again := w.post("User", `{"userName":"anna","externalId":"ext-ann","emails":[{"type":"work","value":"anna@example.com"}]}`)
		w.wantTold("re-hire", `reactivated Staff active=true {"userName":"ann","active":false,"fields":{"email":"ann@example.com","fullName":"Mx ann"}}`)
		if m := w.memberOf(again); m == nil || m.ID != id {
			t.Errorf("got %+v, want the member %s", m, id)
		}
	})
	t.Run("onCreate None", func(t *testing.T) {
		t.Parallel()
		s := plain()
		s.lifecycle.OnCreate.Action = config.None
		w := newWorld(t, s)
		ann := w.post("User", user("ann"))
		w.patch("User", ann, deactivate)
		w.patch("User", ann, reactivate)
		w.delete("User", ann)
		w.wantTold("nothing")
		for _, e := range w.log() {
			if e.Decision != member.Keep || len(e.Reasons) == 0 {
				t.Errorf("log: got %+v", e)
			}
		}
	})
	t.Run("onCreate role", func(t *testing.T) {
		t.Parallel()
		s := plain()
		s.lifecycle.OnCreate.Role = "Administrator"
		s.mapping.Role = nil
		w := newWorld(t, s)
		ann := w.post("User", user("ann"))
		w.patch("User", ann, `{"op":"replace","path":"displayName","value":"Ann"}`)
		w.wantTold("role", `created Administrator active=true {}`, `updated Administrator active=true {"fields":{"fullName":"Mx ann"}}`)
	})
	t.Run("assign OnCreate", func(t *testing.T) {
		t.Parallel()
		s := plain()
		s.mapping.Role.Assign = config.OnCreate
		w := newWorld(t, s)
		ann := w.post("User", user("ann"))
		w.patch("User", ann, `{"op":"replace","path":"title","value":"Administrator"}`)
		w.wantTold("role", `created Staff active=true {}`)
	})
}

func TestRemovedByTheApplication(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plain())
	ann := w.post("User", user("ann"))
	id := w.memberOf(ann).ID
	w.told()
	if err := w.tenant.RemoveMember(w.ctx, id); err != nil {
		t.Fatal(err)
	}
	w.wantTold("removed", `removed Staff active=false {"active":true}`)
	if err := w.tenant.RemoveMember(w.ctx, id); err != store.ErrNotFound {
		t.Errorf("again: got %v", err)
	}
	w.refused(w.tryPut("User", ann, user("ann")), http.StatusNotFound)
	w.post("User", user("ann"))
	w.wantTold("comes back", `created Staff active=true {}`)
}

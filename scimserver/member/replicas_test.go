package member_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/member"
	"github.com/scim-operator/scim-operator/scimserver/store/memory"
)

// twins are two processes on one database, with the same configuration.
func twins(t *testing.T, s spec) (one, two *world) {
	t.Helper()
	s.store, s.holder = memory.NewShared(), "a"
	one = newWorld(t, s)
	s.holder = "bb"
	two = newWorld(t, s)
	both(one, two, 4*time.Second)
	one.tend()
	return one, two
}

// both lets time pass.
func both(one, two *world, d time.Duration) {
	one.now = one.now.Add(d)
	two.now = one.now
}

func (w *world) left() {
	w.t.Helper()
	if more, err := w.tenant.Tend(w.ctx); more || !errors.Is(err, member.ErrLater) {
		w.t.Errorf("Tend: got %v, %v, want ErrLater", more, err)
	}
}

func exclaimed() spec {
	s := plain()
	s.mapping.Attributes[1] = config.AttributeRule{Field: "fullName", Expression: `user.userName + "!"`}
	return s
}

// TestOneTends: one process does the background work, and another one goes on where it has died.
func TestOneTends(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		one, two := twins(t, plain())
		const many = 1200
		for i := range many {
			one.post("User", user(fmt.Sprintf("user%d", i)))
		}
		one.tend()
		one.told()
		two.told()
		both(one, two, time.Second)
		one.configure(exclaimed())
		two.configure(exclaimed())
		one.left() // the other may not have loaded it
		both(one, two, 4*time.Second)
		if more, err := one.tenant.Tend(one.ctx); !more || err != nil {
			t.Fatalf("Tend: got %v, %v", more, err)
		}
		two.left()
		<-time.After(31 * time.Second) // one has died
		two.tend()
		if told := two.told(); len(told) != many {
			t.Errorf("%d events for %d members", len(told), many)
		}
		one.tend() // nothing is left
		if p, err := one.tenant.Remapping(one.ctx); p != nil || err != nil {
			t.Errorf("Remapping: got %+v, %v", p, err)
		}
	})
}

// TestStaleMapping: a process that has not loaded a new mapping yet does not map back, and what it has mapped meanwhile is
// mapped again.
func TestStaleMapping(t *testing.T) {
	t.Parallel()
	one, two := twins(t, plain())
	ann := one.post("User", user("ann"))
	one.tend()
	both(one, two, time.Second)
	one.configure(exclaimed())
	both(one, two, 4*time.Second)
	one.told()
	one.tend()
	one.wantTold("new mapping", `updated Staff active=true {"fields":{"fullName":"Mx ann"}}`)
	both(one, two, time.Minute)
	two.tend()
	one.wantTold("by the stale process")
	if p, err := two.tenant.Remapping(two.ctx); p != nil || err != nil {
		t.Errorf("Remapping of the stale process: got %+v, %v", p, err)
	}
	two.patch("User", ann, `{"op":"replace","path":"nickName","value":"A"}`)
	one.wantTold("mapped by the stale process", `updated Staff active=true {"fields":{"fullName":"ann!"}}`)
	two.configure(exclaimed())
	both(one, two, 4*time.Second)
	two.tend()
	one.wantTold("mapped again", `updated Staff active=true {"fields":{"fullName":"Mx ann"}}`)
	both(one, two, time.Minute)
	one.tend()
	two.tend()
	one.wantTold("once")
}

// TestQuestionOfAnother: a question that another process waits for an answer to is left alone.
func TestQuestionOfAnother(t *testing.T) {
	t.Parallel()
	s, app := synchronous()
	one, two := twins(t, s)
	ann := one.post("User", user("ann"))
	one.tend()
	one.told()
	app.mu.Lock()
	app.answer = func(member.Question) (member.Verdict, error) {
		two.tend()
		return member.Verdict{Status: http.StatusOK}, nil
	}
	app.mu.Unlock()
	one.patch("User", ann, deactivate)
	one.wantTold("just the change", `deactivated Staff active=false {"active":true}`)
	if left := one.intents(); len(left) > 0 {
		t.Errorf("intents: got %v", left)
	}
}

// TestQuestionTakenForDead: the process lives after all, but the application was told that nothing has changed: so it is.
func TestQuestionTakenForDead(t *testing.T) {
	t.Parallel()
	s, app := synchronous()
	one, two := twins(t, s)
	ann := one.post("User", user("ann"))
	one.tend()
	one.told()
	app.mu.Lock()
	app.answer = func(member.Question) (member.Verdict, error) {
		two.now = two.now.Add(2 * time.Minute)
		two.tend()
		return member.Verdict{Status: http.StatusOK}, nil
	}
	app.mu.Unlock()
	if err := one.tryPatch("User", ann, deactivate); err == nil {
		t.Error("the change is made")
	}
	one.wantTold("the state", `updated Staff active=true {}`)
	if m := one.members(); !m[0].Active {
		t.Errorf("member: got %+v", m[0])
	}
	app.says(member.Verdict{Status: http.StatusOK}, nil)
	one.patch("User", ann, deactivate)
	one.wantTold("another try", `deactivated Staff active=false {"active":true}`)
}

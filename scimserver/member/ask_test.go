package member_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/member"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// fakeApp is an application in synchronous mode.
type fakeApp struct {
	mu     sync.Mutex
	asked  []member.Envelope
	answer func(q member.Question) (member.Verdict, error) // nil: yes
}

func (a *fakeApp) Ask(_ context.Context, _ string, q member.Question) (member.Verdict, error) {
	a.mu.Lock()
	env, err := member.DecodeEnvelope(q.Body)
	a.asked = append(a.asked, env)
	answer := a.answer
	a.mu.Unlock()
	if err != nil || q.ID == "" || q.Type != env.Type || q.MemberID != env.Member.ID {
		return member.Verdict{}, errors.New("not a question")
	}
	if answer == nil {
		return member.Verdict{Status: http.StatusOK}, nil
	}
	return answer(q)
}

func (a *fakeApp) says(v member.Verdict, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.answer = func(member.Question) (member.Verdict, error) { return v, err }
}

func synchronous() (spec, *fakeApp) {
	s, app := plain(), &fakeApp{}
	s.app.Webhook = &config.Webhook{Mode: config.Synchronous}
	s.asker = app
	return s, app
}

func (w *world) intents() (list []store.Intent) {
	w.t.Helper()
	err := w.store.View(w.ctx, "ns/acme", func(r store.Reader) (err error) {
		list, err = r.Intents(w.ctx)
		return err
	})
	if err != nil {
		w.t.Fatalf("intents: %v", err)
	}
	return list
}

func (w *world) due() []store.Event {
	w.t.Helper()
	due, err := w.store.Due(w.ctx, "ns/acme", w.now, 100, 0)
	if err != nil {
		w.t.Fatalf("Due: %v", err)
	}
	return due
}

func TestApplicationAgrees(t *testing.T) {
	t.Parallel()
	s, app := synchronous()
	w := newWorld(t, s)
	ann := w.post("User", user("ann"))
	w.put("User", ann, user("ann", `,"nickName":"A"`))
	w.patch("User", ann, deactivate)
	w.delete("User", ann)
	w.wantTold("events", `created Staff active=true {}`, `deactivated Staff active=false {"active":true}`, `removed Staff active=false {}`)
	if len(app.asked) != 3 || app.asked[0].Sequence != 1 || app.asked[2].Type != store.MemberRemoved {
		t.Errorf("asked: got %+v", app.asked)
	}
	if len(w.due()) > 0 || len(w.intents()) > 0 {
		t.Errorf("left: due %v, intents %v", w.due(), w.intents())
	}
	if e := w.lastEntry(); e.Answer == nil || e.Answer.Status != http.StatusOK {
		t.Errorf("log: got %+v", e)
	}
}

func TestApplicationRefuses(t *testing.T) {
	t.Parallel()
	s, app := synchronous()
	w := newWorld(t, s)
	ann := w.post("User", user("ann"))
	w.told()
	app.says(member.Verdict{Refused: true, Status: http.StatusConflict, Detail: "has a laptop"}, nil)
	w.nothingChanged(func() {
		w.refused(w.tryPatch("User", ann, deactivate), http.StatusConflict, "has a laptop")
		w.refused(w.tryDelete("User", ann), http.StatusConflict, "has a laptop")
		_, err := w.tryPost("User", user("bob"))
		w.refused(err, http.StatusConflict, "has a laptop")
	})
	if e := w.lastEntry(); e.Answer == nil || !e.Answer.Refused || e.Answer.Detail != "has a laptop" || e.Reason != "ApplicationRefused" {
		t.Errorf("log: got %+v", e)
	}
	app.says(member.Verdict{Refused: true, Status: http.StatusUnprocessableEntity, ScimType: "uniqueness"}, nil)
	_, err := w.tryPost("User", user("bob"))
	w.refused(err, http.StatusConflict, "uniqueness")
	for status, want := range map[int]int{400: http.StatusBadRequest, 403: http.StatusForbidden, 404: http.StatusConflict, 410: http.StatusConflict} {
		app.says(member.Verdict{Refused: true, Status: status}, nil)
		_, err := w.tryPost("User", user("bob"))
		if e, ok := errors.AsType[*scimerr.Error](err); !ok || e.Status != want || e.Detail != "the application has refused the change" {
			t.Errorf("the application answered %d: got %v, want %d", status, err, want)
		}
	}
	if len(w.due()) > 0 || len(w.intents()) > 0 {
		t.Errorf("left: due %v, intents %v", w.due(), w.intents())
	}
	app.says(member.Verdict{}, nil)
	w.delete("User", ann)
}

func TestApplicationRefusesAndHolds(t *testing.T) {
	t.Parallel()
	s, app := synchronous()
	s.lifecycle.OnDeactivate.WhenRefused = config.Hold
	w := newWorld(t, s)
	ann := w.post("User", user("ann"))
	w.told()
	app.says(member.Verdict{Refused: true, Status: http.StatusConflict, Detail: "has a laptop"}, nil)
	w.patch("User", ann, deactivate)
	w.wantTold("the member stays")
	if m := w.memberOf(ann); !m.Active || m.Pending == nil {
		t.Fatalf("member: got %+v", m)
	}
	if e := w.lastEntry(); e.Decision != member.PutOff || e.Answer == nil || e.Answer.Detail != "has a laptop" {
		t.Errorf("log: got %+v", e)
	}
	if err := w.tenant.Prune(w.ctx, true); err != nil { // asks again
		t.Fatal(err)
	}
	w.wantTold("still refused")
	app.says(member.Verdict{}, nil)
	if err := w.tenant.Prune(w.ctx, true); err != nil {
		t.Fatal(err)
	}
	w.wantTold("done", `deactivated Staff active=false {"active":true}`)
	if len(w.intents()) > 0 {
		t.Errorf("intents: %v", w.intents())
	}
}

// TestApplicationIsSilent: it may have taken the change, so it is sent the state as it is.
func TestApplicationIsSilent(t *testing.T) {
	t.Parallel()
	s, app := synchronous()
	w := newWorld(t, s)
	ann := w.post("User", user("ann"))
	w.told()
	app.says(member.Verdict{}, errors.New("timeout"))
	err := w.tryPatch("User", ann, deactivate)
	w.refused(err, http.StatusServiceUnavailable, "does not answer")
	if e := scimError(err); e.RetryAfter <= 0 {
		t.Errorf("Retry-After: got %v", e.RetryAfter)
	}
	w.wantTold("state", `updated Staff active=true {}`)
	_, err = w.tryPost("User", user("bob"))
	w.refused(err, http.StatusServiceUnavailable)
	w.wantTold("no such member", `removed - active=false {}`)
	if len(w.due()) != 2 || len(w.intents()) > 0 {
		t.Errorf("left: due %v, intents %v", w.due(), w.intents())
	}
	app.says(member.Verdict{}, nil)
	w.patch("User", ann, deactivate)
	if last := app.asked[len(app.asked)-1]; last.Sequence <= w.events(0)[1].Sequence {
		t.Errorf("asked with sequence %d, which is not behind what was sent", last.Sequence)
	}
}

// TestCrashWhileAsking: what a question has left behind is made good after a restart.
func TestCrashWhileAsking(t *testing.T) {
	t.Parallel()
	s, app := synchronous()
	w := newWorld(t, s)
	ann := w.post("User", user("ann"))
	w.told()
	ctx, cancel := context.WithCancel(w.ctx)
	broken := &failing{Store: w.store}
	app.mu.Lock()
	app.answer = func(member.Question) (member.Verdict, error) {
		broken.down = true // the process dies: nothing is written any more
		return member.Verdict{}, nil
	}
	app.mu.Unlock()
	s.store = broken
	dying := buildWorld(ctx, t, s)
	if err := dying.tryPatch("User", ann, deactivate); err == nil {
		t.Fatal("the dead process has answered")
	}
	cancel()
	if len(w.intents()) != 1 {
		t.Fatalf("intents: got %v, want one", w.intents())
	}
	w.tend()
	w.wantTold("state", `updated Staff active=true {}`)
	if len(w.intents()) > 0 || w.lastEntry().Operation != "Recovery" {
		t.Errorf("left: %v, log %+v", w.intents(), w.lastEntry())
	}
	w.tend()
	w.wantTold("once")
}

// failing is a store that can break down.
type failing struct {
	store.Store
	down bool
}

func (f *failing) Update(ctx context.Context, tenant string, fn func(store.Writer) error) error {
	if f.down {
		return store.ErrUnavailable
	}
	return f.Store.Update(ctx, tenant, fn)
}

// TestUserChangesWhileAsking: the application is asked again, for what it has become.
func TestUserChangesWhileAsking(t *testing.T) {
	t.Parallel()
	s, app := synchronous()
	w := newWorld(t, s)
	ann := w.post("User", user("ann"))
	admins := w.post("Group", group("Admins"))
	w.told()
	app.mu.Lock()
	once := sync.OnceFunc(func() { w.patch("Group", admins, addMember(ann)) })
	app.answer = func(member.Question) (member.Verdict, error) {
		once()
		return member.Verdict{Status: 200}, nil
	}
	app.mu.Unlock()
	w.patch("User", ann, `{"op":"replace","path":"displayName","value":"Ann"}`)
	w.wantTold("both", `updated Administrator active=true {"role":"Staff","groups":[]}`, `updated Administrator active=true {"fields":{"fullName":"Mx ann"}}`)
	last := app.asked[len(app.asked)-1]
	if len(app.asked) != 3 || *last.Member.Role != "Administrator" || !strings.Contains(string(last.Member.Fields), `"Ann"`) {
		t.Errorf("asked: got %+v", app.asked)
	}
	if len(w.due()) != 1 || len(w.intents()) > 0 {
		t.Errorf("left: due %v, intents %v", w.due(), w.intents())
	}
}

// TestTurns: parallel changes of one user are asked for one after the other.
func TestTurns(t *testing.T) {
	t.Parallel()
	s, app := synchronous()
	w := newWorld(t, s)
	ann := w.post("User", user("ann"))
	running := 0
	app.mu.Lock()
	app.answer = func(member.Question) (member.Verdict, error) {
		app.mu.Lock()
		running++
		if running > 1 {
			t.Error("two questions about one user at a time")
		}
		app.mu.Unlock()
		defer func() {
			app.mu.Lock()
			running--
			app.mu.Unlock()
		}()
		return member.Verdict{Status: 200}, nil
	}
	app.mu.Unlock()
	var wg sync.WaitGroup
	for _, name := range []string{"A", "B", "C", "D", "E"} {
		wg.Go(func() {
			if err := w.tryPatch("User", ann, `{"op":"replace","path":"displayName","value":"`+name+`"}`); err != nil {
				t.Errorf("PATCH: %v", err)
			}
		})
	}
	wg.Wait()
	if len(w.events(1)) != 5 || len(w.intents()) > 0 {
		t.Errorf("got %d events and the intents %v", len(w.events(1)), w.intents())
	}
	sequences := map[int64]bool{}
	for _, e := range app.asked {
		sequences[e.Sequence] = true
	}
	if !slices.IsSortedFunc(app.asked, func(a, b member.Envelope) int { return int(a.Sequence - b.Sequence) }) || len(sequences) != 6 {
		t.Errorf("asked with the sequences %v", sequences)
	}
}

// TestVetoedOffboardingUnderAnotherPolicy: what was put off is done as the life cycle is now, also where that wants nothing of
// the application any more, or the application is no longer asked.
func TestVetoedOffboardingUnderAnotherPolicy(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change func(s *spec)
		want   []string
		active bool
	}{
		"None":         {change: func(s *spec) { s.lifecycle.OnDeactivate.Action = config.None }, active: true},
		"Reject":       {change: func(s *spec) { s.lifecycle.OnDeactivate.WhenRefused = config.Reject }, active: true},
		"asynchronous": {change: func(s *spec) { s.app.Webhook = &config.Webhook{Mode: config.Asynchronous} }, want: []string{`deactivated Staff active=false {"active":true}`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, app := synchronous()
			s.lifecycle.OnDeactivate.WhenRefused = config.Hold
			w := newWorld(t, s)
			ann := w.post("User", user("ann"))
			app.says(member.Verdict{Refused: true, Status: http.StatusConflict}, nil)
			w.patch("User", ann, deactivate)
			w.told()
			asked := len(app.asked)
			tc.change(&s)
			w.configure(s)
			for range 2 {
				if err := w.tenant.Prune(w.ctx, true); err != nil {
					t.Fatal(err)
				}
			}
			w.wantTold(name, tc.want...)
			m := w.memberOf(ann)
			if asks := len(app.asked) > asked; asks != (name == "Reject") || m.Active != tc.active || (m.Pending != nil) != asks {
				t.Errorf("asked again: %v; member %+v, pending %s", asks, m, m.Pending)
			}
		})
	}
}

package member_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/member"
)

// refusals are the entries of refusals, and how many refusals they stand for.
func (w *world) refusals() (entries []member.Entry, total int64) {
	w.t.Helper()
	for _, e := range w.log() {
		if e.Decision == member.Reject {
			entries = append(entries, e)
			total += max(e.Count, 1)
		}
	}
	return entries, total
}

// TestRepeatedRefusals: what is refused again and again has one entry, and one that says how often.
func TestRepeatedRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plain())
	ann := w.post("User", user("ann"))
	w.post("User", user("bob"))
	for range 5 {
		w.refused(w.tryPatch("User", ann, `{"op":"replace","path":"userName","value":"bob"}`), http.StatusConflict)
	}
	_, err := w.tryPost("User", user("bob"))
	w.refused(err, http.StatusConflict)
	w.refused(w.tryDelete("User", "nobody"), http.StatusNotFound)
	if entries, total := w.refusals(); len(entries) != 3 || total != 3 {
		t.Fatalf("entries %+v, want one for each user and reason", entries)
	}
	w.tend()
	if entries, _ := w.refusals(); len(entries) != 3 {
		t.Errorf("%d entries, want none before the time has come", len(entries))
	}
	w.now = w.now.Add(61 * time.Second)
	w.tend()
	entries, total := w.refusals()
	if last := entries[len(entries)-1]; len(entries) != 4 || total != 7 || last.Count != 4 || last.UserID != ann || last.Label != "a…" ||
		last.Operation != http.MethodPatch || last.Status != http.StatusConflict || last.NextStep == "" {
		t.Errorf("entries %+v, want one more for the four repetitions", entries)
	}
	w.refused(w.tryPatch("User", ann, `{"op":"replace","path":"userName","value":"bob"}`), http.StatusConflict)
	if entries, _ := w.refusals(); len(entries) != 5 || entries[4].Count != 0 {
		t.Errorf("entries %+v, want one of its own after a minute", entries)
	}
}

// TestManyRefusals: a tenant's refusals are written at a bounded rate, and each of them counts.
func TestManyRefusals(t *testing.T) {
	t.Parallel()
	s := plain()
	decided := &rejections{}
	s.observe = decided
	w := newWorld(t, s)
	const many = 200
	emperor := func(i int) {
		t.Helper()
		if _, err := w.tryPost("User", user(fmt.Sprintf("user%d", i), `,"title":"Emperor"`)); scimError(err) == nil {
			t.Fatalf("got %v, want a refusal", err)
		}
	}
	for i := range many {
		emperor(i)
	}
	if entries, _ := w.refusals(); len(entries) != 50 {
		t.Errorf("%d entries, want 50", len(entries))
	}
	w.now = w.now.Add(10 * time.Second)
	w.tend()
	entries, total := w.refusals()
	last := entries[len(entries)-1]
	if len(entries) != 51 || total != many || last.Count != many-50 || last.Operation != "Refusals" || last.Reason != "UnknownRole" || last.Label != "" {
		t.Errorf("%d entries for %d refusals, the last is %+v", len(entries), total, last)
	}
	if decided.rejected != many {
		t.Errorf("the observer was told of %d", decided.rejected)
	}
	for i := range many {
		emperor(many + i)
	}
	if err := w.tenant.WriteRefusals(w.ctx, true); err != nil { // the server ends
		t.Fatal(err)
	}
	if _, total := w.refusals(); total != 2*many {
		t.Errorf("%d refusals in the log, want %d", total, 2*many)
	}
}

type rejections struct{ rejected int }

func (c *rejections) Decided(_ string, d member.Decision) {
	if d.Kind == member.Reject {
		c.rejected++
	}
}

// TestRefusalsOfADeadStore: what could not be written is not lost.
func TestRefusalsOfADeadStore(t *testing.T) {
	t.Parallel()
	s := plain()
	w := newWorld(t, s)
	broken := &failing{Store: w.store}
	s.store = broken
	w = buildWorld(w.ctx, t, s)
	for range 3 {
		w.refused(w.tryDelete("User", "nobody"), http.StatusNotFound)
	}
	broken.down = true
	if err := w.tenant.WriteRefusals(context.Background(), true); err == nil {
		t.Fatal("written into a store that is down")
	}
	broken.down = false
	w.now = w.now.Add(10 * time.Second)
	w.tend()
	if entries, total := w.refusals(); len(entries) != 2 || total != 3 {
		t.Errorf("%d entries for %d refusals: %+v", len(entries), total, entries)
	}
}

// TestBrakeBeyondTheRate: that the brake is engaged is known although no refusal of it has an entry of its own.
func TestBrakeBeyondTheRate(t *testing.T) {
	t.Parallel()
	s := plain()
	s.lifecycle.Brake = &config.Brake{Max: 1, Per: time.Hour}
	w := newWorld(t, s)
	w.delete("User", w.post("User", user("ann")))
	bob := w.post("User", user("bob"))
	for i := range 60 {
		_ = w.tryDelete("User", fmt.Sprintf("nobody%d", i))
	}
	if err := w.tryDelete("User", bob); scimError(err) == nil || scimError(err).Status != http.StatusServiceUnavailable {
		t.Fatalf("got %v, want the brake", err)
	}
	w.now = w.now.Add(11 * time.Second)
	w.tend()
	if engaged, err := w.tenant.BrakeEngaged(w.ctx); !engaged || err != nil {
		t.Errorf("engaged %v, %v", engaged, err)
	}
}

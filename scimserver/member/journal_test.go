package member_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scim-operator/scim-operator/scimserver/member"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// newPlainWorld is a tenant without application.
func newPlainWorld(t *testing.T, observe member.Observer) (*world, *member.Journal) {
	t.Helper()
	s := plain()
	s.observe = observe
	w := newWorld(t, s)
	j := w.engine.Journal("ns/acme")
	w.tenant, w.scim.Provisioner = nil, j
	return w, j
}

// lines are the entries as "operation resource decision status label".
func (w *world) lines() (out []string) {
	w.t.Helper()
	for _, e := range w.log() {
		out = append(out, fmt.Sprintf("%s %s %s %d %s", e.Operation, e.Resource, e.Decision, e.Status, e.Label))
	}
	return out
}

// TestJournal: each write of an identity provider to a tenant without application has an entry, and one that changes nothing
// has none.
func TestJournal(t *testing.T) {
	t.Parallel()
	w, _ := newPlainWorld(t, nil)
	ann := w.post("User", user("ann@example.com"))
	w.patch("User", ann, deactivate)
	w.patch("User", ann, deactivate)
	w.put("User", ann, user("ann@example.com"))
	admins := w.post("Group", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Admins"}`)
	w.patch("Group", admins, fmt.Sprintf(`{"op":"add","path":"members","value":[{"value":%q}]}`, ann))
	_, err := w.tryPost("User", user("ann@example.com"))
	w.refused(err, http.StatusConflict)
	w.refused(w.tryPatch("User", ann, `{"op":"replace","path":"emails[","value":"x"}`), http.StatusBadRequest)
	w.delete("User", ann)
	want := []string{
		"POST User stored 0 a…@example.com",
		"PATCH User stored 0 a…@example.com",
		"PUT User stored 0 a…@example.com",
		"POST Group group 0 ",
		"PATCH Group group 0 ",
		"POST User reject 409 a…@example.com",
		"PATCH User reject 400 a…@example.com",
		"DELETE User stored 0 a…@example.com",
	}
	if diff := cmp.Diff(want, w.lines()); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
	for i, e := range w.log() {
		if e.Resource == store.TypeUser && e.Operation != http.MethodPost && e.UserID != ann || e.RequestID == "" || e.MemberID != "" {
			t.Errorf("entry %d: %+v", i, e)
		}
	}
}

// TestJournalOfTolerances: what a client's way of speaking has needed, and what was left out, can be looked up.
func TestJournalOfTolerances(t *testing.T) {
	t.Parallel()
	w, _ := newPlainWorld(t, nil)
	ann := w.post("User", user("ann", `,"shoeSize":"42"`))
	if e := w.lastEntry(); !slices.Contains(e.Ignored, "shoeSize") {
		t.Errorf("ignored %q, want shoeSize among them", e.Ignored)
	}
	w.patch("User", ann, `{"op":"Replace","path":"active","value":"False"}`)
	if e := w.lastEntry(); len(e.Tolerances) == 0 {
		t.Errorf("tolerances %q, want those that were applied", e.Tolerances)
	}
	w.patch("User", ann, `{"op":"replace","path":"urn:example:params:shoes:2.0:User:size","value":"43"}`)
	if e := w.lastEntry(); len(e.Ignored) == 0 || len(w.log()) != 3 {
		t.Errorf("entry %+v, want one also where all there was to change was left out", e)
	}
}

// TestJournalTends: repetitions of a refusal become one entry, and old entries go.
func TestJournalTends(t *testing.T) {
	t.Parallel()
	decided := &rejections{}
	w, j := newPlainWorld(t, decided)
	w.post("User", user("ann"))
	for range 4 {
		_, err := w.tryPost("User", user("ann"))
		w.refused(err, http.StatusConflict)
	}
	w.now = w.now.Add(2 * time.Minute)
	if _, err := j.Tend(w.ctx); err != nil {
		t.Fatal(err)
	}
	if last := w.lastEntry(); len(w.log()) != 3 || last.Count != 3 {
		t.Errorf("log %q, the last for %d, want a third entry that stands for three", w.lines(), last.Count)
	}
	if n := decided.rejected; n != 4 {
		t.Errorf("%d refusals were counted, want 4", n)
	}
	for _, idle := range []bool{false, true} { // the second time nothing has been written for a month
		w.now = w.now.Add(member.KeepFor + time.Hour)
		if err := j.Prune(w.ctx, true); err != nil || len(w.log()) != 0 {
			t.Errorf("idle %v: log %q, error %v, want none after %s", idle, w.lines(), err, member.KeepFor)
		}
		w.post("User", user(fmt.Sprint("bob", idle)))
		if err := j.Prune(w.ctx, true); err != nil || len(w.log()) != 1 {
			t.Errorf("idle %v: log %q, error %v, want the new entry", idle, w.lines(), err)
		}
	}
}

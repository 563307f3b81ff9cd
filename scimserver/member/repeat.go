package member

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/directory"
	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// What refusals may cost. An identity provider that repeats a request, or sends thousands that are refused, must not have
// each of them written durably: that would be as expensive as a change.
const (
	repeatWithin   = time.Minute // refusals of the same user for the same reason become one entry
	surplusWithin  = 10 * time.Second
	refusalsRate   = 10.0 // entries a second that a tenant's refusals get, beyond that they are only counted
	refusalsBurst  = 50.0
	mostRemembered = 1000 // refusals of a tenant that further ones are compared with
)

// sameness is what makes a refusal a repetition: the same operation on the same user or group, for the same reason.
type sameness struct{ method, typ, whom, reason string }

func samenessOf(op directory.Operation, r *refusal) sameness {
	return sameness{op.Method, op.Type, cmp.Or(op.ID, filter.Fold(op.UserName)), r.reason}
}

// repeated is a refusal with an entry, and how many have followed that have none.
type repeated struct {
	user  who
	entry Entry // of the latest that follows
	n     int64
	until time.Time // then the entry of those that have followed is written
}

// tally is the refusals of a tenant that are not written yet.
type tally struct {
	same    map[sameness]*repeated
	surplus map[string]*repeated // by reason
	room    float64              // entries that may be written now
	at      time.Time            // as of then
}

// tallies are those of all tenants.
type tallies struct {
	mu      sync.Mutex
	tenants map[string]*tally
}

func (a *tallies) of(tenant string, now time.Time) *tally {
	t := a.tenants[tenant]
	if t == nil {
		if a.tenants == nil {
			a.tenants = map[string]*tally{}
		}
		t = &tally{same: map[sameness]*repeated{}, surplus: map[string]*repeated{}, room: refusalsBurst, at: now}
		a.tenants[tenant] = t
	}
	t.room = min(refusalsBurst, t.room+refusalsRate*now.Sub(t.at).Seconds())
	t.at = now
	return t
}

// admit tells whether the refusal gets an entry, else it is counted. first is to be told who the entry was about. due is when
// what was counted is to be written, zero: that is known already.
func (a *tallies) admit(tenant string, k sameness, e Entry, now time.Time) (first *repeated, due time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	t := a.of(tenant, now)
	if s := t.same[k]; s != nil && (s.n > 0 || now.Before(s.until)) {
		s.n++
		s.entry = e
		if s.n == 1 {
			due = s.until
		}
		return nil, due
	}
	if t.room < 1 || len(t.same) >= mostRemembered {
		s := t.surplus[k.reason]
		if s == nil {
			s = &repeated{until: now.Add(surplusWithin)}
			t.surplus[k.reason], due = s, s.until
		}
		s.n++
		s.entry = e
		return nil, due
	}
	t.room--
	first = &repeated{until: now.Add(repeatWithin)}
	t.same[k] = first
	return first, time.Time{}
}

// know notes who the refusals of the same kind are about.
func (a *tallies) know(r *repeated, user who) {
	a.mu.Lock()
	defer a.mu.Unlock()
	r.user = user
}

// take returns what is due; all is everything.
func (a *tallies) take(tenant string, now time.Time, all bool) (list []repeated) {
	a.mu.Lock()
	defer a.mu.Unlock()
	t := a.tenants[tenant]
	if t == nil {
		return nil
	}
	for k, s := range t.same {
		if all || !now.Before(s.until) {
			delete(t.same, k)
			s.entry.about(s.user)
			list = append(list, *s)
		}
	}
	for reason, s := range t.surplus {
		if all || !now.Before(s.until) {
			delete(t.surplus, reason)
			s.entry = surplusEntry(s.entry)
			list = append(list, *s)
		}
	}
	if len(t.same)+len(t.surplus) == 0 && t.room+refusalsRate*now.Sub(t.at).Seconds() >= refusalsBurst {
		delete(a.tenants, tenant)
	}
	list = slices.DeleteFunc(list, func(r repeated) bool { return r.n == 0 })
	slices.SortFunc(list, func(x, y repeated) int { return x.entry.Time.Compare(y.entry.Time) })
	return list
}

// surplusEntry is about nobody in particular.
func surplusEntry(e Entry) Entry {
	return Entry{
		Time: e.Time, Operation: "Refusals", Decision: Reject, Reason: e.Reason, Status: e.Status, NextStep: e.NextStep,
		Reasons: []string{"so many requests were refused that these have no entries of their own"},
	}
}

// WriteRefusals writes the entries of refusals that were counted, as far as they are due; with all of them at the end of the
// server.
func (j *Journal) WriteRefusals(ctx context.Context, all bool) error {
	list := j.refusals.take(j.tenant, j.now(), all)
	if len(list) == 0 {
		return nil
	}
	err := j.store.Update(ctx, j.tenant, func(w store.Writer) error {
		for i := range list {
			if err := j.writeRefusals(ctx, w, &list[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		j.refusals.giveBack(j.tenant, list, j.now())
	}
	return err
}

func (j *Journal) writeRefusals(ctx context.Context, w store.Writer, r *repeated) error {
	if r.entry.Reason == reasonBrake {
		if err := j.noteEngaged(ctx, w); err != nil {
			return err
		}
	}
	r.entry.Count = r.n
	return r.entry.appendTo(ctx, w, Subject(j.tenant, r.user.userName))
}

// giveBack keeps what could not be written for the next time.
func (a *tallies) giveBack(tenant string, list []repeated, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	t := a.of(tenant, now)
	for _, r := range list {
		s := t.surplus[r.entry.Reason]
		if s == nil {
			s = &repeated{until: now.Add(surplusWithin), entry: r.entry}
			t.surplus[r.entry.Reason] = s
		}
		s.n += r.n
	}
}

// remindLater has the tenant looked at when refusals are due.
func (j *Journal) remindLater(due time.Time) {
	if due.IsZero() {
		return
	}
	time.AfterFunc(due.Sub(j.now()), func() { j.wakeUp(j.tenant) })
}

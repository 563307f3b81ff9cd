package member

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/mapping"
	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// evaluation works out what becomes of one user's member, within a transaction.
type evaluation struct {
	s     *session
	user  userChange
	asked bool // an identity provider waits for the answer, and may be refused

	entry   Entry
	current *store.MemberRecord // the member, linked or to be linked
	linked  bool                // it is linked to the user already
	step    step
	keys    []store.Key // of change.after
	change  change
	putOff  *pending // the off-boarding is put off
}

// pending is an off-boarding that was put off, as store.MemberRecord.Pending has it.
type pending struct {
	Cause  string    `json:"cause"` // deactivate, delete
	Since  time.Time `json:"since"`
	Reason string    `json:"reason"`
	Vetoed bool      `json:"vetoed,omitempty"` // by the application's answer, not by a hold
}

// The causes of off-boardings.
const (
	causeDeactivate = "deactivate"
	causeDelete     = "delete"
)

// run decides and writes.
func (ev *evaluation) run(ctx context.Context) error {
	err := ev.decide(ctx)
	if err == nil {
		return ev.write(ctx)
	}
	r, ok := errors.AsType[*refusal](err)
	if !ok {
		return err
	}
	r.user = ev.who()
	if ev.asked {
		return r
	}
	return ev.logRefusal(ctx, r)
}

// decide works out ev.change.
func (ev *evaluation) decide(ctx context.Context) error {
	if err := ev.find(ctx); err != nil {
		return err
	}
	ev.step = decide(ev.facts())
	ev.because(ev.step.why)
	if err := ev.next(ctx); err != nil {
		return err
	}
	if err := ev.checkUnique(ctx); err != nil {
		return err
	}
	if ev.change.kind.offboards() && ev.asked {
		return ev.mayOffboard(ctx)
	}
	return nil
}

func (ev *evaluation) because(why string) {
	if why != "" {
		ev.entry.Reasons = append(ev.entry.Reasons, why)
	}
}

// who is the user as it is, or as it was.
func (ev *evaluation) who() who {
	w := who{}
	if ev.current != nil {
		w.memberID, w.userName = ev.current.ID, ev.current.UserName
	}
	if rec := ev.record(); rec != nil {
		w.userID = rec.ID
	}
	if doc, err := ev.document(); err == nil && doc != nil {
		w.userName = doc.Value("userName").Text()
	}
	return w
}

func (ev *evaluation) record() *store.Record {
	if ev.user.after != nil {
		return ev.user.after
	}
	return ev.user.before
}

// document is the user's canonical document, nil where the user is gone.
func (ev *evaluation) document() (*resource.Object, error) {
	if ev.user.doc == nil && ev.user.after != nil {
		doc, err := resource.Parse(ev.user.after.Doc)
		if err != nil {
			return nil, err
		}
		ev.user.doc = doc
	}
	return ev.user.doc, nil
}

// find looks for the member: the user's own, or one that is left from an earlier user of the same person.
func (ev *evaluation) find(ctx context.Context) error {
	if ev.user.before != nil {
		m, err := ev.s.r.MemberOf(ctx, ev.record().ID)
		if err == nil {
			found := m
			ev.current, ev.linked = &found, true
			return nil
		}
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	if ev.user.after == nil || !ev.user.after.Active {
		return nil
	}
	doc, err := ev.document()
	if err != nil {
		return err
	}
	switch m, err := ev.s.r.Unlinked(ctx, doc.Value("userName").Text(), doc.Value("externalId").Text()); {
	case err == nil:
		found := m
		ev.current = &found
		return nil
	case errors.Is(err, store.ErrNotFound):
		return nil
	default:
		return err
	}
}

func (ev *evaluation) facts() facts {
	f := facts{exists: ev.user.after != nil, unasked: !ev.asked, lifecycle: &ev.s.t.Lifecycle}
	f.active = f.exists && ev.user.after.Active
	f.member, f.lost = ev.linked, ev.current != nil && !ev.linked
	if ev.linked {
		f.on, f.pending = ev.current.Active, ev.current.Pending != nil
	}
	return f
}

// next builds the state after.
func (ev *evaluation) next(ctx context.Context) error {
	c := &ev.change
	c.kind = ev.step.kind
	if c.kind == Keep {
		return nil
	}
	if ev.current != nil {
		before := *ev.current
		c.before, c.after = &before, before
	} else {
		c.after = store.MemberRecord{ID: ev.newID(), Created: ev.entry.Time}
	}
	m := &c.after
	m.Modified = ev.entry.Time
	if err := ev.follow(ctx, m); err != nil {
		return err
	}
	if ev.step.unlink {
		m.UserID = ""
	}
	ev.setActive(m)
	if ev.keys == nil {
		ev.keys = ev.s.t.keysOf(m.Fields)
	}
	ev.name()
	return nil
}

// newID is that of the user for the member that is made with it, which spares the store an index. Later members have ids
// of their own: the user's may have been that of a member that was removed.
func (ev *evaluation) newID() string {
	switch a := ev.s.answered; {
	case ev.user.before == nil:
		return ev.user.after.ID
	case a != nil:
		return a.memberID
	}
	return ev.s.t.newID()
}

// follow takes over what comes from the user.
func (ev *evaluation) follow(ctx context.Context, m *store.MemberRecord) error {
	if ev.user.after == nil {
		return nil
	}
	doc, err := ev.document()
	if err != nil {
		return err
	}
	m.UserID = ev.user.after.ID
	m.UserName, m.ExternalID = doc.Value("userName").Text(), doc.Value("externalId").Text()
	if !ev.step.maps {
		return nil
	}
	out, err := ev.mapped(ctx, doc, m)
	if err != nil {
		return err
	}
	m.Groups = out.groups
	if out.rejection != nil {
		return ev.unmapped(out.rejection)
	}
	ev.take(m, &out)
	return nil
}

// input is what the mapping gets to see.
func (ev *evaluation) input(ctx context.Context, doc *resource.Object, m *store.MemberRecord) (in mapping.Input, err error) {
	in.User = ev.s.t.seen(doc, ev.user.after.ID)
	if ev.s.t.Mapper.NeedsGroups() {
		if in.Groups, err = groupsOf(ctx, ev.s.r, ev.user); err != nil {
			return in, err
		}
	}
	if ev.s.t.Mapper.NeedsMeta() {
		rec := ev.user.after
		in.Meta = resource.Meta{
			ResourceType: store.TypeUser, Created: rec.Created, LastModified: rec.Modified, Version: rec.Version,
			Location: ev.s.t.URL + "/Users/" + rec.ID,
		}
	}
	if ev.linked {
		in.Current = &mapping.Current{Role: m.Role}
	}
	return in, nil
}

// groupsOf are the names of a user's groups, direct and indirect, sorted, each once.
func groupsOf(ctx context.Context, r store.Reader, user userChange) ([]string, error) {
	names := []string{}
	if user.before == nil { // it is new: in no group
		return names, nil
	}
	asked := map[string]bool{}
	for ids := []string{user.after.ID}; len(ids) > 0; {
		level, err := r.GroupsOf(ctx, ids)
		if err != nil {
			return nil, err
		}
		ids = nil
		for _, groups := range level {
			for _, g := range groups {
				if !asked[g.ID] {
					asked[g.ID] = true
					ids = append(ids, g.ID)
					names = append(names, g.DisplayName)
				}
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// unmapped is a user that cannot be mapped. Who leaves must be able to, whatever the attributes are.
func (ev *evaluation) unmapped(r *mapping.Rejection) error {
	if !ev.user.after.Active && ev.current != nil {
		ev.because("fields and role stay as they were: " + r.Summary)
		return nil
	}
	return refuseUnmapped(r)
}

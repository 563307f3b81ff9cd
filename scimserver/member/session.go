package member

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/scim-operator/scim-operator/scimserver/directory"
	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// atOnce is how many users a change of groups may concern to be looked at in its transaction. More of them are looked at
// in the background.
const atOnce = 500

// session is one transaction of an operation. It implements directory.Changes.
type session struct {
	t  *Tenant
	op directory.Operation
	r  store.Reader
	w  store.Writer // nil: nothing is written, what would be?

	draft *draft // nil: there is none

	users     []userChange
	first     oneUser         // room for the first of them, which mostly is the only one
	concerned []string        // ids whose groups have changed, those of users among them
	seen      map[string]bool // of them
	later     bool            // some are left to the background
	told      []Decision      // for the observer, once it is durable

	consumed bool      // the answer has led to what was written
	answered *answered // what the application has said in an earlier round
}

// userChange is what has become of one user.
type userChange struct {
	before, after *store.Record
	doc           *resource.Object // of after, nil: not parsed yet
}

// oneUser is the change of a user, and what it needs.
type oneUser struct {
	change [1]userChange
	after  store.Record
	told   [1]Decision
}

// begin makes the session ready for a transaction, which may run more than once.
func (s *session) begin(w store.Writer) {
	*s = session{t: s.t, op: s.op, r: w, w: w, draft: s.draft, answered: s.answered}
	s.users, s.told = s.first.change[:0], s.first.told[:0]
}

// User implements directory.Changes.
func (s *session) User(before, after *store.Record, doc *resource.Object) {
	c := userChange{before: before, doc: doc}
	switch {
	case after == nil:
	case len(s.users) == 0:
		s.first.after = *after
		c.after = &s.first.after
	default:
		rec := *after
		c.after = &rec
	}
	s.users = append(s.users, c)
}

// Groups implements directory.Changes.
func (s *session) Groups() bool { return s.t.Mapper.NeedsGroups() }

var errEnough = errors.New("more users than one transaction looks at")

// Regroup implements directory.Changes.
func (s *session) Regroup(ctx context.Context, ids ...string) error {
	if s.seen == nil {
		s.seen = map[string]bool{}
	}
	already := len(s.concerned)
	err := s.collect(ctx, ids)
	if !errors.Is(err, errEnough) {
		return err
	}
	for _, id := range s.concerned[already:] {
		delete(s.seen, id)
	}
	s.concerned, s.later = s.concerned[:already], true
	for _, id := range ids {
		if err := s.w.AddWorkBelow(ctx, id); err != nil {
			return err
		}
	}
	return s.w.AddWork(ctx, ids)
}

// collect walks from the ids down through all groups.
func (s *session) collect(ctx context.Context, ids []string) error {
	queue := ids
	for len(queue) > 0 {
		id := queue[0]
		queue = queue[1:]
		if err := s.concern(id); err != nil {
			return err
		}
		var groups []string
		err := s.w.Members(ctx, id, func(m store.Member) error {
			if s.seen[m.ID] {
				return nil
			}
			if m.Type == store.TypeGroup {
				groups = append(groups, m.ID)
				return nil
			}
			return s.concern(m.ID)
		})
		if err != nil {
			return err
		}
		queue = append(slices.Clip(queue), groups...)
	}
	return nil
}

func (s *session) concern(id string) error {
	if s.seen[id] {
		return nil
	}
	if len(s.concerned) >= atOnce {
		return errEnough
	}
	s.seen[id] = true
	s.concerned = append(s.concerned, id)
	return nil
}

// settle decides over all that has changed, at the end of the transaction.
func (s *session) settle(ctx context.Context) error {
	for _, c := range s.users {
		if err := s.changed(ctx, c); err != nil {
			return err
		}
	}
	for _, id := range s.concerned {
		if err := s.again(ctx, id, "Groups"); err != nil {
			return err
		}
	}
	if len(s.users) == 0 {
		return s.logGroup(ctx)
	}
	return nil
}

// changed decides over a user that the identity provider has written.
func (s *session) changed(ctx context.Context, c userChange) error {
	ev := &evaluation{s: s, user: c, entry: entryOf(s.op, s.t.now()), asked: true}
	return ev.run(ctx)
}

// again decides over a user who was not written, as the groups or the mapping have changed. Whatever cannot be done is
// logged, and no error: nobody could be told.
func (s *session) again(ctx context.Context, id, operation string) error {
	rec, err := s.w.Get(ctx, store.TypeUser, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil // a group, or a user that is gone
	}
	if err != nil {
		return err
	}
	return s.lookAt(ctx, &rec, operation)
}

// lookAt is again for a user who has just been read.
func (s *session) lookAt(ctx context.Context, rec *store.Record, operation string) error {
	op := s.op
	op.Method, op.Type, op.ID, op.Tolerance = operation, store.TypeUser, rec.ID, nil
	ev := &evaluation{s: s, user: userChange{before: rec, after: rec}, entry: entryOf(op, s.t.now())}
	return ev.run(ctx)
}

// logGroup logs what has become of a group.
func (s *session) logGroup(ctx context.Context) error {
	e := entryOf(s.op, s.t.now())
	e.Decision = Group
	switch n := len(s.concerned); {
	case s.later:
		e.Reasons = []string{"many users are concerned: they are looked at in the background"}
	case n > 0:
		e.Reasons = []string{"resources looked at: " + strconv.Itoa(n)}
	}
	s.told = append(s.told, Decision{Kind: Group})
	return e.appendTo(ctx, s.w, 0)
}

package member

import (
	"context"
	"errors"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/directory"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// remap is how far the users have been mapped since the mapping or the application has changed.
type remap struct {
	Hash     string    `json:"hash"`
	Position string    `json:"position,omitempty"`
	Done     int64     `json:"done"`
	Total    int64     `json:"total"`
	Started  time.Time `json:"started"`
	Finished bool      `json:"finished,omitempty"`
	Dense    bool      `json:"dense,omitempty"` // most of the latest page have come out otherwise
}

const remapState = "remap"

// Remapping is the progress of a new mapping over the users.
type Remapping struct {
	Done, Total int64
	Started     time.Time
}

// Remapping tells how far a new mapping is, nil if all users are mapped.
func (t *Tenant) Remapping(ctx context.Context) (*Remapping, error) {
	var m remap
	err := t.store.View(ctx, t.Key, func(r store.Reader) error { return readState(ctx, r, remapState, &m) })
	if err != nil || m.Hash == "" || !t.remapDue(m) {
		return nil, err
	}
	if m.Hash != t.Hash { // what was done was done by another mapping
		m.Done = 0
	}
	return &Remapping{Done: m.Done, Total: max(m.Total, m.Done), Started: m.Started}, nil
}

// settleFor is the time in which all processes on one database have loaded a new configuration, but for those that cannot.
const settleFor = 3 * time.Second

// remapDue tells whether there are users to be mapped, by this process or another.
func (t *Tenant) remapDue(m remap) bool { return t.remapAnew(m) || m.Hash == t.Hash && !m.Finished }

// remapAnew tells whether the users are to be mapped from the first one on. Of the processes on one database one may still
// have an earlier mapping: what it maps meanwhile is mapped again when it has loaded the new one, and it does not itself map
// all users back.
func (t *Tenant) remapAnew(m remap) bool {
	if !t.store.Shared() || m.Hash == "" {
		return m.Hash != t.Hash
	}
	return (m.Hash != t.Hash || t.Replaced) && t.Since.After(m.Started)
}

// The pages of a new mapping. Users are mapped on a snapshot first, and those who come out otherwise are looked at again in
// a transaction. Where that were most of them, each batch is read and looked at in its transaction alone.
const (
	remapPage = 500
	batchSize = 100
)

// remapSome maps a page of users. It tells whether there are more.
func (t *Tenant) remapSome(ctx context.Context) (more bool, err error) {
	var m remap
	var differ []string
	done, dense := false, false
	counts, err := t.store.Counts(ctx, t.Key)
	if err != nil {
		return false, err
	}
	err = t.store.View(ctx, t.Key, func(r store.Reader) error {
		if err := readState(ctx, r, remapState, &m); err != nil {
			return err
		}
		if done = !t.remapDue(m); done {
			return nil
		}
		if t.remapAnew(m) {
			if t.store.Shared() && t.now().Before(t.Since.Add(settleFor)) {
				return ErrLater
			}
			m = remap{Hash: t.Hash, Total: counts.Users, Started: t.now()}
		}
		if dense = m.Dense; dense {
			return nil
		}
		users, last, err := r.UsersAfter(ctx, m.Position, remapPage)
		if err != nil {
			return err
		}
		more = len(users) == remapPage
		m.Position, m.Done, m.Finished = last, m.Done+int64(len(users)), !more
		differ, err = t.differing(ctx, r, users)
		return err
	})
	switch {
	case err != nil || done:
		return false, err
	case dense:
		return t.remapDense(ctx, m)
	}
	return more, t.remapUsers(ctx, differ, m)
}

// remapDense maps a page of users as long as most of them come out otherwise.
func (t *Tenant) remapDense(ctx context.Context, m remap) (more bool, err error) {
	for range remapPage / batchSize {
		if m, err = t.remapBatch(ctx, m); err != nil || m.Finished || !m.Dense {
			break
		}
	}
	return err == nil && !m.Finished, err
}

// remapBatch reads users and decides over them in one transaction, and notes how far the mapping is.
func (t *Tenant) remapBatch(ctx context.Context, m remap) (next remap, err error) {
	_, err = t.transact(ctx, func(s *session) error {
		users, last, err := s.w.UsersAfter(ctx, m.Position, batchSize)
		if err != nil {
			return err
		}
		for i := range users {
			if err := s.lookAt(ctx, &users[i], "Remap"); err != nil {
				return err
			}
		}
		next = m
		next.Position, next.Done, next.Finished = last, m.Done+int64(len(users)), len(users) < batchSize
		next.Dense = s.decisions() > len(users)/2
		return writeState(ctx, s.w, remapState, next)
	})
	return next, err
}

// remapUsers looks at users again, and then notes how far the mapping is.
func (t *Tenant) remapUsers(ctx context.Context, ids []string, m remap) error {
	changed := 0
	for len(ids) > batchSize {
		n, err := t.lookAt(ctx, ids[:batchSize], "Remap", nil)
		if err != nil {
			return err
		}
		changed += n
		ids = ids[batchSize:]
	}
	m.Dense = changed > remapPage/2
	_, err := t.lookAt(ctx, ids, "Remap", func(w store.Writer) error { return writeState(ctx, w, remapState, m) })
	return err
}

// lookAt decides over users in one transaction, and returns how many of them have come out otherwise. also runs in it, if
// it is not nil.
func (t *Tenant) lookAt(ctx context.Context, ids []string, operation string, also func(store.Writer) error) (changed int, err error) {
	return t.transact(ctx, func(s *session) error {
		for _, id := range ids {
			if err := s.again(ctx, id, operation); err != nil {
				return err
			}
		}
		if also == nil {
			return nil
		}
		return also(s.w)
	})
}

// transact decides over users whom no operation has written, and returns how many of them have come out otherwise.
func (t *Tenant) transact(ctx context.Context, fn func(*session) error) (changed int, err error) {
	s := &session{t: t, op: directory.Operation{Start: t.clock()}}
	err = t.store.Update(ctx, t.Key, func(w store.Writer) error {
		s.begin(w)
		return fn(s)
	})
	if err != nil {
		return 0, err
	}
	s.tell()
	return s.decisions(), nil
}

// decisions are those that were not to keep everything as it is.
func (s *session) decisions() (n int) {
	for _, d := range s.told {
		if d.Kind != Keep {
			n++
		}
	}
	return n
}

// differing are those of the users whose member is not what it is to be.
func (t *Tenant) differing(ctx context.Context, r store.Reader, users []store.Record) (ids []string, err error) {
	for i := range users {
		p, err := t.preview(ctx, r, &users[i])
		if err != nil {
			return nil, err
		}
		if p.Kind != Keep {
			ids = append(ids, users[i].ID)
		}
	}
	return ids, nil
}

// Preview is what would become of one user's member.
type Preview struct {
	UserID string
	Label  string // see Label
	Kind   Kind   // Reject: the user could not be mapped, and the member would stay as it is
	Reason string // of a rejection
	Detail string
	Before *store.MemberRecord // nil: none
	After  *store.MemberRecord // nil: none
	Fields []string            // names of what would change
}

// preview decides over a user without writing.
func (t *Tenant) preview(ctx context.Context, r store.Reader, user *store.Record) (Preview, error) {
	s := &session{t: t, r: r}
	ev := &evaluation{s: s, user: userChange{before: user, after: user}, entry: Entry{Time: t.now()}}
	err := ev.decide(ctx)
	p := Preview{UserID: user.ID, Before: ev.current, Kind: ev.change.kind, Fields: ev.change.changedNames()}
	if refused, ok := errors.AsType[*refusal](err); ok {
		p.Kind, p.Reason, p.Detail, p.Fields = Reject, refused.reason, refused.scim.Loggable(), nil
		err = nil
	}
	if err == nil && p.Kind != Keep && p.Kind != Reject {
		after := ev.change.after
		p.After = &after
		p.Label = Label(after.UserName)
	}
	return p, err
}

// Previews calls yield for each user, in the order of creation, with what the configuration of t would make of it, and
// writes nothing.
func (t *Tenant) Previews(ctx context.Context, yield func(Preview) error) error {
	for position, more := "", true; more; {
		var page []Preview
		err := t.store.View(ctx, t.Key, func(r store.Reader) error {
			users, last, err := r.UsersAfter(ctx, position, remapPage)
			if err != nil {
				return err
			}
			position, more = last, len(users) == remapPage
			for i := range users {
				p, err := t.preview(ctx, r, &users[i])
				if err != nil {
					return err
				}
				page = append(page, p)
			}
			return nil
		})
		if err != nil {
			return err
		}
		for _, p := range page {
			if err := yield(p); err != nil {
				return err
			}
		}
	}
	return nil
}

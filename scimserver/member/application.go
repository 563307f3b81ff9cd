package member

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// RemoveMember is the application's own removal of a member. The user goes with it, so that the identity provider finds
// nobody at its next synchronisation and creates the user, and with it a member, anew. store.ErrNotFound.
func (t *Tenant) RemoveMember(ctx context.Context, id string) error {
	return t.store.Update(ctx, t.Key, func(w store.Writer) error {
		m, err := w.Member(ctx, id)
		if err != nil {
			return err
		}
		c := change{kind: Remove, typ: store.MemberRemoved, before: &m, after: m}
		c.after.Active, c.after.Pending = false, nil
		e := t.entryOf(m, "Application", "the application has removed the member")
		if m.UserID != "" {
			if err := w.Delete(ctx, store.TypeUser, m.UserID, t.now()); err != nil && !errors.Is(err, store.ErrNotFound) {
				return err
			}
		}
		return t.carry(ctx, w, &c, e)
	})
}

func (t *Tenant) entryOf(m store.MemberRecord, operation, why string) Entry {
	e := Entry{Time: t.now(), Operation: operation, Resource: "Member", ResourceID: m.ID, Reasons: []string{why}}
	e.about(who{userID: m.UserID, userName: m.UserName, memberID: m.ID})
	return e
}

// carry writes a change that nobody has to agree to.
func (t *Tenant) carry(ctx context.Context, w store.Writer, c *change, e Entry) error {
	if c.typ != "" {
		if err := t.appendEvent(ctx, w, c, false); err != nil {
			return err
		}
		e.Event = c.after.Sequence
	}
	c.after.Keys, c.after.Modified = t.keysOf(c.after.Fields), t.now()
	var err error
	switch c.kind {
	case Keep:
	case Remove:
		err = w.DeleteMember(ctx, c.after.ID)
	default:
		err = w.ReplaceMember(ctx, c.after)
	}
	if err != nil {
		return err
	}
	e.Decision, e.Fields = c.kind, c.changedNames()
	return e.appendTo(ctx, w, Subject(t.Key, c.after.UserName))
}

// PutHold keeps a member from being off-boarded until the hold is deleted. The reason is for the identity provider's
// administrator. store.ErrNotFound.
func (t *Tenant) PutHold(ctx context.Context, memberID, name, reason string) error {
	return t.store.Update(ctx, t.Key, func(w store.Writer) error {
		m, err := w.Member(ctx, memberID)
		if err != nil {
			return err
		}
		if err := w.PutHold(ctx, store.Hold{MemberID: memberID, Name: name, Reason: reason, Created: t.now()}); err != nil {
			return err
		}
		e := t.entryOf(m, "Hold", "the application holds the member: "+name)
		return t.carry(ctx, w, &change{kind: Keep, after: m}, e)
	})
}

// DeleteHold deletes a hold. With the last one an off-boarding that waits for it is done. It tells whether the hold was
// there; store.ErrNotFound: no such member.
func (t *Tenant) DeleteHold(ctx context.Context, memberID, name string) (was bool, err error) {
	err = t.store.Update(ctx, t.Key, func(w store.Writer) error {
		m, err := w.Member(ctx, memberID)
		if err != nil {
			return err
		}
		if was, err = w.DeleteHold(ctx, memberID, name); err != nil || !was {
			return err
		}
		e := t.entryOf(m, "Hold", "the application holds the member no longer: "+name)
		if err := t.carry(ctx, w, &change{kind: Keep, after: m}, e); err != nil {
			return err
		}
		left, err := w.Holds(ctx, memberID)
		if err != nil || len(left) > 0 || m.Pending == nil {
			return err
		}
		return t.catchUp(ctx, w, m)
	})
	return was, err
}

// catchUp does an off-boarding that was put off.
func (t *Tenant) catchUp(ctx context.Context, w store.Writer, m store.MemberRecord) error {
	c, why, err := t.pendingChange(m)
	if err != nil {
		return err
	}
	return t.carry(ctx, w, &c, t.entryOf(m, "Hold", why))
}

// pendingChange is what an off-boarding that was put off comes to, as the life cycle is now.
func (t *Tenant) pendingChange(m store.MemberRecord) (c change, why string, err error) {
	var p pending
	if err := json.Unmarshal(m.Pending, &p); err != nil {
		return c, "", fmt.Errorf("off-boarding of member %s that was put off: %w", m.ID, err)
	}
	policy := &t.Lifecycle.OnDeactivate
	if p.Cause == causeDelete {
		policy = &t.Lifecycle.OnDelete
	}
	c = change{kind: kindOf(policy), before: &m, after: m}
	c.after.Pending = nil
	switch {
	case c.kind == Keep:
		c.kind = Update
	case c.kind == Deactivate && !m.Active:
		c.kind = Update
	default:
		c.typ, c.after.Active = eventOf[c.kind], false
	}
	if c.kind == Action {
		c.action, c.params = policy.Action, policy.Parameters
	}
	return c, "the off-boarding that was put off is done: " + policy.Action, nil
}

// Resync writes an event for each member, with the member as it is, and returns how many.
func (t *Tenant) Resync(ctx context.Context) (n int64, err error) {
	const page = 100
	after := ""
	for {
		var last string
		var done int
		err := t.store.Update(ctx, t.Key, func(w store.Writer) error {
			members, err := w.MemberPage(ctx, after, page)
			if err != nil {
				return err
			}
			for _, m := range members {
				if err := t.appendState(ctx, w, m); err != nil {
					return err
				}
				last = m.ID
			}
			done = len(members)
			return nil
		})
		if err != nil {
			return n, err
		}
		n += int64(done)
		if done < page {
			return n, nil
		}
		after = last
	}
}

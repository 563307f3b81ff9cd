package member

import (
	"context"
	"errors"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// resolve makes good the questions which a crash, or a missing answer, has left: the application is sent the member as it
// is, so that it forgets what was not made.
func (t *Tenant) resolve(ctx context.Context, which func(store.Intent) bool) error {
	return t.store.Update(ctx, t.Key, func(w store.Writer) error {
		intents, err := w.Intents(ctx)
		if err != nil {
			return err
		}
		for _, i := range intents {
			if !which(i) {
				continue
			}
			if err := t.resolveOne(ctx, w, i); err != nil {
				return err
			}
		}
		return nil
	})
}

func (t *Tenant) resolveOne(ctx context.Context, w store.Writer, i store.Intent) error {
	m, err := w.Member(ctx, i.MemberID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		c := change{kind: Remove, typ: store.MemberRemoved, after: asAsked(i)}
		err = t.appendEvent(ctx, w, &c, false)
	case err == nil:
		err = t.appendState(ctx, w, m)
	}
	if err != nil {
		return err
	}
	e := Entry{
		Time: t.now(), Operation: "Recovery", UserID: i.UserID, MemberID: i.MemberID, Decision: Keep,
		Reasons: []string{"it is not known whether the application has taken a change that was not made: it is sent the present state"},
	}
	if err := e.appendTo(ctx, w, 0); err != nil {
		return err
	}
	return w.DeleteIntent(ctx, i.ID)
}

// asAsked is the member that the application was asked to take, without access.
func asAsked(i store.Intent) store.MemberRecord {
	m := store.MemberRecord{ID: i.MemberID, Fields: []byte("{}")}
	if e, err := DecodeEnvelope(i.Body); err == nil {
		m.UserName, m.ExternalID, m.Fields = e.Member.UserName, e.Member.ExternalID, e.Member.Fields
	}
	return m
}

// appendState writes an event of a member as it is.
func (t *Tenant) appendState(ctx context.Context, w store.Writer, m store.MemberRecord) error {
	c := change{kind: Update, typ: store.MemberUpdated, before: &m, after: m}
	if !m.Active {
		c.typ = store.MemberDeactivated
	}
	if err := t.appendEvent(ctx, w, &c, false); err != nil {
		return err
	}
	c.after.Keys = t.keysOf(m.Fields)
	return w.ReplaceMember(ctx, c.after)
}

package member

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// take sets fields and role.
func (ev *evaluation) take(m *store.MemberRecord, out *mapped) {
	m.Fields, ev.keys = out.fields, out.keys
	if ev.s.t.HasRole {
		m.Role = out.role
	}
	if role := ev.s.t.Lifecycle.OnCreate.Role; role != "" && !ev.linked {
		m.Role = role
		ev.because("onCreate gives the role " + role)
	}
}

// keysOf reads the unique fields from the JSON of all.
func (t *Tenant) keysOf(fields []byte) []store.Key {
	if len(t.unique) == 0 {
		return nil
	}
	doc, err := resource.Parse(fields)
	if err != nil {
		return nil
	}
	var keys []store.Key
	for name, v := range doc.All() {
		if t.unique[name] && !v.IsNull() {
			keys = append(keys, store.Key{Path: name, Value: filter.Fold(v.Text())})
		}
	}
	return keys
}

func (ev *evaluation) setActive(m *store.MemberRecord) {
	switch ev.change.kind {
	case Create, Adopt, Reactivate:
		m.Active = true
	case Deactivate, Remove, Action:
		m.Active = false
	}
	if m.Pending != nil && ev.user.after != nil && ev.user.after.Active {
		m.Pending = nil
		ev.because("the off-boarding that was put off is void")
	}
}

// name finds out what the change comes to, and the event that tells of it.
func (ev *evaluation) name() {
	c := &ev.change
	c.typ = eventOf[c.kind]
	switch c.kind {
	case Update:
		if same(c.before, &c.after) {
			c.typ = ""
			if (c.before.Pending == nil) == (c.after.Pending == nil) {
				c.kind = Keep
			}
		}
	case Adopt:
		switch {
		case !c.before.Active:
			c.typ = store.MemberReactivated
		case !same(c.before, &c.after):
			c.typ = store.MemberUpdated
		}
	case Action:
		c.action, c.params = ev.step.policy.Action, ev.step.policy.Parameters
	case Reactivate:
		if back := ev.step.back; back != nil {
			c.action, c.params = back.Action, back.Parameters
		}
	}
}

// write makes the decision durable with the transaction: the member, the event and the entry of the log.
func (ev *evaluation) write(ctx context.Context) error {
	c := &ev.change
	if err := ev.ask(ctx); err != nil {
		return err
	}
	if c.typ != "" {
		if err := ev.s.t.appendEvent(ctx, ev.s.w, c, ev.acknowledged()); err != nil {
			return err
		}
		ev.entry.Event = c.after.Sequence
	}
	if err := ev.store(ctx); err != nil {
		return err
	}
	if err := errors.Join(ev.book(ctx), ev.noteVeto(ctx)); err != nil {
		return err
	}
	if a := ev.s.answered; ev.asked && a != nil && (a.verdict.Refused || ev.acknowledged()) {
		if err := ev.s.consume(ctx, a.intent); err != nil {
			return err
		}
		ev.s.consumed = true
		ev.entry.Answer = a.answer
	}
	return ev.log(ctx)
}

// store writes the member.
func (ev *evaluation) store(ctx context.Context) error {
	c := &ev.change
	c.after.Keys = ev.keys
	if ev.putOff != nil {
		c.after.Pending, _ = json.Marshal(ev.putOff) // of plain texts and a time
	}
	switch {
	case c.kind == Keep:
		return nil
	case c.kind == Remove:
		return ev.s.w.DeleteMember(ctx, c.after.ID)
	case c.before == nil:
		return ev.s.w.InsertMember(ctx, c.after)
	}
	return ev.s.w.ReplaceMember(ctx, c.after)
}

// appendEvent writes the event of a change and gives the member its sequence.
func (t *Tenant) appendEvent(ctx context.Context, w store.Writer, c *change, acknowledged bool) error {
	sequence, err := w.NextSequence(ctx)
	if err != nil {
		return err
	}
	previous := c.after.Sequence
	c.after.Sequence = sequence
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	*buffer = c.appendEnvelope((*buffer)[:0], t.Key, sequence)
	now := t.now()
	return w.AppendEvent(ctx, store.Event{
		Sequence: sequence, MemberID: c.after.ID, Type: c.typ, Created: now, NextAttempt: now, Body: *buffer,
		Delivered: acknowledged || t.Application.Webhook == nil,
	}, previous)
}

// log writes the entry. A change of groups or of the mapping that means nothing for a user is not worth one.
func (ev *evaluation) log(ctx context.Context) error {
	ev.s.told = append(ev.s.told, Decision{Kind: ev.change.kind})
	if ev.change.kind == Keep && !ev.asked {
		return nil
	}
	w := ev.who()
	if ev.change.after.ID != "" {
		w.memberID = ev.change.after.ID
	}
	ev.entry.about(w)
	ev.entry.Decision = ev.change.kind
	ev.entry.Fields = ev.change.changedNames()
	return ev.entry.appendTo(ctx, ev.s.w, Subject(ev.s.t.Key, w.userName))
}

// logRefusal logs what could not be done where nobody can be told.
func (ev *evaluation) logRefusal(ctx context.Context, r *refusal) error {
	ev.s.told = append(ev.s.told, Decision{Kind: Reject, Reason: r.reason, Detail: r.scim.Loggable()})
	ev.entry.refused(r)
	ev.entry.Status = 0
	return ev.entry.appendTo(ctx, ev.s.w, Subject(ev.s.t.Key, r.user.userName))
}

// refused fills in a refusal.
func (e *Entry) refused(r *refusal) {
	e.about(r.user)
	e.Decision, e.Reason, e.Status, e.NextStep, e.Answer = Reject, r.reason, r.scim.Status, r.nextStep, r.answer
	e.Detail = r.scim.Loggable()
}

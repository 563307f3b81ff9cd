package member

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// vetoState is set while there may be off-boardings that the application has refused and that are put off. The value is
// another one after each of them.
const vetoState = "vetoes"

// noteVeto has RetryVetoes look for the off-boarding that is put off.
func (ev *evaluation) noteVeto(ctx context.Context) error {
	if ev.putOff == nil || !ev.putOff.Vetoed {
		return nil
	}
	return ev.s.w.SetState(ctx, vetoState, []byte(ev.s.t.newID()))
}

// RetryVetoes tries off-boardings again that the application has refused, and that the identity provider takes for done:
// the application is asked again, unless the life cycle wants nothing of it any more.
func (t *Tenant) RetryVetoes(ctx context.Context) error {
	var mark []byte
	err := t.store.View(ctx, t.Key, func(r store.Reader) (err error) {
		mark, err = r.State(ctx, vetoState)
		return err
	})
	if err != nil || mark == nil {
		return err
	}
	if err := t.claim(ctx, "vetoes", pruneFor); err != nil {
		return err
	}
	vetoed, err := t.vetoed(ctx)
	if err == nil && len(vetoed) == 0 {
		return t.forgetVetoes(ctx, mark)
	}
	for _, m := range vetoed {
		if err := t.retryVeto(ctx, m.ID); err != nil {
			return err
		}
	}
	return err
}

// forgetVetoes notes that there are none, unless one has come meanwhile.
func (t *Tenant) forgetVetoes(ctx context.Context, mark []byte) error {
	return t.store.Update(ctx, t.Key, func(w store.Writer) error {
		now, err := w.State(ctx, vetoState)
		if err != nil || !bytes.Equal(now, mark) {
			return err
		}
		return w.SetState(ctx, vetoState, nil)
	})
}

// vetoed are the members whose off-boarding the application has refused.
func (t *Tenant) vetoed(ctx context.Context) (list []store.MemberRecord, err error) {
	const page = 500
	for after, more := "", true; more && err == nil; {
		err = t.store.View(ctx, t.Key, func(r store.Reader) error {
			members, err := r.MemberPage(ctx, after, page)
			more = len(members) == page
			for _, m := range members {
				after = m.ID
				var p pending
				if m.Pending != nil && json.Unmarshal(m.Pending, &p) == nil && p.Vetoed {
					list = append(list, m)
				}
			}
			return err
		})
	}
	return list, err
}

// retryVeto tries one of them again.
func (t *Tenant) retryVeto(ctx context.Context, id string) error {
	q, waits, err := t.vetoQuestion(ctx, id)
	if err != nil || !waits {
		return err
	}
	if q != nil {
		verdict, err := t.asker.Ask(ctx, t.Key, *q)
		if err != nil || verdict.Refused {
			return err
		}
	}
	return t.store.Update(ctx, t.Key, func(w store.Writer) error {
		m, err := w.Member(ctx, id)
		if errors.Is(err, store.ErrNotFound) || err == nil && m.Pending == nil {
			return nil
		}
		if err != nil {
			return err
		}
		return t.catchUp(ctx, w, m)
	})
}

// vetoQuestion is what the application is to be asked about the member, nil: nothing. It tells whether the off-boarding
// still waits for that, and for nothing else.
func (t *Tenant) vetoQuestion(ctx context.Context, id string) (q *Question, waits bool, err error) {
	err = t.store.View(ctx, t.Key, func(r store.Reader) error {
		m, err := r.Member(ctx, id)
		if err != nil || m.Pending == nil {
			return err
		}
		holds, err := r.Holds(ctx, id)
		if err != nil || len(holds) > 0 {
			return err
		}
		c, _, err := t.pendingChange(m)
		waits = err == nil
		if waits && c.typ != "" && t.asks() {
			body := c.appendEnvelope(nil, t.Key, m.Sequence)
			q = &Question{ID: fmt.Sprintf("ask_%s_%d", id, m.Sequence), MemberID: id, Type: c.typ, Body: body}
		}
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, false, nil
	}
	return q, waits, err
}

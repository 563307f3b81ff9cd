package member

import (
	"context"
	"slices"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// checkUnique refuses what another active member has, or links that member if it belongs to nobody.
func (ev *evaluation) checkUnique(ctx context.Context) error {
	c := &ev.change
	if c.kind == Keep || !c.after.Active {
		return nil
	}
	for _, k := range ev.newKeys() {
		holders, err := ev.s.r.Holders(ctx, k)
		if err != nil {
			return err
		}
		for _, h := range holders {
			if h.ID == c.after.ID {
				continue
			}
			if ev.mayAdopt(&h) {
				return ev.adopt(ctx, h)
			}
			if h.Active {
				return ev.taken(refuseUniqueness(k.Path, h.UserID == ""))
			}
		}
	}
	return nil
}

// taken is what becomes of a change whose unique value another member has.
func (ev *evaluation) taken(r *refusal) error {
	if b := ev.change.before; ev.asked || b == nil || !b.Active {
		return r
	}
	ev.keepFields(r)
	ev.name()
	if ev.change.kind == Keep {
		return r
	}
	return nil
}

// keepFields leaves the fields as they are where a conflict cannot be refused, as nobody asks or the identity provider is to
// have its way. Role and groups follow all the same: nobody keeps rights by a conflict.
func (ev *evaluation) keepFields(r *refusal) {
	c := &ev.change
	c.after.Fields = c.before.Fields
	ev.keys = ev.s.t.keysOf(c.before.Fields)
	ev.because("the fields stay as they were: " + r.scim.Detail)
}

// newKeys are those that the member did not have while it was active.
func (ev *evaluation) newKeys() []store.Key {
	b := ev.change.before
	if b == nil || !b.Active || len(ev.keys) == 0 {
		return ev.keys
	}
	var list []store.Key
	changed := ev.change.changedFields()
	for _, k := range ev.keys {
		isNew := func(f oldField) bool {
			return f.name == k.Path && (f.value.IsNull() || filter.Fold(f.value.Text()) != k.Value)
		}
		if slices.ContainsFunc(changed, isNew) {
			list = append(list, k)
		}
	}
	return list
}

// mayAdopt tells whether a new member is to be one that is there without a user.
func (ev *evaluation) mayAdopt(h *store.MemberRecord) bool {
	return ev.change.kind == Create && h.UserID == "" && ev.s.t.Lifecycle.ExistingMember == config.Adopt
}

// adopt begins anew with the member that is there.
func (ev *evaluation) adopt(ctx context.Context, h store.MemberRecord) error {
	ev.current, ev.change, ev.keys = &h, change{}, nil
	ev.step = step{kind: Adopt, maps: true}
	ev.entry.Reasons = nil
	ev.because("a member without a user has a unique value of the user: existingMember is Adopt")
	if err := ev.next(ctx); err != nil {
		return err
	}
	return ev.checkUnique(ctx)
}

package directory

import (
	"bytes"
	"context"
	"slices"

	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// Methods of operations, as the provisioning log calls them (RFC 7644 section 3.2).
const (
	postMethod   = "POST"
	putMethod    = "PUT"
	patchMethod  = "PATCH"
	deleteMethod = "DELETE"
)

// operation is what the call asks for.
func (c *Call) operation(method string) Operation {
	return Operation{
		RequestID: c.RequestID, Method: method, Type: c.Type.Name, ID: c.ID, Start: c.Start, Tolerance: c.Tolerance,
	}
}

// tell runs a change and has the provisioner know when it fails.
func (d *Directory) tell(ctx context.Context, c *Call, op Operation, change func() error) error {
	err := change()
	if err != nil && c.Tenant.Provisioner != nil && !c.changed {
		c.Tenant.Provisioner.Refused(ctx, op, err)
	}
	return err
}

// update runs the transaction of a change.
func (d *Directory) update(ctx context.Context, c *Call, op Operation, fn func(store.Writer) error) error {
	if c.Tenant.Provisioner == nil {
		return d.store.Update(ctx, c.Tenant.Key, fn)
	}
	err := c.Tenant.Provisioner.Update(ctx, op, func(w store.Writer, ch Changes) error {
		c.changes = ch
		return fn(w)
	})
	c.changes = nil
	c.changed = err == nil
	return err
}

// changedUser tells what has become of a user.
func (c *Call) changedUser(before, after *store.Record, doc *resource.Object) {
	if c.changes != nil && c.Type.Name == store.TypeUser {
		c.changes.User(before, after, doc)
	}
}

// regrouping tells whether anybody wants to know of changes of groups.
func (c *Call) regrouping() bool { return c.changes != nil && c.changes.Groups() }

// regroup tells that other groups hold these resources from now on, or under another name.
func (c *Call) regroup(ctx context.Context, ids ...string) error {
	if !c.regrouping() || len(ids) == 0 {
		return nil
	}
	return c.changes.Regroup(ctx, ids...)
}

// changedName tells of a group that has got another name.
func (c *Call) changedName(ctx context.Context, before, after *store.Record) error {
	if c.Type.Name != store.TypeGroup || !c.regrouping() || bytes.Equal(before.Doc, after.Doc) {
		return nil
	}
	old, err := resource.Parse(before.Doc)
	if err != nil {
		return err
	}
	doc, err := resource.Parse(after.Doc)
	if err != nil || text(old, "displayName") == text(doc, "displayName") {
		return err
	}
	return c.regroup(ctx, c.ID)
}

// addMembers adds members to the group.
func (c *Call) addMembers(ctx context.Context, w store.Writer, ids []string) (n int, err error) {
	if len(ids) == 0 {
		return 0, nil
	}
	added := ids
	if c.regrouping() {
		there, err := w.MembersIn(ctx, c.ID, ids)
		if err != nil {
			return 0, err
		}
		added = without(ids, there)
	}
	n, unknown, err := w.AddMembers(ctx, c.ID, ids)
	if err := c.known(unknown, err); err != nil {
		return 0, err
	}
	return n, c.regroup(ctx, without(added, unknown)...)
}

// removeMembers removes members from the group.
func (c *Call) removeMembers(ctx context.Context, w store.Writer, ids []string) (int, error) {
	if c.regrouping() {
		there, err := w.MembersIn(ctx, c.ID, ids)
		if err != nil {
			return 0, err
		}
		if err := c.regroup(ctx, there...); err != nil {
			return 0, err
		}
	}
	return w.RemoveMembers(ctx, c.ID, ids)
}

// replaceMembers makes the ids the members of the group. It returns how many were added and removed.
func (c *Call) replaceMembers(ctx context.Context, w store.Writer, ids []string) (n int, err error) {
	var there, unknown []string
	if c.regrouping() {
		err := w.Members(ctx, c.ID, func(m store.Member) error {
			there = append(there, m.ID)
			return nil
		})
		if err != nil {
			return 0, err
		}
	}
	if len(ids) == 0 {
		n, err = w.ClearMembers(ctx, c.ID)
	} else {
		var added, removed int
		added, removed, unknown, err = w.ReplaceMembers(ctx, c.ID, ids)
		n, err = added+removed, c.known(unknown, err)
	}
	if err != nil || !c.regrouping() {
		return n, err
	}
	return n, c.regroup(ctx, slices.Concat(without(without(ids, there), unknown), without(there, ids))...)
}

// without are the ids that are not among others.
func without(ids, others []string) (left []string) {
	known := make(map[string]struct{}, len(others))
	for _, id := range others {
		known[id] = struct{}{}
	}
	for _, id := range ids {
		if _, ok := known[id]; !ok {
			left = append(left, id)
		}
	}
	return left
}

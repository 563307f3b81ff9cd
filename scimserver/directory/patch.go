package directory

import (
	"context"

	"github.com/scim-operator/scim-operator/scimserver/scim/patch"
	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// Patch applies the operations of a PATCH request, all or none (RFC 7644 §3.5.2). What changes nothing is not written,
// and keeps the version. Errors: 400, 404, 409, 412.
func (d *Directory) Patch(ctx context.Context, c *Call, body *resource.Object, ans *Answer) error {
	op := c.operation(patchMethod)
	return d.tell(ctx, c, op, func() error { return d.patch(ctx, c, op, body, ans) })
}

func (d *Directory) patch(ctx context.Context, c *Call, op Operation, body *resource.Object, ans *Answer) error {
	req, err := patch.Parse(body, c.Type, c.Tolerance)
	if err != nil {
		return err
	}
	if req.ID != "" && req.ID != c.ID {
		return scimerr.Mutability("id: the value is not that of the resource in the URL")
	}
	c.Projection = c.Projection.Specified(req.Writes)
	var members []patch.MemberChange
	if c.Type.Name == store.TypeGroup {
		members, req = req.Members()
		c.named = namedIn(members)
	}
	secrets, err := req.Secrets(c.Tolerance)
	if err != nil {
		return err
	}
	password, err := d.newPassword(ctx, c, secrets)
	if err != nil {
		return err
	}
	return d.change(ctx, c, op, ans, func(ctx context.Context, w store.Writer, rec *store.Record) (ch changes, err error) {
		if ch.doc, err = c.patch(rec, req); err != nil {
			return ch, err
		}
		if ch.other, err = password.set(ctx, w, c); err != nil || len(members) == 0 {
			return ch, err
		}
		ch.other, err = c.changeMembers(ctx, w, members)
		return ch, err
	})
}

// patch returns the new document, nil if it is as it was.
func (c *Call) patch(rec *store.Record, req *patch.Request) (*resource.Object, error) {
	if len(req.Ops) == 0 {
		return nil, nil
	}
	doc, err := resource.Parse(rec.Doc)
	if err != nil {
		return nil, err
	}
	next, changed, err := patch.Apply(c.Type, doc, req, c.Tolerance)
	if err != nil || !changed || next == doc {
		return nil, err
	}
	// To unassign active says nothing about it: whoever may not sign in is not let in by that.
	stated := c.stateActive(next, doc.Value("active"))
	unlinked := c.Tenant.unlinkManager(next)
	if (stated || unlinked) && next.Equal(doc) {
		return nil, nil
	}
	return next, nil
}

package directory

import (
	"context"

	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// Replace puts a body in the place of a resource (RFC 7644 §3.5.1). A group whose body names no members has none
// afterwards. What is equal already is not written, and keeps its version. Errors: 400, 404, 409, 412.
func (d *Directory) Replace(ctx context.Context, c *Call, body *resource.Object, ans *Answer) error {
	op := c.operation(putMethod)
	op.UserName = text(body, "userName")
	return d.tell(ctx, c, op, func() error { return d.replace(ctx, c, op, body, ans) })
}

func (d *Directory) replace(ctx context.Context, c *Call, op Operation, body *resource.Object, ans *Answer) error {
	in, err := c.read(body)
	if err != nil {
		return err
	}
	c.specified(in.doc)
	if in.password, err = d.newPassword(ctx, c, in.secrets); err != nil {
		return err
	}
	return d.change(ctx, c, op, ans, func(ctx context.Context, w store.Writer, rec *store.Record) (changes, error) {
		return c.replace(ctx, w, rec, in)
	})
}

func (c *Call) replace(ctx context.Context, w store.Writer, rec *store.Record, in input) (ch changes, err error) {
	current, err := resource.Parse(rec.Doc)
	if err != nil {
		return ch, err
	}
	next, changed, err := resource.Replace(c.Type, current, in.doc)
	if err != nil {
		return ch, err
	}
	if changed {
		ch.doc = next
	}
	if ch.other, err = in.password.set(ctx, w, c); err != nil {
		return ch, err
	}
	if c.Type.Name == store.TypeGroup {
		n, err := c.replaceMembers(ctx, w, in.members)
		ch.other = n > 0
		return ch, err
	}
	return ch, nil
}

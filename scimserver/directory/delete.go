package directory

import (
	"context"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// Delete removes a resource and its memberships (RFC 7644 §3.6). Errors: 404, 412.
func (d *Directory) Delete(ctx context.Context, c *Call) error {
	op := c.operation(deleteMethod)
	return d.tell(ctx, c, op, func() error { return d.delete(ctx, c, op) })
}

func (d *Directory) delete(ctx context.Context, c *Call, op Operation) error {
	at := d.now()
	ahead := store.WithAhead(ctx, store.Ahead{Type: c.Type.Name, ID: c.ID})
	return c.fault(d.update(ahead, c, op, func(w store.Writer) error {
		rec, err := w.Get(ctx, c.Type.Name, c.ID)
		if err != nil {
			return err
		}
		if err := c.Conditions.allowChange(rec.Version); err != nil {
			return err
		}
		if c.Type.Name == store.TypeGroup {
			if err := c.regroup(ctx, c.ID); err != nil {
				return err
			}
		}
		c.changedUser(&rec, nil, nil)
		return w.Delete(ctx, c.Type.Name, c.ID, at)
	}))
}

package directory

import (
	"context"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// Delete removes a resource and its memberships (RFC 7644 §3.6). Errors: 404, 412.
func (d *Directory) Delete(ctx context.Context, c *Call) error {
	at := d.now()
	return c.fault(d.store.Update(ctx, c.Tenant.Key, func(w store.Writer) error {
		rec, err := w.Get(ctx, c.Type.Name, c.ID)
		if err != nil {
			return err
		}
		if err := c.Conditions.allowChange(rec.Version); err != nil {
			return err
		}
		return w.Delete(ctx, c.Type.Name, c.ID, at)
	}))
}

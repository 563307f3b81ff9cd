package directory

import (
	"context"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// changes is what a change has come to.
type changes struct {
	doc   *resource.Object // the new document, nil: as it was
	other bool             // rows beside it were: members, a password
}

// change reads a resource, lets fn say what becomes of it, and writes that, all in one transaction.
func (d *Directory) change(ctx context.Context, c *Call, op Operation, ans *Answer, fn func(context.Context, store.Writer, *store.Record) (changes, error)) error {
	at := d.now()
	var rec store.Record
	err := d.update(ctx, c, op, func(w store.Writer) (err error) {
		if rec, err = w.Get(ctx, c.Type.Name, c.ID); err != nil {
			return err
		}
		if err := c.Conditions.allowChange(rec.Version); err != nil {
			return err
		}
		ch, err := fn(ctx, w, &rec)
		if err != nil {
			return err
		}
		before := rec
		if err := c.write(ctx, w, &rec, ch, at); err != nil {
			return err
		}
		c.changedUser(&before, &rec, ch.doc)
		return c.changedName(ctx, &before, &rec)
	})
	if err != nil {
		return c.fault(err)
	}
	return d.represent(ctx, c, rec, ans)
}

// write makes one new version of what has changed, in the document, beside it or both.
func (c *Call) write(ctx context.Context, w store.Writer, rec *store.Record, ch changes, at time.Time) (err error) {
	switch {
	case ch.doc != nil:
		next := c.record(ch.doc)
		next.Modified = at
		*rec, err = w.Replace(ctx, next)
	case ch.other:
		err = w.Touch(ctx, c.Type.Name, c.ID, at)
		rec.Version++
		rec.Modified = at
	}
	return err
}

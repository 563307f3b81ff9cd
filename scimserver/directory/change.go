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
	var alone bool
	ahead := store.Ahead{Type: c.Type.Name, ID: c.ID, Members: c.named}
	err := d.update(store.WithAhead(ctx, ahead), c, op, func(w store.Writer) (err error) {
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
		if err := c.changedName(ctx, &before, &rec); err != nil {
			return err
		}
		alone, err = c.standsAlone(ctx, w, &rec)
		return err
	})
	if err != nil {
		return c.fault(err)
	}
	if alone {
		return c.representAlone(rec, ans)
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

// standsAlone tells whether the answer has nothing of other rows, so that no further one need be read for it: the resource is
// a user without groups and without a manager.
func (c *Call) standsAlone(ctx context.Context, r store.Reader, rec *store.Record) (bool, error) {
	if _, _, manager := managerSpan(rec.Doc); c.Type.Name == store.TypeGroup || manager != "" || c.NoBody {
		return false, nil
	}
	if !c.holds("groups") {
		return true, nil
	}
	groups, err := r.GroupsOf(ctx, []string{rec.ID})
	return len(groups) == 0, err
}

// representAlone answers a user whom nothing else in the directory has to do with.
func (c *Call) representAlone(rec store.Record, ans *Answer) (err error) {
	ans.Version, ans.Location = rec.Version, c.location(rec.ID)
	ans.Body, err = c.appendResource(ans.Body, &rec, nil)
	return err
}

package transfer

import (
	"context"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// Bounds of what is loaded in one transaction, so that others get their turn, and of what is held in memory.
const (
	chunkRows  = 500
	chunkBytes = 4 << 20
)

// chunk gathers rows for Load.
type chunk struct {
	to     store.Transfer
	tenant string
	rows   []store.Row
	bytes  int
	loaded func(n int) // rows, after each transaction; nil: nobody is told
}

func (c *chunk) add(ctx context.Context, r store.Row) error {
	c.rows = append(c.rows, r)
	c.bytes += size(&r)
	if len(c.rows) < chunkRows && c.bytes < chunkBytes {
		return nil
	}
	return c.flush(ctx)
}

func (c *chunk) flush(ctx context.Context) error {
	if len(c.rows) == 0 {
		return nil
	}
	if err := c.to.Load(ctx, c.tenant, nil, c.rows); err != nil {
		return err
	}
	if c.loaded != nil {
		c.loaded(len(c.rows))
	}
	c.rows, c.bytes = c.rows[:0], 0
	return nil
}

// size is about what the row takes.
func size(r *store.Row) int {
	n := 200 + 40*len(r.Members)
	switch {
	case r.Resource != nil:
		n += len(r.Resource.Doc)
	case r.Member != nil:
		n += len(r.Member.Fields)
	case r.Event != nil:
		n += len(r.Event.Body)
	case r.Log != nil:
		n += len(r.Log.Entry)
	}
	return n
}

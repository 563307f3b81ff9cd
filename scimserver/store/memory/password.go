package memory

import (
	"context"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// Password implements store.Reader.
func (t *tenant) Password(ctx context.Context, typ, id string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	e, err := t.get(typ, id)
	if err != nil {
		return "", nil
	}
	return e.password, nil
}

// SetPassword implements store.Writer.
func (t *tenant) SetPassword(ctx context.Context, typ, id, hash string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	e, err := t.get(typ, id)
	if err != nil {
		return err
	}
	c := *e
	c.password = hash
	t.put(&c)
	return nil
}

var _ store.Writer = (*tenant)(nil)

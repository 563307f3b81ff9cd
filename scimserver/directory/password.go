package directory

import (
	"context"
	"errors"

	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// Passwords makes of a password what is kept of it. It may take its time, which is why it is never asked within a
// transaction.
type Passwords interface {
	Hash(ctx context.Context, password string) (string, error)
	Matches(ctx context.Context, hash, password string) (bool, error)
}

// passwordAttribute is RFC 7643 §4.1.1's; it is writeOnly and never returned.
const passwordAttribute = "password"

// newPassword is what a request makes of a user's password.
type newPassword struct {
	given bool
	hash  string // "": it is removed
}

// newPassword finds out what the secrets of a request make of the password. Where the tenant keeps none it is dropped:
// identity providers send random ones for accounts whose owners sign in elsewhere. Errors: 400 for one that is too long.
func (d *Directory) newPassword(ctx context.Context, c *Call, secrets *resource.Object) (p newPassword, err error) {
	if !c.Tenant.KeepPasswords || secrets == nil {
		return p, nil
	}
	v, ok := secrets.Get(passwordAttribute)
	if !ok || v.IsNull() {
		return newPassword{given: ok}, nil
	}
	p.given = true
	if p.hash, err = d.kept(ctx, c, v.Text()); err != nil || p.hash != "" {
		return p, refusedPassword(err)
	}
	p.hash, err = d.passwords.Hash(ctx, v.Text())
	return p, refusedPassword(err)
}

// kept is the present hash if it is that of the password, so that the same one again changes nothing; else "".
func (d *Directory) kept(ctx context.Context, c *Call, password string) (hash string, err error) {
	if c.ID == "" {
		return "", nil
	}
	err = d.store.View(ctx, c.Tenant.Key, func(r store.Reader) error {
		hash, err = r.Password(ctx, c.Type.Name, c.ID)
		return err
	})
	if err != nil || hash == "" {
		return "", c.fault(err)
	}
	if same, err := d.passwords.Matches(ctx, hash, password); err != nil || !same {
		return "", err
	}
	return hash, nil
}

// refusedPassword blames the password for what is neither the client's leaving nor the store's fault.
func refusedPassword(err error) error {
	var e *scimerr.Error
	if err == nil || errors.As(err, &e) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return scimerr.InvalidValue("password: %v", err)
}

// set writes the hash and says whether that was a change.
func (p newPassword) set(ctx context.Context, w store.Writer, c *Call) (changed bool, err error) {
	if !p.given {
		return false, nil
	}
	old, err := w.Password(ctx, c.Type.Name, c.ID)
	if err != nil || old == p.hash {
		return false, err
	}
	return true, w.SetPassword(ctx, c.Type.Name, c.ID, p.hash)
}

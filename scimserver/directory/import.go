package directory

import (
	"context"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
)

// Imported is a resource as an export has it.
type Imported struct {
	Body         *resource.Object // the document, of a group with its members
	PasswordHash string           // what Passwords made of the user's password, "": it has none
	Created      time.Time
}

// Import makes the resource c.ID what it was in an export, and tells whether it was not there. It is an operation as
// others are: the application's members follow. The same again changes nothing. Errors: those of Create and Replace.
func (d *Directory) Import(ctx context.Context, c *Call, in Imported) (created bool, err error) {
	c.NoBody = true
	here := *d
	here.passwords = verbatim{}
	if in.PasswordHash != "" {
		in.Body.Set(passwordAttribute, resource.String(in.PasswordHash))
	}
	err = here.Replace(ctx, c, in.Body.Copy(), &Answer{})
	if !scimerr.IsNotFound(err) {
		return false, err
	}
	id := c.ID
	here.newID = func() string { return id }
	if !in.Created.IsZero() {
		here.clock = func() time.Time { return in.Created }
	}
	return true, here.Create(ctx, c, in.Body, &Answer{})
}

// verbatim keeps hashes as they are.
type verbatim struct{}

func (verbatim) Hash(_ context.Context, hash string) (string, error) { return hash, nil }

func (verbatim) Matches(_ context.Context, hash, same string) (bool, error) { return hash == same, nil }

package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// ErrNotOwner means that another server may write the tenant, or that its owner keeps it still for a move. Nothing of the
// transaction has happened. The error is a *NotOwnerError.
var ErrNotOwner = errors.New("not the owner of the tenant")

// NotOwnerError says who may write a tenant.
type NotOwnerError struct {
	Tenant string
	Ownership
}

func (e *NotOwnerError) Error() string {
	if e.Mark != "" {
		return fmt.Sprintf("tenant %s of %s is %s", e.Tenant, e.Owner, e.Mark)
	}
	return fmt.Sprintf("tenant %s belongs to %s", e.Tenant, e.Owner)
}

// Is makes it an ErrNotOwner.
func (e *NotOwnerError) Is(target error) bool { return target == ErrNotOwner }

// Ownership is who may write a tenant. Nobody owns a tenant with the zero value: anybody may write it.
type Ownership struct {
	Owner string // a server, with all its replicas
	// Mark is empty where the owner serves the tenant. Otherwise nobody may write it, save Load for a mark that Loads.
	Mark string
}

// The beginnings of marks; the name of the move follows them.
const (
	markSealed  = "sealed "
	markMoved   = "moved "
	markLoading = "loading "
)

// Sealed marks a tenant that is kept still while a move ends, Moved one whose data went elsewhere and are kept as they were,
// and Loading one that is not complete yet.
func Sealed(move string) string { return markSealed + move }

// Moved marks a tenant whose data went elsewhere; see Sealed.
func Moved(move string) string { return markMoved + move }

// Loading marks a tenant that is not complete yet; see Sealed.
func Loading(move string) string { return markLoading + move }

// TakeNothing, in the place of an owner that a tenant may be taken from, has the process act as owner without taking the tenant.
const TakeNothing = "-"

// Free tells whether owner may take the tenant, which may be taken from the owner from (empty: from nobody). What was moved
// elsewhere, or is not complete, is not taken: the data are older than others, or fewer.
func (o Ownership) Free(owner, from string) bool {
	switch {
	case from == TakeNothing:
		return false
	case o.Owner == "":
		return true
	}
	return from != "" && from != owner && o.Owner == from && (o.Mark == "" || strings.HasPrefix(o.Mark, markSealed))
}

// Permits is nil where the process that acts as self may write the tenant; loading tells that it is Load which writes.
func (o Ownership) Permits(tenant, self string, loading bool) error {
	foreign := o.Owner != "" && o.Owner != self
	still := o.Mark != "" && (!loading || !strings.HasPrefix(o.Mark, markLoading))
	if foreign || still {
		return &NotOwnerError{Tenant: tenant, Ownership: o}
	}
	return nil
}

// Owners is the part of a Store that keeps two servers from writing one tenant. Whatever writes a tenant checks it inside the
// same transaction: Update, the methods of Outbox and Log that write, Load and Purge.
type Owners interface {
	// Own has this process act as owner for tenants from now on, also before they have data, and takes those that nobody owns,
	// or that belong to whom the map says (an Owner; empty: nobody; TakeNothing). It returns the ownership of those that it may not write:
	// of another owner, or with a mark.
	Own(ctx context.Context, owner string, tenants map[string]string) (others map[string]Ownership, err error)

	// Owner returns who may write a tenant.
	Owner(ctx context.Context, tenant string) (Ownership, error)

	// PassOwner changes the ownership, if it is as the caller thinks, and tells whether it was. No transaction commits afterwards
	// that the new ownership does not permit.
	PassOwner(ctx context.Context, tenant string, from, to Ownership) (bool, error)
}

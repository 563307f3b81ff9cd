package directory

import (
	"context"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// Provisioner decides what a change of the directory means for the application's members, and writes that in the same
// transaction, beside an entry of the provisioning log; where there is no application it writes the entry alone.
type Provisioner interface {
	// Update runs fn in one transaction of the tenant, as store.Store does, and is told by fn what has changed. fn may run
	// more than once, also after the application was asked. Where the error is a *scimerr.Error nothing has changed.
	Update(ctx context.Context, op Operation, fn func(store.Writer, Changes) error) error

	// Refused is told of an operation that has failed, whatever the reason; nothing has changed.
	Refused(ctx context.Context, op Operation, err error)
}

// Changes takes in what one transaction has changed. What it means is decided at the end of the transaction.
type Changes interface {
	// User is a user as it was, nil: it is new, and as it is, nil: it is gone. Both are given where an operation has
	// changed nothing. doc is the canonical document of after, nil where only its bytes are at hand; it is not changed.
	User(before, after *store.Record, doc *resource.Object)

	// Groups tells whether the members depend on groups at all; if not, Regroup is not needed.
	Groups() bool

	// Regroup says that the groups of these resources change, or the names of those groups. Of a group, the users in it and
	// below it are meant as they are at the time of the call, so that it must come before they leave the group.
	Regroup(ctx context.Context, ids ...string) error
}

// Operation is what an identity provider asks for, as the provisioning log shows it.
type Operation struct {
	RequestID string
	Method    string // POST, PUT, PATCH, DELETE
	Type      string // name of the resource type
	ID        string // of the resource; empty as long as it is not created
	UserName  string // of a user, where the request says it
	Start     time.Time
	Tolerance *tolerance.Log
	// New is the canonical document of a resource that is to be created, nil of others: what hangs on it alone need not be worked
	// out in the transaction. It is not changed.
	New *resource.Object
}

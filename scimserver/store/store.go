package store

import (
	"context"
	"time"
)

// Store keeps the resources of many tenants. A tenant comes into being with its first write and is
// named by its key, "namespace/name". Every method is safe for concurrent use.
type Store interface {
	Outbox
	Log
	Claims
	Owners
	Transfer

	// View runs fn on one consistent snapshot. What fn got from the Reader stays valid after it. fn may run more than once, and
	// returns what the Reader returns: it begins anew where it has got a single resource, or the few that a lookup finds, which
	// turn out to have changed when it asks for more.
	View(ctx context.Context, tenant string, fn func(Reader) error) error

	// Update runs fn in one atomic transaction that is durable before Update returns nil. When fn
	// returns an error nothing has happened, and Update returns that error. fn may run more than
	// once, so it must have no side effects, and it must not call Update itself. A ctx that ends
	// while the transaction waits for its turn ends the wait; from then on Update returns the outcome.
	Update(ctx context.Context, tenant string, fn func(Writer) error) error

	// Counts returns how many resources the tenant has, at a cost that does not depend on it.
	Counts(ctx context.Context, tenant string) (Counts, error)

	// Purge deletes all data of the tenant, once per uid: a later call with the same uid does
	// nothing, so that a repeated request cannot delete what came into being in the meantime.
	// Interrupted, it leaves data that the next call with the uid deletes.
	Purge(ctx context.Context, tenant, uid string) error

	// Secret returns SecretSize random bytes that belong to the store: made by the first call with the name, and the same
	// for every process that uses the database, also after a restart. It is no tenant's.
	Secret(ctx context.Context, name string) ([]byte, error)

	// Ping tells whether the store can be written to; else the error wraps ErrUnavailable.
	Ping(ctx context.Context) error

	// Close waits for running transactions. Afterwards every method returns ErrUnavailable.
	Close() error
}

// SecretSize is the length of a Secret, in bytes.
const SecretSize = 32

// Reader reads one snapshot of one tenant. It is valid inside the function it was given to, for
// one goroutine.
type Reader interface {
	MemberReader
	WorkReader

	// Get returns a resource, or ErrNotFound.
	Get(ctx context.Context, typ, id string) (Record, error)

	// Find returns the page of resources that the query asks for. ErrPosition: the Walk cannot go on from there.
	Find(ctx context.Context, q Query) (Page, error)

	// Members calls yield for each member of the group in the order of their addition, until yield
	// returns an error, which it then returns. Members are streamed: a large group needs no memory.
	// An unknown group has no members. yield must not use the Reader.
	Members(ctx context.Context, groupID string, yield func(Member) error) error

	// MembersIn returns those of the ids that are direct members of the group, in the order given.
	MembersIn(ctx context.Context, groupID string, ids []string) ([]string, error)

	// GroupsOf returns the groups which hold the resources as direct members, by the id of the
	// member, each list in the order of the groups' creation. Ids without a group have no entry.
	GroupsOf(ctx context.Context, ids []string) (map[string][]GroupRef, error)

	// Password returns what SetPassword has kept, "" if there is nothing. It is no part of any Record.
	Password(ctx context.Context, typ, id string) (string, error)
}

// Writer changes one tenant inside a transaction and reads its own changes.
type Writer interface {
	Reader
	MemberWriter
	EventWriter
	LogWriter
	WorkWriter

	// Insert adds a resource with the version 1 and returns it as stored. The error is a
	// *UniquenessError where a unique key, or the id ("id"), is taken.
	Insert(ctx context.Context, r Record) (Record, error)

	// Replace sets Modified, Active, Keys and Doc of a resource, adds 1 to its version and returns
	// it as stored (Created is kept). ErrNotFound, *UniquenessError.
	Replace(ctx context.Context, r Record) (Record, error)

	// Touch adds 1 to the version and sets the modification time, for a change of a group that is
	// one of its members only. ErrNotFound.
	Touch(ctx context.Context, typ, id string, at time.Time) error

	// SetPassword keeps the hash of a resource's password until the resource goes; "" removes it.
	// The version is left to Insert, Touch or Replace. ErrNotFound.
	SetPassword(ctx context.Context, typ, id, hash string) error

	// Delete removes a resource with its members and memberships. The groups that lose a member by
	// it are touched, as their members attribute changed. ErrNotFound.
	Delete(ctx context.Context, typ, id string, at time.Time) error

	// AddMembers appends those of the ids that are not members yet, and returns how many that were.
	// Ids that no resource of the tenant has are returned as unknown, and the others are added.
	// ErrNotFound: no such group. The group's version is left to Touch or Replace.
	AddMembers(ctx context.Context, groupID string, ids []string) (added int, unknown []string, err error)

	// RemoveMembers removes those of the ids that are members, and returns how many. ErrNotFound.
	RemoveMembers(ctx context.Context, groupID string, ids []string) (removed int, err error)

	// ReplaceMembers makes the ids the members of the group. Those that were members keep their
	// place, new ones are appended. ErrNotFound.
	ReplaceMembers(ctx context.Context, groupID string, ids []string) (added, removed int, unknown []string, err error)

	// ClearMembers removes all members and returns how many. ErrNotFound.
	ClearMembers(ctx context.Context, groupID string) (removed int, err error)
}

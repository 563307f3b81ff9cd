package store

import (
	"context"
	"time"
)

// MemberRecord is the application's record of one user: what the user was mapped to, as the application was told.
type MemberRecord struct {
	ID       string // UUID, for ever the same
	UserID   string // id of the SCIM user; empty: unlinked, the user is gone and the member was kept
	Active   bool   // false: off-boarded
	Role     string
	Fields   []byte // JSON object with every field of the application
	Groups   []byte // JSON array of the names of the user's groups; nil where the mapping does not look at groups
	Sequence int64  // of the member's latest event

	UserName   string // of the user, as it is
	ExternalID string // of the user

	// Pending is the off-boarding that a hold puts off, nil: none. It is JSON, and means nothing to the store.
	Pending []byte

	Created  time.Time // UTC, milliseconds
	Modified time.Time // UTC, milliseconds

	// Keys are the values of the application's unique fields, folded, by the field in Path. It is written and not read
	// back: a MemberRecord that the store returns has none.
	Keys []Key
}

// Hold is why a member cannot be off-boarded now.
type Hold struct {
	MemberID string
	Name     string
	Reason   string // for the identity provider's administrator
	Created  time.Time
}

// MemberReader is the part of a Reader that concerns members.
type MemberReader interface {
	// Member returns a member, or ErrNotFound.
	Member(ctx context.Context, id string) (MemberRecord, error)

	// MemberOf returns the member that is linked to the user, or ErrNotFound.
	MemberOf(ctx context.Context, userID string) (MemberRecord, error)

	// Unlinked returns the unlinked member with the externalId, else the one with the userName (in any case), of several
	// the one changed last; or ErrNotFound. An empty text finds nothing.
	Unlinked(ctx context.Context, userName, externalID string) (MemberRecord, error)

	// Holders returns the members that have the key, in the order of their ids.
	Holders(ctx context.Context, k Key) ([]MemberRecord, error)

	// MemberPage returns up to limit members in the order of their ids, behind the id after; empty: from the first.
	MemberPage(ctx context.Context, after string, limit int) ([]MemberRecord, error)

	// Holds returns the holds of a member in the order of their names; of all members, by member, where the id is empty.
	Holds(ctx context.Context, memberID string) ([]Hold, error)
}

// MemberWriter is the part of a Writer that concerns members.
type MemberWriter interface {
	// InsertMember adds a member. A *UniquenessError names "id" or "user" where another member has it.
	InsertMember(ctx context.Context, m MemberRecord) error

	// ReplaceMember sets all of a member but Created. ErrNotFound, *UniquenessError.
	ReplaceMember(ctx context.Context, m MemberRecord) error

	// DeleteMember removes a member with its holds. ErrNotFound.
	DeleteMember(ctx context.Context, id string) error

	// PutHold adds a hold, or replaces the one of its name. ErrNotFound: no such member.
	PutHold(ctx context.Context, h Hold) error

	// DeleteHold removes a hold and tells whether it was there.
	DeleteHold(ctx context.Context, memberID, name string) (bool, error)
}

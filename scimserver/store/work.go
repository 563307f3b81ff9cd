package store

import (
	"context"
	"time"
)

// Intent is written before an application is asked, so that a crash between its answer and the change is made good.
type Intent struct {
	ID       string // unique within the tenant
	MemberID string
	UserID   string
	Created  time.Time
	Sequence int64  // the application was asked with; 0: it was not asked yet
	Body     []byte // the envelope it was asked with
}

// WorkReader is the part of a Reader that concerns work which waits.
type WorkReader interface {
	// UsersAfter returns up to limit users in the order of their creation, behind a position, and the position of the last
	// one; the empty position is before the first. Users who come into being meanwhile are behind every position.
	UsersAfter(ctx context.Context, position string, limit int) (users []Record, last string, err error)

	// Work returns up to limit of the users that are to be looked at again.
	Work(ctx context.Context, limit int) (userIDs []string, err error)

	// Intents returns the intents in the order of their creation.
	Intents(ctx context.Context) ([]Intent, error)

	// Offboardings counts those booked since.
	Offboardings(ctx context.Context, since time.Time) (int64, error)

	// State returns what SetState keeps under the name, nil: nothing.
	State(ctx context.Context, name string) ([]byte, error)
}

// WorkWriter is the part of a Writer that concerns work which waits.
type WorkWriter interface {
	// AddWork notes users that are to be looked at again, each once.
	AddWork(ctx context.Context, userIDs []string) error

	// AddWorkBelow does so for all users in the group and in the groups below it.
	AddWorkBelow(ctx context.Context, groupID string) error

	// RemoveWork forgets users.
	RemoveWork(ctx context.Context, userIDs []string) error

	// PutIntent adds an intent, or replaces the one of its ID. DeleteIntent passes over unknown ones.
	PutIntent(ctx context.Context, i Intent) error
	DeleteIntent(ctx context.Context, id string) error

	// BookOffboarding counts one, and forgets those before the time oldest.
	BookOffboarding(ctx context.Context, at, oldest time.Time) error

	// SetState keeps a small value under a name; nil removes it.
	SetState(ctx context.Context, name string, value []byte) error
}

package directory

import (
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/scim-operator/scim-operator/scimserver/scim/cursor"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// Deps is what a Directory needs.
type Deps struct {
	Store     store.Store
	Passwords Passwords        // of tenants that keep them
	Clock     func() time.Time // nil: time.Now
	NewID     func() string    // nil: UUIDs of version 7, which grow with time and so fill the store's indexes in order
}

// Directory performs the use cases for every tenant. It is safe for concurrent use.
type Directory struct {
	store     store.Store
	passwords Passwords
	clock     func() time.Time
	newID     func() string

	sealer *atomic.Pointer[cursor.Sealer] // holds nil before the first cursor
}

// New makes a Directory.
func New(d Deps) *Directory {
	if d.Clock == nil {
		d.Clock = time.Now
	}
	if d.NewID == nil {
		d.NewID = func() string { return uuid.Must(uuid.NewV7()).String() }
	}
	return &Directory{store: d.Store, passwords: d.Passwords, clock: d.Clock, newID: d.NewID, sealer: new(atomic.Pointer[cursor.Sealer])}
}

// now is the time of a change: UTC in milliseconds, as the store keeps it.
func (d *Directory) now() time.Time { return d.clock().UTC().Truncate(time.Millisecond) }

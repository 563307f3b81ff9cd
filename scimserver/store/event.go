package store

import (
	"context"
	"errors"
	"time"
)

// The types of events.
const (
	MemberCreated     = "member.created"
	MemberUpdated     = "member.updated"
	MemberDeactivated = "member.deactivated"
	MemberReactivated = "member.reactivated"
	MemberRemoved     = "member.removed"
	MemberAction      = "member.action" // an off-boarding action of the application's own
)

// Offboards tells whether events of the type take access away.
func Offboards(typ string) bool {
	return typ == MemberDeactivated || typ == MemberRemoved || typ == MemberAction
}

// ErrGone means that events behind the asked sequence are no longer kept: the reader lists the members instead.
var ErrGone = errors.New("events are no longer kept")

// Event is one change of a member, as the application is told of it.
type Event struct {
	Sequence int64     // of the tenant: from 1, in the order of commits, without gaps
	ID       string    // webhook-id: the same for ever, unique over tenants and purges; set by the store
	MemberID string    // events of one member are delivered one after the other
	Type     string    // MemberCreated, …
	Created  time.Time // UTC, milliseconds
	Body     []byte    // the envelope

	// How far the delivery is. An event that is neither Delivered nor Parked is pending.
	Delivered   bool      // acknowledged, or nobody is to be sent it
	Parked      bool      // given up until a replay
	Attempts    int       // that failed, since it was written or replayed
	NextAttempt time.Time // of a pending event; zero: it waits for an earlier one of its member
	LastError   string    // of the latest attempt; without personal data
}

// Attempt is a delivery that failed.
type Attempt struct {
	// Claim is the NextAttempt that Due returned with the event, where it was claimed. An attempt whose claim has run out and
	// was taken by another one since counts for nothing. Zero: it was not claimed.
	Claim time.Time

	At    time.Time
	Next  time.Time // when to try again
	Park  bool      // give up
	Error string    // without personal data
}

// ReplayQuery selects events that are to be delivered again.
type ReplayQuery struct {
	From, To   int64     // sequences, both included; 0: no bound
	Member     string    // id; empty: all
	ParkedOnly bool      // only what was given up
	At         time.Time // when they become due
}

// Backlog is what has not reached the application.
type Backlog struct {
	Last              int64     // sequence of the latest event, 0: none
	First             int64     // of the oldest one that is kept, Last+1: none
	Pending           int64     // neither delivered nor parked
	Parked            int64     // given up
	OldestPending     time.Time // Created of the oldest pending one, zero: none
	OldestOffboarding time.Time // of those that take access away
	LastError         string    // of the oldest pending or parked event that has one
}

// EventWriter is the part of a Writer that concerns events.
type EventWriter interface {
	// NextSequence is what the next event of the tenant gets.
	NextSequence(ctx context.Context) (int64, error)

	// AppendEvent adds an event; its Sequence is NextSequence. previous is the sequence of the member's event before it, 0:
	// none. As long as that one is pending the new one waits for it. NextAttempt of an event that is not Delivered is when
	// it may be sent first. The store gives the ID, and copies the Body.
	AppendEvent(ctx context.Context, e Event, previous int64) error
}

// Outbox is the part of a Store that the delivery of events needs. Each call is a transaction of its own.
type Outbox interface {
	// Due returns pending events whose NextAttempt has come, the one that waits longest first, and never two of one member:
	// the oldest pending event of each. With a claim their NextAttempt is now moved to now+claim, also in what is returned, so
	// that nobody else gets them before; events that others claim at this moment may be left out.
	Due(ctx context.Context, tenant string, now time.Time, limit int, claim time.Duration) ([]Event, error)

	// Unclaim gives back events as Due has returned them under a claim: they are due again at once. Those whose claim another
	// one has taken since, and that are not pending any more, are passed over.
	Unclaim(ctx context.Context, tenant string, events []Event) error

	// DueTenants returns up to limit tenants with an event whose NextAttempt has come, the one that waits longest first, at a
	// cost that does not depend on the number of their events.
	DueTenants(ctx context.Context, now time.Time, limit int) ([]string, error)

	// NextDue returns the earliest NextAttempt of the pending events, zero if there is none.
	NextDue(ctx context.Context, tenant string) (time.Time, error)

	// Delivered marks events as acknowledged, so that the next one of each member is due at once. Unknown sequences, and
	// events that are not pending, are passed over.
	Delivered(ctx context.Context, tenant string, sequences []int64) error

	// Failed notes an attempt of a pending event. A parked event lets the next one of its member go, which holds the later
	// state.
	Failed(ctx context.Context, tenant string, sequence int64, a Attempt) error

	// Replay makes events pending again, and returns how many. Events of one member are sent in their order.
	Replay(ctx context.Context, tenant string, q ReplayQuery) (n int64, err error)

	// Events returns up to limit events behind the sequence after, in their order. ErrGone where some of them are no longer
	// kept.
	Events(ctx context.Context, tenant string, after int64, limit int) ([]Event, error)

	// Backlog counts.
	Backlog(ctx context.Context, tenant string) (Backlog, error)

	// PruneEvents removes delivered events that are older than before, and those beyond the newest keep, in sequence up to
	// the first that is pending; parked ones go with them. It returns how many it removed, at most limit.
	PruneEvents(ctx context.Context, tenant string, before time.Time, keep int64, limit int) (n int64, err error)

	// OnCommit has fn called after each commit that wrote events or log rows of a tenant, with its key. fn must not block,
	// nor use the store. It stays for the life of the store.
	OnCommit(fn func(tenant string))
}

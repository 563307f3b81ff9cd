package store

import (
	"errors"
	"fmt"
)

// FaultReason is the machine-readable cause of a store's being unavailable. The operator makes a condition's reason of it.
type FaultReason string

// What keeps a store from its work. A store that can tell none of them gives FaultFailing.
const (
	// FaultURIInvalid: what names the database cannot be read, or its file is not there.
	FaultURIInvalid FaultReason = "DatabaseURIInvalid"
	// FaultUnreachable: no connection comes about: no such host, nobody listens, no answer in time, no TLS.
	FaultUnreachable FaultReason = "DatabaseUnreachable"
	// FaultLoginRefused: the server refuses user, password or origin.
	FaultLoginRefused FaultReason = "DatabaseLoginRefused"
	// FaultNotFound: the server has no database of the name.
	FaultNotFound FaultReason = "DatabaseNotFound"
	// FaultRightsMissing: the user may not do what the store needs.
	FaultRightsMissing FaultReason = "DatabaseRightsMissing"
	// FaultReadOnly: nothing can be written: a standby, or a server that was made read-only.
	FaultReadOnly FaultReason = "DatabaseReadOnly"
	// FaultFull: there is no room left to write.
	FaultFull FaultReason = "DatabaseFull"
	// FaultConnectionLimit: the server takes no more connections.
	FaultConnectionLimit FaultReason = "DatabaseConnectionLimit"
	// FaultSchemaTooNew: a later version of this program has migrated the schema.
	FaultSchemaTooNew FaultReason = "DatabaseSchemaTooNew"
	// FaultMigrationFailed: the schema is of an earlier version and cannot be migrated, or is not ours.
	FaultMigrationFailed FaultReason = "DatabaseMigrationFailed"
	// FaultFailing: anything else.
	FaultFailing FaultReason = "DatabaseFailing"
)

// Fault is why a store is unavailable. It wraps ErrUnavailable, so that who does not care for the reason need not know it.
type Fault struct {
	Reason FaultReason
	// Detail says what is wrong and what to do, for people. It has no password and no personal data.
	Detail string
	// Err is the cause, nil if there is none to tell; its text is not shown to people beyond the log.
	Err error
}

func (f *Fault) Error() string { return fmt.Sprintf("%v: %s", ErrUnavailable, f.Detail) }

// Unwrap gives ErrUnavailable and the cause.
func (f *Fault) Unwrap() []error {
	if f.Err == nil {
		return []error{ErrUnavailable}
	}
	return []error{ErrUnavailable, f.Err}
}

// FaultOf is the fault of an error that wraps ErrUnavailable, nil for others.
func FaultOf(err error) *Fault {
	if fault, ok := errors.AsType[*Fault](err); ok {
		return fault
	}
	if !errors.Is(err, ErrUnavailable) {
		return nil
	}
	return &Fault{Reason: FaultFailing, Detail: err.Error(), Err: err}
}

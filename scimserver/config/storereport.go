package config

import (
	"slices"
	"time"
)

// StoreReport is why the database does not do its work.
type StoreReport struct {
	// Reason is one of StoreReasons. A later release may know more of them.
	Reason string `json:"reason"`
	// Message says what to do. It has no password in it.
	Message string `json:"message"`
	// Since when, to the second.
	Since time.Time `json:"since"`
}

// Reasons of a StoreReport, as the server's stores give them.
const (
	StoreURIInvalid      = "DatabaseURIInvalid"
	StoreUnreachable     = "DatabaseUnreachable"
	StoreLoginRefused    = "DatabaseLoginRefused"
	StoreNotFound        = "DatabaseNotFound"
	StoreRightsMissing   = "DatabaseRightsMissing"
	StoreReadOnly        = "DatabaseReadOnly"
	StoreFull            = "DatabaseFull"
	StoreConnectionLimit = "DatabaseConnectionLimit"
	StoreSchemaTooNew    = "DatabaseSchemaTooNew"
	StoreMigrationFailed = "DatabaseMigrationFailed"
	StoreFailing         = "DatabaseFailing"
)

// StoreReasons are all of them.
var StoreReasons = []string{
	StoreURIInvalid, StoreUnreachable, StoreLoginRefused, StoreNotFound, StoreRightsMissing, StoreReadOnly, StoreFull,
	StoreConnectionLimit, StoreSchemaTooNew, StoreMigrationFailed, StoreFailing,
}

// KnownReason is the reason, or StoreFailing for one of a later release.
func (r StoreReport) KnownReason() string {
	if slices.Contains(StoreReasons, r.Reason) {
		return r.Reason
	}
	return StoreFailing
}

package sqlite

import (
	"context"
	"errors"
	"fmt"

	driver "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/sqlite/conn"
)

// unavailable lists the failures that are no fault of the request.
var unavailable = map[int]bool{
	sqlite3.SQLITE_PERM:     true,
	sqlite3.SQLITE_BUSY:     true,
	sqlite3.SQLITE_LOCKED:   true,
	sqlite3.SQLITE_NOMEM:    true,
	sqlite3.SQLITE_READONLY: true,
	sqlite3.SQLITE_IOERR:    true,
	sqlite3.SQLITE_CORRUPT:  true,
	sqlite3.SQLITE_FULL:     true,
	sqlite3.SQLITE_CANTOPEN: true,
	sqlite3.SQLITE_PROTOCOL: true,
	sqlite3.SQLITE_NOTADB:   true,
}

// classify wraps what SQLite reports in the errors of the store.
func classify(err error) error {
	code := conn.Code(err)
	switch {
	case err == nil, code == 0:
		return err
	case code == sqlite3.SQLITE_INTERRUPT:
		return context.Canceled
	case unavailable[code&0xff]:
		return fault(code, err)
	}
	return err
}

// fault names what somebody can mend. The text of SQLite has no data in it.
func fault(code int, err error) error {
	switch code & 0xff {
	case sqlite3.SQLITE_FULL:
		return &store.Fault{Reason: store.FaultFull, Detail: fmt.Sprintf("the volume of the database is full (%v); free some room, or grow it", err), Err: err}
	case sqlite3.SQLITE_READONLY:
		return &store.Fault{Reason: store.FaultReadOnly, Detail: fmt.Sprintf("the volume of the database is read-only (%v)", err), Err: err}
	}
	return fmt.Errorf("%w: %w", store.ErrUnavailable, err)
}

// driverError classifies an error that came through database/sql.
func driverError(err error) error {
	var e *driver.Error
	if errors.As(err, &e) && unavailable[e.Code()&0xff] {
		return fault(e.Code(), err)
	}
	return err
}

// isConstraint tells whether err is the violation of a unique index or a primary key.
func isConstraint(err error) bool {
	code := conn.Code(err)
	return code == sqlite3.SQLITE_CONSTRAINT_UNIQUE || code == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
}

var errClosed = fmt.Errorf("%w: the store is closed", store.ErrUnavailable)

// errUsedLate is returned by a Reader or Writer that is used when its function has ended.
var errUsedLate = errors.New("transaction has ended")

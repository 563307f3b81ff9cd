package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// sqlstate is the code of an error of the server (PostgreSQL, appendix A), empty for others.
func sqlstate(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return ""
}

// Codes that are told apart.
const (
	uniqueViolation      = "23505"
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
	undefinedTable       = "42P01"
	idleTooLong          = "25P03"
	connectionLimit      = "53300"
)

// faults says for codes, or their classes, what is wrong and what to do.
var faults = map[string]store.Fault{
	"28":    {Reason: store.FaultLoginRefused, Detail: "the server refuses the user or its password: correct them in the URI"},
	"3D000": {Reason: store.FaultNotFound, Detail: "the server has no database of this name: create it, or correct the URI"},
	"3F000": {Reason: store.FaultRightsMissing, Detail: "there is no schema to make tables in: create the one that search_path names, or grant its use"},
	"42501": {Reason: store.FaultRightsMissing, Detail: "the user lacks a right: " +
		"make it the owner of the database, or grant it USAGE and CREATE on the schema and all rights on the tables"},
	"25006": {Reason: store.FaultReadOnly, Detail: "the database takes no writes: it is a standby, or was made read-only; " +
		"let the URI name the primary (target_session_attrs=read-write picks it among several hosts)"},
	"25P03": {Reason: store.FaultFailing, Detail: "the server has ended a transaction in which nothing happened for seconds: this process stood still"},
	"53100": {Reason: store.FaultFull, Detail: "the server's disk is full: make room"},
	"53300": {Reason: store.FaultConnectionLimit, Detail: "the server takes no more connections: " +
		"raise max_connections or the limit of the user or database, set pool_max_conns in the URI, or put a pooler before it"},
	"53":  {Reason: store.FaultFailing, Detail: "the server lacks a resource, such as memory"},
	"57P": {Reason: store.FaultUnreachable, Detail: "the server is starting, stopping, or has ended the connection"},
	"08":  {Reason: store.FaultUnreachable, Detail: "the connection to the server is lost"},
	"58":  {Reason: store.FaultFailing, Detail: "the server's system fails"},
	"XX":  {Reason: store.FaultFailing, Detail: "the server reports damage or an internal error"},
}

// faultOf finds what is wrong, nil for what is no fault of the database's.
func faultOf(err error) *store.Fault {
	if fault, ok := errors.AsType[*store.Fault](err); ok {
		return fault
	}
	code := sqlstate(err)
	for n := len(code); n >= 2; n-- {
		if f, ok := faults[code[:n]]; ok {
			return &store.Fault{Reason: f.Reason, Detail: f.Detail + " (" + serverText(err) + ")", Err: err}
		}
	}
	switch {
	case code != "":
		return nil
	case errors.As(err, new(*pgconn.ConnectError)):
		return &store.Fault{Reason: store.FaultUnreachable, Detail: "no connection to the server comes about: " + cause(err), Err: err}
	case isLost(err):
		return &store.Fault{Reason: store.FaultUnreachable, Detail: "the connection to the server is lost: " + cause(err), Err: err}
	}
	return nil
}

// serverText is what the server says, with its code.
func serverText(err error) string {
	var e *pgconn.PgError
	errors.As(err, &e)
	return fmt.Sprintf("%s, SQLSTATE %s", e.Message, e.Code)
}

// cause is the innermost text, without what the driver adds of user and database.
func cause(err error) string {
	for {
		switch e := err.(type) { //nolint:errorlint // it is what walks the chain
		case interface{ Unwrap() error }:
			if e.Unwrap() == nil {
				return err.Error()
			}
			err = e.Unwrap()
		case interface{ Unwrap() []error }:
			list := e.Unwrap()
			if len(list) == 0 {
				return err.Error()
			}
			err = list[len(list)-1]
		default:
			return err.Error()
		}
	}
}

// isLost tells whether the connection broke, so that the outcome of what was under way is unknown. The server ends a connection with
// its last error, which need not be about that: a commit that finds the disk full is found to have happened, or not, by what is
// on the disk after a restart.
func isLost(err error) bool {
	if err == nil {
		return false
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.SeverityUnlocalized == "FATAL" || e.SeverityUnlocalized == "PANIC" || strings.HasPrefix(e.Code, "57P") || strings.HasPrefix(e.Code, "08")
	}
	return pgconn.SafeToRetry(err) || isIO(err)
}

// classify wraps what went wrong in the errors of the store. An error that the context caused is the context's.
func classify(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	}
	if f := faultOf(err); f != nil {
		return f
	}
	return err
}

// passes tells whether another try of the transaction may succeed.
func passes(err error) bool {
	code := sqlstate(err)
	return code == serializationFailure || code == deadlockDetected
}

var (
	errClosed = fmt.Errorf("%w: the store is closed", store.ErrUnavailable)

	// errUsedLate is returned by a Reader or Writer that is used when its function has ended.
	errUsedLate = errors.New("transaction has ended")
)

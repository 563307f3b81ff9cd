package store

import (
	"errors"
	"fmt"
)

var (
	// ErrNotFound means that the tenant has no such resource.
	ErrNotFound = errors.New("resource not found")

	// ErrPosition means that a Walk cannot go on from a position: it is no position of this store and query, or what the
	// store remembers it by has changed. A new walk is needed.
	ErrPosition = errors.New("position in the order of resources is lost")

	// ErrUnavailable means that the store cannot do its work now, whatever is asked: it is closed,
	// read-only, full, or the disk fails. Nothing of the transaction has happened, unless it is an ErrUnknownOutcome, too.
	ErrUnavailable = errors.New("store unavailable")

	// ErrUnknownOutcome means that a transaction may have happened or not: the answer to its commit is lost, and could not be looked
	// up. It comes with ErrUnavailable.
	ErrUnknownOutcome = errors.New("it is not known whether the transaction has happened")

	// ErrBroken means that the store must be opened anew before it can be used again. It comes with ErrUnavailable.
	ErrBroken = errors.New("the store must be opened anew")
)

// UniquenessError means that another resource of the type has the value of the attribute.
type UniquenessError struct {
	Attribute string // path of the attribute, e.g. "userName"; where several are taken, one of them
}

func (e *UniquenessError) Error() string {
	return fmt.Sprintf("attribute %s: value is taken by another resource", e.Attribute)
}

// NameAttribute returns the attribute that Keys.Name holds for resources of the type.
func NameAttribute(typ string) string {
	if typ == TypeUser {
		return "userName"
	}
	return "displayName"
}

package scimerr

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Schema is the URN in the schemas of every error body.
const Schema = "urn:ietf:params:scim:api:messages:2.0:Error"

// Type is a scimType: the detail error keyword of RFC 7644 §3.12, table 9, and of RFC 9865 §2.
type Type string

// The keywords. None stands for an error whose status says it all.
const (
	None           Type = ""
	InvalidFilter  Type = "invalidFilter"
	TooMany        Type = "tooMany"
	NotUnique      Type = "uniqueness"
	NotMutable     Type = "mutability"
	BadSyntax      Type = "invalidSyntax"
	BadPath        Type = "invalidPath"
	TargetMissing  Type = "noTarget"
	BadValue       Type = "invalidValue"
	InvalidVersion Type = "invalidVers"
	Sensitive      Type = "sensitive"
	InvalidCursor  Type = "invalidCursor"
	ExpiredCursor  Type = "expiredCursor"
	InvalidCount   Type = "invalidCount"
)

// Error is what a SCIM client is told. Detail names the attribute or position and never holds a person's data, unless there
// is a Summary, which says the same without: it is for logs and whoever else is not that client.
type Error struct {
	Status     int
	ScimType   Type
	Detail     string
	Summary    string
	RetryAfter time.Duration // 0: no Retry-After header
	cause      error
}

// New makes an error; the format follows fmt.Errorf, so that %w keeps a cause for the log.
func New(status int, t Type, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Status: status, ScimType: t, Detail: err.Error(), cause: errors.Unwrap(err)}
}

// Wrap makes an error whose cause is for the log only: the client sees detail alone.
func Wrap(cause error, status int, t Type, detail string) *Error {
	return &Error{Status: status, ScimType: t, Detail: detail, cause: cause}
}

// Error is the text for logs.
func (e *Error) Error() string {
	if e.ScimType == None {
		return fmt.Sprintf("%d: %s", e.Status, e.Loggable())
	}
	return fmt.Sprintf("%d %s: %s", e.Status, e.ScimType, e.Loggable())
}

// Loggable is the Summary if there is one, else the Detail.
func (e *Error) Loggable() string {
	if e.Summary != "" {
		return e.Summary
	}
	return e.Detail
}

// Unwrap returns the cause, nil if there is none.
func (e *Error) Unwrap() error { return e.cause }

// BadFilter is 400 invalidFilter: the filter does not parse, or compares what cannot be compared.
func BadFilter(format string, args ...any) *Error {
	return New(http.StatusBadRequest, InvalidFilter, format, args...)
}

// BadRequest is 400 with a keyword that has no function of its own.
func BadRequest(t Type, format string, args ...any) *Error {
	return New(http.StatusBadRequest, t, format, args...)
}

// InvalidPath is 400 invalidPath: the path of a PATCH operation does not parse or names no attribute.
func InvalidPath(format string, args ...any) *Error {
	return New(http.StatusBadRequest, BadPath, format, args...)
}

// InvalidValue is 400 invalidValue: a value is missing or of the wrong type.
func InvalidValue(format string, args ...any) *Error {
	return New(http.StatusBadRequest, BadValue, format, args...)
}

// InvalidSyntax is 400 invalidSyntax: the body is no JSON, or not of the request's schema.
func InvalidSyntax(format string, args ...any) *Error {
	return New(http.StatusBadRequest, BadSyntax, format, args...)
}

// NoTarget is 400 noTarget: the path of a PATCH operation selects nothing.
func NoTarget(format string, args ...any) *Error {
	return New(http.StatusBadRequest, TargetMissing, format, args...)
}

// Mutability is 400 mutability: the attribute must not be changed so.
func Mutability(format string, args ...any) *Error {
	return New(http.StatusBadRequest, NotMutable, format, args...)
}

// Uniqueness is 409 uniqueness: another resource holds the value.
func Uniqueness(format string, args ...any) *Error {
	return New(http.StatusConflict, NotUnique, format, args...)
}

// NotFound is 404.
func NotFound(format string, args ...any) *Error {
	return New(http.StatusNotFound, None, format, args...)
}

// IsNotFound tells whether an error is 404.
func IsNotFound(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Status == http.StatusNotFound
}

// Forbidden is 403: the server does not do that for this client.
func Forbidden(format string, args ...any) *Error {
	return New(http.StatusForbidden, None, format, args...)
}

// PreconditionFailed is 412: the resource has another version than the client assumes.
func PreconditionFailed(format string, args ...any) *Error {
	return New(http.StatusPreconditionFailed, None, format, args...)
}

// Unavailable is 503, with the time after which to try again; the cause is for the log.
func Unavailable(cause error, retryAfter time.Duration, detail string) *Error {
	e := Wrap(cause, http.StatusServiceUnavailable, None, detail)
	e.RetryAfter = retryAfter
	return e
}

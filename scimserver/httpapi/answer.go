package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/directory"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
)

// mediaType is the content type of every answer (RFC 7644 §8.1).
const mediaType = "application/scim+json"

var contentType = []string{mediaType}

// Header, Write and WriteHeader implement http.ResponseWriter for the mux.
func (x *exchange) Header() http.Header { return x.w.Header() }

func (x *exchange) Write(p []byte) (int, error) {
	x.WriteHeader(http.StatusOK)
	return x.w.Write(p)
}

// WriteHeader sends the first status it is given.
func (x *exchange) WriteHeader(status int) {
	if x.status == 0 {
		x.status = status
		x.w.WriteHeader(status)
	}
}

// send finishes a success. Nothing else is needed after a body that was spilled.
func (x *exchange) send() error {
	if x.ans.Spilled() {
		return x.spill(&x.ans)
	}
	x.setHead()
	if x.intent == http.StatusNoContent || x.intent == http.StatusNotModified {
		x.WriteHeader(x.intent)
		return nil
	}
	x.w.Header()["Content-Type"] = contentType
	x.set("Content-Length", strconv.Itoa(len(x.ans.Body)))
	x.WriteHeader(x.intent)
	return written(x.w.Write(x.ans.Body))
}

// goneError is a client that did not take its answer.
type goneError struct{ error }

func written(_ int, err error) error {
	if err != nil {
		return goneError{err}
	}
	return nil
}

// setHead sets the headers that a resource's answer has with or without a body.
func (x *exchange) setHead() {
	if x.ans.Version > 0 {
		x.set("Etag", string(directory.AppendTag(nil, x.ans.Version)))
	}
	if x.ans.Location != "" && x.intent == http.StatusCreated {
		x.set("Location", x.ans.Location)
	}
}

// spill sends a piece of a large answer; the first one goes behind the headers.
func (x *exchange) spill(a *directory.Answer) error {
	if !x.streaming {
		if err := x.beginStream(); err != nil {
			return err
		}
	}
	err := x.sendPiece(a.Body)
	a.Body = a.Body[:0]
	return err
}

// slowPiece is how long a client may take for a piece of an answer before its tenant's other reads need not wait for it.
const slowPiece = 20 * time.Millisecond

func (x *exchange) sendPiece(piece []byte) error {
	if x.share == nil {
		return written(x.w.Write(piece))
	}
	slow := time.AfterFunc(slowPiece, x.share.Leave)
	err := written(x.w.Write(piece))
	if !slow.Stop() {
		x.share = nil
	}
	return err
}

// fail sends an error as SCIM has it (RFC 7644 §3.12). Once something was sent it ends the connection instead, so that the
// client does not take a part for the whole.
func (x *exchange) fail(err error) {
	if x.status != 0 {
		x.abort(err)
	}
	x.err = x.public(err)
	x.kind, x.summary = kindOf(err)
	if x.err.Status >= http.StatusInternalServerError && !x.switchedOff() && !errors.Is(err, directory.ErrMoving) {
		x.logFault(err)
	}
	header := x.w.Header()
	header["Content-Type"] = contentType
	if s := x.err.RetryAfter; s > 0 {
		x.set("Retry-After", strconv.FormatInt(int64((s+time.Second-1)/time.Second), 10))
	}
	if x.err.Status == http.StatusUnauthorized {
		x.set("Www-Authenticate", challenge(x.r))
	}
	x.ans.Reset()
	x.ans.Body = x.err.AppendJSON(x.ans.Body)
	x.set("Content-Length", strconv.Itoa(len(x.ans.Body)))
	x.WriteHeader(x.err.Status)
	_, _ = x.w.Write(x.ans.Body) // a client that is gone needs no answer
}

// switchedOff tells whether the answer is that of a tenant which is meant to be out of service; that is no fault.
func (x *exchange) switchedOff() bool { return x.tenant != nil && x.err == x.tenant.Unavailable }

func (x *exchange) abort(err error) {
	if _, gone := errors.AsType[goneError](err); !gone {
		x.err = x.public(err)
		x.logFault(err)
	}
	panic(http.ErrAbortHandler)
}

// challenge is WWW-Authenticate (RFC 6750 §3).
func challenge(r *http.Request) string {
	if len(r.Header["Authorization"]) == 0 {
		return `Bearer realm="SCIM"`
	}
	return `Bearer realm="SCIM", error="invalid_token"`
}

// public is what the client may know of an error.
func (x *exchange) public(err error) *scimerr.Error {
	var e *scimerr.Error
	switch {
	case errors.As(err, &e):
		return e
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return scimerr.Unavailable(err, time.Second, "the request was interrupted: try again")
	}
	return scimerr.Wrap(err, http.StatusInternalServerError, scimerr.None, "internal error: tell the administrator the request id "+x.id)
}

func (x *exchange) logFault(err error) {
	x.h.Log.LogAttrs(x.r.Context(), slog.LevelError, "request failed", x.logAttrs(slog.Any("error", cause(err)))...)
}

func (x *exchange) logAccess(e Exchange) {
	if ctx := x.r.Context(); x.h.Log.Enabled(ctx, slog.LevelDebug) {
		x.h.Log.LogAttrs(ctx, slog.LevelDebug, "request", x.logAttrs(slog.Int("status", e.Status), slog.Duration("duration", e.Duration))...)
	}
}

// logAttrs name the request without anything that a person could be known by: the path and query stay out.
func (x *exchange) logAttrs(more ...slog.Attr) []slog.Attr {
	attrs := []slog.Attr{slog.String("requestID", x.id), slog.String("method", methodLabel(x.r.Method)), slog.String("route", x.route)}
	if x.tenant != nil {
		attrs = append(attrs, slog.String("tenant", x.tenant.Directory.Key))
	}
	return append(attrs, more...)
}

// cause is what is behind a SCIM error, for the log.
func cause(err error) error {
	var e *scimerr.Error
	if errors.As(err, &e) && e.Unwrap() != nil {
		return e.Unwrap()
	}
	return err
}

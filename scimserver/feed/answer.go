package feed

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

type methods map[string]func() error

func (x *exchange) endpoint(route string, m methods) error {
	x.route = route
	method := x.r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	if answer := m[method]; answer != nil {
		return answer()
	}
	allow := strings.Join(slices.Sorted(maps.Keys(m)), ", ")
	x.w.Header().Set("Allow", allow)
	return scimerr.New(http.StatusMethodNotAllowed, scimerr.None, "this method is not allowed here, only %s", allow)
}

// problem is an error body (RFC 9457).
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	// Oldest is the sequence before the oldest event that is kept, where older ones were asked for.
	Oldest *int64 `json:"oldest,omitempty"`
}

// resync is the type of the problem that a list of all members solves.
const resync = "https://scim-operator.io/problems/resync"

// goneError is 410.
type goneError struct {
	oldest int64
	detail string
}

func (e *goneError) Error() string { return e.detail }

func notFound(detail string) *scimerr.Error { return scimerr.NotFound("%s", detail) }

func badRequest(format string, args ...any) *scimerr.Error {
	return scimerr.New(http.StatusBadRequest, scimerr.None, format, args...)
}

func tooMany(after time.Duration, detail string) *scimerr.Error {
	e := scimerr.New(http.StatusTooManyRequests, scimerr.None, "%s", detail)
	e.RetryAfter = after
	return e
}

// unauthorized says where the application's credential is; auth speaks of the identity provider's.
func unauthorized(err error) error {
	if e := (*scimerr.Error)(nil); errors.As(err, &e) && e.Status != http.StatusUnauthorized {
		return e
	}
	return scimerr.Wrap(err, http.StatusUnauthorized, scimerr.None,
		"send Authorization: Bearer <token> with the token of the application's feed credentials; the identity provider's token is not accepted here")
}

// refuse writes an error.
func (x *exchange) refuse(err error) {
	p := problem{Type: "about:blank"}
	e, gone := (*scimerr.Error)(nil), (*goneError)(nil)
	switch {
	case errors.As(err, &gone):
		p.Type, p.Status, p.Detail, p.Oldest = resync, http.StatusGone, gone.detail, &gone.oldest
	case errors.As(err, &e):
		p.Status, p.Detail = e.Status, e.Detail
		x.headers(e)
	case errors.Is(err, store.ErrNotFound):
		p.Status, p.Detail = http.StatusNotFound, "there is no such member"
	case x.r.Context().Err() != nil:
		p.Status, p.Detail = 499, "the client has gone" // nobody reads it, but metrics
	case errors.Is(err, store.ErrNotOwner):
		p.Status, p.Detail = http.StatusServiceUnavailable, "the tenant is moving to another server; try again"
		x.w.Header().Set("Retry-After", "2")
	case errors.Is(err, store.ErrUnavailable):
		p.Status, p.Detail = http.StatusServiceUnavailable, "the server cannot use its database now; try again later"
		x.w.Header().Set("Retry-After", "5")
		x.h.Log.Error("feed: the database is unavailable", "tenant", x.tenant.Key, "error", err)
	default:
		p.Status, p.Detail = http.StatusInternalServerError, "the server failed; its log says why"
		x.h.Log.Error("feed: request failed", "tenant", x.tenant.Key, "route", x.route, "error", err)
	}
	p.Title = http.StatusText(p.Status)
	x.write(p.Status, "application/problem+json", p)
}

func (x *exchange) headers(e *scimerr.Error) {
	if e.Status == http.StatusUnauthorized {
		x.w.Header().Set("WWW-Authenticate", `Bearer realm="members"`)
	}
	if e.RetryAfter > 0 {
		x.w.Header().Set("Retry-After", strconv.Itoa(int((e.RetryAfter+time.Second-1)/time.Second)))
	}
}

func (x *exchange) write(status int, contentType string, body any) {
	text, err := json.Marshal(body)
	if err != nil { // what is stored is no JSON
		x.h.Log.Error("feed: answer cannot be written", "tenant", x.tenant.Key, "route", x.route, "error", err)
		status, text = http.StatusInternalServerError, []byte(`{"type":"about:blank","title":"Internal Server Error","status":500}`)
		contentType = "application/problem+json"
	}
	x.status = status
	x.w.Header().Set("Content-Type", contentType)
	x.w.Header().Set("Content-Length", strconv.Itoa(len(text)+1))
	x.w.WriteHeader(status)
	_, _ = x.w.Write(append(text, '\n')) // to a client that has gone
}

func (x *exchange) ok(body any) error {
	x.write(http.StatusOK, "application/json", body)
	return nil
}

func (x *exchange) empty() error {
	x.status = http.StatusNoContent
	x.w.WriteHeader(x.status)
	return nil
}

// number reads a parameter of the query, from least to most.
func (x *exchange) number(name string, otherwise, least, most int64) (int64, error) {
	text := x.r.URL.Query().Get(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < least {
		return 0, badRequest("%s is not a number from %d on", name, least)
	}
	return min(n, most), nil
}

// duration reads a parameter of the query: seconds, or a duration as 30s.
func (x *exchange) duration(name string, otherwise, most time.Duration) (time.Duration, error) {
	text := x.r.URL.Query().Get(name)
	if text == "" {
		return otherwise, nil
	}
	d, err := time.ParseDuration(text)
	if seconds, nerr := strconv.Atoi(text); nerr == nil {
		d, err = time.Duration(min(seconds, int(most/time.Second)))*time.Second, nil
	}
	if err != nil || d < 0 {
		return 0, badRequest("%s is not a time in seconds, as %s=30", name, name)
	}
	return min(d, most), nil
}

// decode reads a small JSON object.
func (x *exchange) decode(into any) error {
	body := http.MaxBytesReader(x.w, x.r.Body, maxBodyBytes)
	d := json.NewDecoder(body)
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return scimerr.New(http.StatusRequestEntityTooLarge, scimerr.None, "the body has more than %d bytes", maxBodyBytes)
	}
	if err != nil || d.More() {
		return badRequest("the body is not a JSON object as %s", `{"reason": "…"}`)
	}
	return nil
}

func gone(oldest int64, format string, args ...any) error {
	return &goneError{oldest: oldest, detail: fmt.Sprintf(format, args...)}
}

package httpapi

import (
	"cmp"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
)

// Observer is told of each request after its answer. It is called by many requests at once and must not block.
type Observer interface {
	Observe(e Exchange)
}

// Exchange is one request and its answer. It holds no personal data.
type Exchange struct {
	Tenant     string // key of the tenant, "": none was found
	Client     string // Tenant.Client
	Credential string // that was accepted, by its id or issuer; "": none
	Method     string // one of HTTP's own methods, else "OTHER"
	Route      string // "/Users/{id}", "" for a path outside the protocol
	Status     int
	Start      time.Time
	Duration   time.Duration
	RequestID  string
	Tolerances []tolerance.Rule // deviations the client needed
	Err        *scimerr.Error   // what the client was told, nil: success
	// Kind and Summary are what the error says of itself for people who may not see values of users; empty: nothing.
	Kind, Summary string
	// Refused are the operations of a Bulk request that were refused; the request as a whole is a success.
	Refused []Refusal
}

// Refusal is why an operation was refused.
type Refusal struct {
	Err           *scimerr.Error
	Kind, Summary string // as in Exchange
}

// kinded is implemented by errors that have a kind: one word, and a summary without values of users.
type kinded interface{ Kind() (kind, summary string) }

func kindOf(err error) (kind, summary string) {
	var k kinded
	if errors.As(err, &k) {
		return k.Kind()
	}
	return "", ""
}

// Activity remembers the latest request and the latest rejection of a tenant. The zero value is ready.
type Activity struct {
	request   atomic.Pointer[time.Time]
	rejection atomic.Pointer[Rejection]

	mu    sync.Mutex
	kinds map[string]Rejection
}

// maxKinds of rejections that are remembered; the one that was not heard of for longest is forgotten first.
const maxKinds = 16

// Rejection is a request that was refused.
type Rejection struct {
	Time   time.Time
	Reason string // the error's kind, else the scimType, else the status as one word: "UnknownRole", "uniqueness", "Unauthorized"
	Detail string
	Count  int64 // of its kind; 0 in LastRejection
}

// Observe implements Observer. A 404 is no rejection: clients ask for what may not be there.
func (a *Activity) Observe(e Exchange) {
	if e.Credential != "" {
		at := e.Start
		a.request.Store(&at)
	}
	if e.Err != nil {
		a.reject(e.Start, Refusal{e.Err, e.Kind, e.Summary})
	}
	for _, r := range e.Refused {
		a.reject(e.Start, r)
	}
}

func (a *Activity) reject(at time.Time, why Refusal) {
	if why.Err.Status == http.StatusNotFound {
		return
	}
	r := Rejection{Time: at, Reason: reason(why.Err), Detail: why.Err.Loggable()}
	if why.Kind != "" {
		r.Reason, r.Detail = why.Kind, why.Summary
	}
	a.rejection.Store(&r)
	a.count(r, why)
}

// count keeps kinds of rejections. That a tenant is out of service is no rejection of anything, and what an error without
// a kind says is for the client alone.
func (a *Activity) count(r Rejection, why Refusal) {
	if why.Kind == "" && why.Err.Status == http.StatusServiceUnavailable {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.kinds == nil {
		a.kinds = map[string]Rejection{}
	}
	r.Detail, r.Count = why.Summary, a.kinds[r.Reason].Count+1
	a.kinds[r.Reason] = r
	for len(a.kinds) > maxKinds {
		delete(a.kinds, a.oldest())
	}
}

// oldest is the kind that was not heard of for longest; a.mu is held.
func (a *Activity) oldest() (kind string) {
	for k, r := range a.kinds {
		if kind == "" || r.Time.Before(a.kinds[kind].Time) {
			kind = k
		}
	}
	return kind
}

// Rejections are the kinds of them that came up, by time; Detail holds no value of a user.
func (a *Activity) Rejections() []Rejection {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := slices.Collect(maps.Values(a.kinds))
	slices.SortFunc(out, func(x, y Rejection) int {
		return cmp.Or(x.Time.Compare(y.Time), cmp.Compare(x.Reason, y.Reason))
	})
	return out
}

// LastRequest is the time of the latest authenticated request, zero if there was none.
func (a *Activity) LastRequest() time.Time {
	if at := a.request.Load(); at != nil {
		return *at
	}
	return time.Time{}
}

// LastRejection is the latest rejection, if there was one.
func (a *Activity) LastRejection() (Rejection, bool) {
	if r := a.rejection.Load(); r != nil {
		return *r, true
	}
	return Rejection{}, false
}

func reason(err *scimerr.Error) string {
	if err.ScimType != scimerr.None {
		return string(err.ScimType)
	}
	return strings.ReplaceAll(http.StatusText(err.Status), " ", "")
}

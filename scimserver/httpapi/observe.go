package httpapi

import (
	"net/http"
	"strings"
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
}

// Activity remembers the latest request and the latest rejection of a tenant. The zero value is ready.
type Activity struct {
	request   atomic.Pointer[time.Time]
	rejection atomic.Pointer[Rejection]
}

// Rejection is a request that was refused.
type Rejection struct {
	Time   time.Time
	Reason string // the scimType, else the status as one word: "uniqueness", "Unauthorized"
	Detail string
}

// Observe implements Observer. A 404 is no rejection: clients ask for what may not be there.
func (a *Activity) Observe(e Exchange) {
	if e.Credential != "" {
		at := e.Start
		a.request.Store(&at)
	}
	if e.Err != nil && e.Status != http.StatusNotFound {
		a.rejection.Store(&Rejection{Time: e.Start, Reason: reason(e.Err), Detail: e.Err.Detail})
	}
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

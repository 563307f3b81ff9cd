package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/directory"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
)

// Tenants finds tenants by the first two elements of the path. A request uses what it found until its end, so that the
// set may be swapped at any time.
type Tenants interface {
	Tenant(namespace, name string) (*Tenant, bool)
}

// Tenant is one identity provider's connection.
type Tenant struct {
	Directory   *directory.Tenant
	Auth        Authenticator
	Limit       Limiter        // nil: no limit
	Gate        Gate           // nil: no bound
	Share       Gate           // for what reads, behind Gate; nil: no bound
	BodyBytes   int64          // 0: DefaultBodyBytes
	Unavailable *scimerr.Error // nil: served; else every authenticated request gets it (suspended, not ready)
	Client      string         // kind of the identity provider: "Okta", "Generic"
	Observe     Observer       // told of this tenant's requests, nil: nobody
}

// DefaultBodyBytes is the largest request body where a tenant says nothing.
const DefaultBodyBytes = 2 << 20

func (t *Tenant) bodyBytes() int64 {
	if t.BodyBytes > 0 {
		return t.BodyBytes
	}
	return DefaultBodyBytes
}

// Authenticator says whose credential a request carries. The credential is for logs; the subject is whom it names, "" for
// one that names nobody. The error is a *scimerr.Error of status 401, or 503 where it cannot be said now.
type Authenticator interface {
	Authenticate(r *http.Request, tol *tolerance.Log) (credential, subject string, err error)
}

// Gate bounds how many requests of the tenant are at work at the same time, so that those of other tenants find readers and
// the writer of the store free. Enter may wait for a turn. If there is none to be had, retryAfter is when to try again; else
// Leave gives the turn back.
type Gate interface {
	Enter(ctx context.Context) (retryAfter time.Duration, ok bool)
	Leave()
}

// Limiter tells whether a request may pass now, else after what time.
type Limiter interface {
	Allow(now time.Time) (retryAfter time.Duration, ok bool)
}

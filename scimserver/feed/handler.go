package feed

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// prefix are the elements of a path behind namespace and name.
const prefix = "/members/v1/"

// Limits of a request.
const (
	DefaultLimit = 100
	MaxLimit     = 1000
	DefaultWait  = 5 * time.Second // of a long poll; short, for clients that do not know that they wait
	MaxWait      = time.Minute
	MaxWaiting   = 16  // long polls of one tenant at a time
	MaxReason    = 500 // characters, of a hold
	maxBodyBytes = 8 << 10
)

// Store is what the feed reads.
type Store interface {
	Events(ctx context.Context, tenant string, after int64, limit int) ([]store.Event, error)
	Backlog(ctx context.Context, tenant string) (store.Backlog, error)
	View(ctx context.Context, tenant string, fn func(store.Reader) error) error
}

// Members carries out what an application asks for; *member.Tenant does. Errors that an application can mend are
// *scimerr.Error; an unknown member is store.ErrNotFound.
type Members interface {
	// RemoveMember says that the application has removed the member. The identity provider's next sync creates it anew.
	RemoveMember(ctx context.Context, id string) error
	// PutHold adds a hold, or replaces the one of its name.
	PutHold(ctx context.Context, memberID, name, reason string) error
	// DeleteHold tells whether the hold was there. An off-boarding that it has put off is carried out when the last goes.
	DeleteHold(ctx context.Context, memberID, name string) (bool, error)
}

// Tenant is one tenant's feed.
type Tenant struct {
	Key         string
	Auth        Authenticator
	Limit       Limiter // nil: no limit
	Members     Members
	Unavailable *scimerr.Error // nil: served; else every authenticated request gets it
}

// Authenticator says whose credential a request carries; the error is a *scimerr.Error.
type Authenticator interface {
	Authenticate(r *http.Request, tol *tolerance.Log) (credential, subject string, err error)
}

// Limiter tells whether a request may pass now, else after what time.
type Limiter interface {
	Allow(now time.Time) (retryAfter time.Duration, ok bool)
}

// Tenants finds tenants that have an application.
type Tenants interface {
	Feed(namespace, name string) (*Tenant, bool)
}

// Observer is told of each request after its answer.
type Observer interface {
	ObserveFeed(tenant, method, route string, status int, start time.Time, took time.Duration)
}

// Deps are what a Handler needs.
type Deps struct {
	Tenants Tenants
	Store   Store
	Observe Observer
	Log     *slog.Logger
	Clock   func() time.Time
}

// Handler answers applications.
type Handler struct {
	Deps
	bell *bell
}

// New makes a Handler.
func New(d Deps) *Handler { return &Handler{Deps: d, bell: newBell()} }

// Wake says that the tenant has new events.
func (h *Handler) Wake(tenant string) { h.bell.ring(tenant) }

// Waiting are the tenants that have long polls.
func (h *Handler) Waiting() []string { return h.bell.waiting() }

// EndWaits answers long polls, and from now on lets nobody wait: the server stops.
func (h *Handler) EndWaits() { h.bell.end() }

// Serves tells whether a path is the feed's: /{namespace}/{name}/members/v1/…
func Serves(path string) bool {
	_, _, rest, ok := tenantOf(path)
	return ok && (rest == strings.TrimSuffix(prefix, "/") || strings.HasPrefix(rest, prefix))
}

// tenantOf splits a path into its first two elements and the rest.
func tenantOf(path string) (namespace, name, rest string, ok bool) {
	namespace, after, ok := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	name, _, more := strings.Cut(after, "/")
	if !ok || !more || namespace == "" || name == "" {
		return "", "", "", false
	}
	return namespace, name, after[len(name):], true
}

// exchange is one request.
type exchange struct {
	h      *Handler
	w      http.ResponseWriter
	r      *http.Request
	tenant *Tenant
	route  string
	start  time.Time
	status int
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{h: h, w: w, r: r, start: h.Clock()}
	w.Header().Set("Cache-Control", "no-store")
	if err := x.serve(); err != nil {
		x.refuse(err)
	}
	key := ""
	if x.tenant != nil {
		key = x.tenant.Key
	}
	h.Observe.ObserveFeed(key, method(r.Method), x.route, x.status, x.start, h.Clock().Sub(x.start))
}

// method keeps what clients make up out of metrics.
func method(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPut, http.MethodPost, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return m
	}
	return "OTHER"
}

func (x *exchange) serve() error {
	namespace, name, rest, _ := tenantOf(x.r.URL.Path)
	t, ok := x.h.Tenants.Feed(namespace, name)
	if !ok {
		return notFound("no tenant with an application at this path: check the URL")
	}
	x.tenant = t
	if err := x.admit(); err != nil {
		return err
	}
	return x.dispatch(strings.TrimPrefix(rest, prefix))
}

// admit asks who is calling before anything else is told.
func (x *exchange) admit() error {
	if _, _, err := x.tenant.Auth.Authenticate(x.r, tolerance.Strict()); err != nil {
		return unauthorized(err)
	}
	if x.tenant.Unavailable != nil {
		return x.tenant.Unavailable
	}
	if x.tenant.Limit == nil {
		return nil
	}
	if retryAfter, ok := x.tenant.Limit.Allow(x.start); !ok {
		return tooMany(retryAfter, "too many requests; try again later")
	}
	return nil
}

// dispatch finds the endpoint of what is behind the prefix.
func (x *exchange) dispatch(path string) error {
	parts := strings.Split(path, "/")
	switch {
	case path == "events":
		return x.endpoint("/members/v1/events", methods{http.MethodGet: x.events})
	case path == "members":
		return x.endpoint("/members/v1/members", methods{http.MethodGet: x.members})
	case len(parts) == 2 && parts[0] == "members" && parts[1] != "":
		return x.endpoint("/members/v1/members/{id}", methods{
			http.MethodGet: func() error { return x.member(parts[1]) }, http.MethodDelete: func() error { return x.remove(parts[1]) },
		})
	case len(parts) == 4 && parts[0] == "members" && parts[1] != "" && parts[2] == "holds" && parts[3] != "":
		return x.endpoint("/members/v1/members/{id}/holds/{name}", methods{
			http.MethodPut: func() error { return x.putHold(parts[1], parts[3]) }, http.MethodDelete: func() error { return x.deleteHold(parts[1], parts[3]) },
		})
	}
	return notFound("there is nothing at this path; see events, members, members/{id} and members/{id}/holds/{name}")
}

package admin

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/directory"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// Store is what the server's database has to offer.
type Store interface {
	store.Transfer
	View(ctx context.Context, tenant string, fn func(store.Reader) error) error
	Update(ctx context.Context, tenant string, fn func(store.Writer) error) error
	Counts(ctx context.Context, tenant string) (store.Counts, error)
	QueryLog(ctx context.Context, tenant string, q store.LogQuery) ([]store.LogRow, error)
	Backlog(ctx context.Context, tenant string) (store.Backlog, error)
	Replay(ctx context.Context, tenant string, q store.ReplayQuery) (int64, error)
}

// Tenants tells which tenants the server has.
type Tenants interface {
	// Keys are namespace/name, in their order.
	Keys() []string
	// View is one of them, false: it is not served.
	View(key string) (View, bool)
}

// Deps is what the handler is made of.
type Deps struct {
	Store     Store
	Tenants   Tenants
	Directory *directory.Directory
	// Wake returns a channel that is closed with the next commit that writes log rows or events of the tenant.
	Wake func(tenant string) <-chan struct{}
	// Subject is the hash of a userName, by which entries of the log are found.
	Subject func(tenant, text string) int64
	Clock   func() time.Time
}

// New is the handler of the socket.
func New(d Deps) http.Handler {
	h := &handler{d}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /tenants", answering(h.tenants))
	h.handle(mux, "GET /tenants/{namespace}/{name}/log", h.log)
	h.handle(mux, "GET /tenants/{namespace}/{name}/members", h.members)
	h.handle(mux, "GET /tenants/{namespace}/{name}/export", h.export)
	h.handle(mux, "POST /tenants/{namespace}/{name}/replay", h.replay)
	h.handle(mux, "POST /tenants/{namespace}/{name}/resync", h.resync)
	h.handle(mux, "POST /tenants/{namespace}/{name}/release", h.release)
	h.handle(mux, "POST /tenants/{namespace}/{name}/import", h.importLines)
	h.handle(mux, "POST /tenants/{namespace}/{name}/check", h.checkPayload)
	h.handle(mux, "POST /tenants/{namespace}/{name}/diff", h.diff)
	return mux
}

type handler struct{ Deps }

// tenantHandler answers for one tenant. An error before the first byte becomes a problem.
type tenantHandler func(w http.ResponseWriter, r *http.Request, tenant string) error

func (h *handler) handle(mux *http.ServeMux, pattern string, fn tenantHandler) {
	mux.HandleFunc(pattern, answering(func(w http.ResponseWriter, r *http.Request) error {
		key := r.PathValue("namespace") + "/" + r.PathValue("name")
		if err := h.check(key); err != nil {
			return err
		}
		return fn(w, r, key)
	}))
}

// check refuses tenants that the server does not have, and says which it has.
func (h *handler) check(key string) error {
	keys := h.Tenants.Keys()
	switch {
	case slices.Contains(keys, key):
		return nil
	case len(keys) == 0:
		return problem(http.StatusNotFound, "this server has no tenants yet")
	case len(keys) > namedTenants:
		return problem(http.StatusNotFound, "tenant %s is not on this server; `scimserver admin tenants` lists those that are", key)
	}
	return problem(http.StatusNotFound, "tenant %s is not on this server; it has %s", key, strings.Join(keys, ", "))
}

// namedTenants is how many tenants an error names.
const namedTenants = 5

func (h *handler) tenants(w http.ResponseWriter, r *http.Request) error {
	lines := newLines(w)
	for _, key := range h.Tenants.Keys() {
		t, err := h.summary(r.Context(), key)
		if err != nil {
			return err
		}
		if err := lines.write(t); err != nil {
			return err
		}
	}
	return lines.flush()
}

// Tenant is a line of the list of tenants.
type Tenant struct {
	Key           string    `json:"tenant"`
	Users         int64     `json:"users"`
	ActiveUsers   int64     `json:"activeUsers"`
	Groups        int64     `json:"groups"`
	Pending       int64     `json:"pendingEvents"`
	Parked        int64     `json:"parkedEvents"`
	OldestPending time.Time `json:"oldestPending,omitzero"`
	Mapped        *Mapped   `json:"mapped,omitempty"` // nil: all users, by the mapping in force
}

// Mapped is how far a new mapping has come.
type Mapped struct {
	Users int64 `json:"users"`
	Of    int64 `json:"of"`
}

func (h *handler) summary(ctx context.Context, key string) (Tenant, error) {
	counts, err := h.Store.Counts(ctx, key)
	if err != nil {
		return Tenant{}, err
	}
	backlog, err := h.Store.Backlog(ctx, key)
	if err != nil {
		return Tenant{}, err
	}
	mapped, err := h.mapped(ctx, key)
	return Tenant{
		Key: key, Users: counts.Users, ActiveUsers: counts.ActiveUsers, Groups: counts.Groups,
		Pending: backlog.Pending, Parked: backlog.Parked, OldestPending: backlog.OldestPending, Mapped: mapped,
	}, err
}

func (h *handler) mapped(ctx context.Context, key string) (*Mapped, error) {
	v, ok := h.Tenants.View(key)
	if !ok || v.Members == nil {
		return nil, nil
	}
	p, err := v.Members.Remapping(ctx)
	if err != nil || p == nil {
		return nil, err
	}
	return &Mapped{Users: p.Done, Of: p.Total}, nil
}

// answering turns errors into problems. Behind the first byte an answer can only be cut off, which the client notices.
func answering(fn func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		begun := &beginning{ResponseWriter: w}
		err := fn(begun, r)
		switch {
		case err == nil:
		case begun.written:
			panic(http.ErrAbortHandler)
		default:
			answerProblem(w, err)
		}
	}
}

func answerProblem(w http.ResponseWriter, err error) {
	var p *Problem
	if !errors.As(err, &p) {
		p = problem(http.StatusInternalServerError, "%v", err)
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p)
}

// beginning notes whether anything of an answer was written.
type beginning struct {
	http.ResponseWriter
	written bool
}

func (b *beginning) Write(p []byte) (int, error) {
	b.written = true
	return b.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (b *beginning) Unwrap() http.ResponseWriter { return b.ResponseWriter }

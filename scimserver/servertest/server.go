package servertest

import (
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/auth"
	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/directory"
	"github.com/scim-operator/scim-operator/scimserver/httpapi"
	"github.com/scim-operator/scim-operator/scimserver/limit"
	"github.com/scim-operator/scim-operator/scimserver/password"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/sqlite"
)

// Server is a SCIM server over a store of its own. Tenants come and go while it runs.
type Server struct {
	URL     string // http://127.0.0.1:port
	Client  *http.Client
	Handler http.Handler // for requests without a network
	Store   store.Store

	mu      sync.RWMutex
	tenants map[string]*httpapi.Tenant
	count   atomic.Int64
}

// Option changes what New starts.
type Option func(*options)

type options struct {
	store   func(testing.TB) store.Store
	observe httpapi.Observer
	log     *slog.Logger
	clock   func() time.Time
}

// WithStore uses another store than SQLite in a temporary directory. The server does not close it.
func WithStore(s store.Store) Option {
	return func(o *options) { o.store = func(testing.TB) store.Store { return s } }
}

// WithObserver tells an observer of every request.
func WithObserver(observe httpapi.Observer) Option { return func(o *options) { o.observe = observe } }

// WithLog logs somewhere.
func WithLog(log *slog.Logger) Option { return func(o *options) { o.log = log } }

// WithClock makes time stand still, or pass as a test likes.
func WithClock(clock func() time.Time) Option { return func(o *options) { o.clock = clock } }

// New starts a server that ends with the test.
func New(tb testing.TB, opts ...Option) *Server {
	tb.Helper()
	o := options{store: OpenSQLite, clock: time.Now}
	for _, opt := range opts {
		opt(&o)
	}
	s := &Server{Store: o.store(tb), tenants: map[string]*httpapi.Tenant{}}
	s.Handler = httpapi.New(httpapi.Deps{
		Tenants:   s,
		Directory: directory.New(directory.Deps{Store: s.Store, Passwords: password.NewHasher(), Clock: o.clock}),
		Observe:   o.observe,
		Log:       o.log,
		Clock:     o.clock,
	})
	listener := httptest.NewServer(s.Handler)
	tb.Cleanup(listener.Close)
	s.URL, s.Client = listener.URL, listener.Client()
	return s
}

// OpenSQLite opens a SQLite store in a temporary directory; it is closed after the test.
func OpenSQLite(tb testing.TB) store.Store {
	tb.Helper()
	s, err := sqlite.Open(tb.Context(), sqlite.Options{Path: filepath.Join(tb.TempDir(), "scim.db")})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

// Tenant implements httpapi.Tenants.
func (s *Server) Tenant(namespace, name string) (*httpapi.Tenant, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t, ok := s.tenants[namespace+"/"+name]
	return t, ok
}

// Tenant is a tenant of a Server.
type Tenant struct {
	Key     string // test/tenant-1
	BaseURL string // …/scim/v2
	Token   string
	server  *Server
}

// NewTenant adds an empty tenant with a token of its own.
func (s *Server) NewTenant(tb testing.TB, opts ...TenantOption) *Tenant {
	tb.Helper()
	t, err := s.addTenant(opts)
	if err != nil {
		tb.Fatal(err)
	}
	return t
}

func (s *Server) addTenant(opts []TenantOption) (*Tenant, error) {
	o := tenantOptions{schemas: schema.Options{Groups: true}}
	for _, opt := range opts {
		opt(&o)
	}
	name := fmt.Sprintf("tenant-%d", s.count.Add(1))
	t := &Tenant{Key: "test/" + name, BaseURL: s.URL + "/test/" + name + "/scim/v2", server: s}
	served, err := o.build(t)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tenants[t.Key] = served
	return t, nil
}

func (o *tenantOptions) build(t *Tenant) (*httpapi.Tenant, error) {
	registry, err := schema.New(o.schemas)
	if err != nil {
		return nil, err
	}
	bearer, err := t.newToken()
	if err != nil {
		return nil, err
	}
	o.tenant.Auth = named{bearer, o.subject}
	if o.requestsPerSecond > 0 {
		o.tenant.Limit = limit.New(o.requestsPerSecond, o.burst)
	}
	o.tenant.Directory = &directory.Tenant{
		Key: t.Key, URL: t.BaseURL, Schemas: registry, Strict: o.strict,
		KeepPasswords: o.passwords, IgnoreUnknownMembers: o.ignoreUnknown, UniqueIdentifier: o.schemas.UniqueIdentifier, MaxUsers: o.users, MaxGroups: o.groups,
	}
	return &o.tenant, nil
}

func (t *Tenant) newToken() (httpapi.Authenticator, error) {
	token, id, err := config.NewToken(rand.Reader)
	if err != nil {
		return nil, err
	}
	t.Token = token
	bearer, err := auth.NewBearer([]config.Token{{ID: id, SHA256: config.HashToken(token)}}, time.Now)
	return auth.NewCredentials(bearer, nil), err
}

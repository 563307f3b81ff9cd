package member

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/mapping"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// Deps is what an Engine needs.
type Deps struct {
	Store   store.Store
	Asker   Asker            // nil: applications in synchronous mode are told afterwards, as the others are
	Observe Observer         // nil: nobody
	Log     *slog.Logger     // nil: nothing is logged
	Clock   func() time.Time // nil: time.Now
	NewID   func() string    // nil: UUIDs of version 7
	Holder  string           // of claims, where the store is shared: another one in each process
}

// Observer is told of each decision, once it is durable. It must not block.
type Observer interface {
	Decided(tenant string, d Decision) // by the tenant's key
}

// Decision is what was decided, without personal data.
type Decision struct {
	Kind   Kind
	Reason string // of a rejection, one word
	Detail string // of a rejection
}

// Engine keeps the members of all tenants in step. It is safe for concurrent use.
type Engine struct {
	store   store.Store
	asker   Asker
	observe Observer
	log     *slog.Logger
	clock   func() time.Time
	newID   func() string
	holder  string
	asking  asking

	refusals tallies
	wake     chan struct{} // holds one signal: there is work in the background

	mu    sync.Mutex
	woken map[string]bool // tenants with such work
}

// New makes an Engine.
func New(d Deps) *Engine {
	e := &Engine{
		store: d.Store, asker: d.Asker, observe: d.Observe, log: d.Log, clock: d.Clock, newID: d.NewID, holder: d.Holder,
		wake: make(chan struct{}, 1), woken: map[string]bool{},
	}
	if e.log == nil {
		e.log = slog.New(slog.DiscardHandler)
	}
	if e.clock == nil {
		e.clock = time.Now
	}
	if e.newID == nil {
		e.newID = func() string { return uuid.Must(uuid.NewV7()).String() }
	}
	return e
}

// Woken receives a signal when work for the background has come up.
func (e *Engine) Woken() <-chan struct{} { return e.wake }

// WokenTenants are the keys of those in which such work has come up since the last call.
func (e *Engine) WokenTenants() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	keys := slices.Collect(maps.Keys(e.woken))
	clear(e.woken)
	return keys
}

func (e *Engine) wakeUp(tenant string) {
	e.mu.Lock()
	e.woken[tenant] = true
	e.mu.Unlock()
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// now is the time of a change: UTC in milliseconds, as the store keeps it.
func (e *Engine) now() time.Time { return time.UnixMilli(e.clock().UnixMilli()).UTC() }

// Mapper maps users to members; *mapping.Program is one.
type Mapper interface {
	Map(ctx context.Context, in mapping.Input) mapping.Outcome
	NeedsGroups() bool
	NeedsMeta() bool
	NeedsID() bool
}

// Config is a tenant's part in it.
type Config struct {
	Key         string // namespace/name
	Application *config.Application
	Lifecycle   config.Lifecycle
	Mapper      Mapper
	HasRole     bool   // the mapping has a rule for the role; else a member keeps the role it was made with
	Hash        string // of application and mapping: with another one all users are mapped again
	// Since is when this process has begun to use what has the Hash; Replaced: it has used something else for the tenant before.
	// They matter where the store is shared.
	Since    time.Time
	Replaced bool
	URL      string // of the tenant, …/scim/v2, for meta.location
}

// Tenant is the engine with a tenant's configuration. It implements directory.Provisioner.
type Tenant struct {
	*Journal
	Config
	unique map[string]bool // fields
}

// Tenant returns the engine for a tenant that has an application.
func (e *Engine) Tenant(c Config) *Tenant {
	t := &Tenant{Journal: e.Journal(c.Key), Config: c, unique: map[string]bool{}}
	for _, f := range c.Application.Fields {
		if f.Unique {
			t.unique[f.Name] = true
		}
	}
	return t
}

// asks tells whether the application is asked before a change.
func (t *Tenant) asks() bool {
	w := t.Application.Webhook
	return t.asker != nil && w != nil && w.Mode == config.Synchronous
}

package app

import (
	"crypto/sha256"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/httpapi"
	"github.com/scim-operator/scim-operator/scimserver/member"
	"github.com/scim-operator/scim-operator/scimserver/telemetry"
)

// live is the configuration in force. Requests read its snapshot without a lock; changes come one at a time.
type live struct {
	clock   func() time.Time
	log     *slog.Logger
	metrics *telemetry.Metrics
	cache   cache
	purges  purges
	epochs  epochs
	changed chan struct{}  // holds one signal: there is something to report
	engine  *member.Engine // of members; nil: nobody is provisioned
	limits  limits         // of the tenants
	own     owner          // of the tenants; the zero one looks at nothing
	// followers are told of each snapshot that is served, one at a time.
	followers []func(*snapshot)

	current  atomic.Pointer[snapshot] // nil: nothing is loaded yet
	rejected atomic.Pointer[string]   // why the latest configuration was refused; nil: it was not
	stopping atomic.Bool

	mu    sync.Mutex
	read  config.Decoder
	sum   [sha256.Size]byte // of the latest offer
	err   error             // what came of it
	taken bool              // there was an offer
}

// Tenant implements httpapi.Tenants.
func (l *live) Tenant(namespace, name string) (*httpapi.Tenant, bool) {
	s := l.current.Load()
	if s == nil {
		return nil, false
	}
	t, ok := s.serving[namespace+"/"+name]
	return t, ok
}

// Offer loads a configuration. One that is refused changes nothing that is served.
func (l *live) Offer(data []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	sum := sha256.Sum256(data)
	if l.taken && sum == l.sum {
		return l.err
	}
	l.taken, l.sum = true, sum
	if l.err = l.load(data); l.err != nil {
		l.loadCache()
		l.reject(l.err)
		return l.err
	}
	if err := l.cache.save(data); err != nil {
		l.log.Warn("configuration was not kept for a start without the source", "error", err)
	}
	return nil
}

// load decodes and swaps; l.mu is held.
func (l *live) load(data []byte) error {
	next, err := l.read.Decode(data)
	if err != nil {
		return err
	}
	l.rejected.Store(nil)
	s := l.swap(next)
	l.metrics.ConfigApplied(s.hash, s.at)
	l.log.Info("configuration loaded", "hash", s.hash, "tenants", len(s.entries), "purges", len(next.Purges))
	s.logFailures(l.log)
	return nil
}

// swap makes next what is served; l.mu is held. What is still to be purged keeps the tenants of its key out.
func (l *live) swap(next *config.Loaded) *snapshot {
	l.purges.keep(next.Purges)
	held, others := l.purges.heldKeys(next.Purges), l.ownership(next.Server)
	for key, f := range others {
		held[key] = held[key] || !f.sealed
	}
	s := newSnapshot(next, l.current.Load(), held, others, l.clock, l.engine, l.limits)
	for key := range s.entries {
		if l.purges.shared && !s.held[key] {
			l.purges.serve(key)
		}
	}
	l.current.Store(s)
	for _, follow := range l.followers {
		follow(s)
	}
	notify(l.changed)
	notify(l.purges.wake)
	return s
}

// release swaps once more after a purge, for the tenants that waited for it.
func (l *live) release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.swap(l.current.Load().config)
}

func (l *live) reject(err error) {
	text := err.Error()
	l.rejected.Store(&text)
	l.metrics.ConfigRejected()
	l.log.Error("configuration was refused; what was loaded is served further", "error", err)
	notify(l.changed)
}

// sourceIsLate takes the configuration of the last run unless the source has brought one, good or bad.
func (l *live) sourceIsLate() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.taken {
		l.loadCache()
	}
}

// loadCache takes the configuration of the last run where nothing is loaded; l.mu is held.
func (l *live) loadCache() {
	if l.current.Load() != nil {
		return
	}
	data, err := l.cache.load()
	if err == nil {
		err = l.load(data)
	}
	if err != nil {
		l.log.Warn("no configuration yet, and none from the last run", "error", err)
		return
	}
	l.log.Warn("serving the configuration of the last run")
}

// untilLoaded answers 503 as long as there is no configuration: 404 would tell an identity provider that its tenant is
// gone.
func (l *live) untilLoaded(next http.Handler) http.Handler {
	e := refuse(5*time.Second, "the server has not loaded its configuration yet; try again")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if l.current.Load() != nil {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/scim+json")
		w.Header().Set("Retry-After", strconv.Itoa(int(e.RetryAfter/time.Second)))
		w.WriteHeader(e.Status)
		_, _ = w.Write(e.AppendJSON(nil))
	})
}

// untilStopping lets a connection be used again as long as the server does not stop.
func (l *live) untilStopping(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if l.stopping.Load() {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

// notify leaves a signal unless one is there already.
func notify(ch chan<- struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

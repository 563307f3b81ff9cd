package app

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/move"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// How often owners are looked at.
const (
	ownEvery  = time.Minute     // of all tenants
	moveEvery = time.Second     // of those that move
	fetchGap  = 2 * time.Second // between two attempts to fetch a tenant; doubled by each further one
	fetchMost = time.Minute
)

// moves does this server's part of the moves of its tenants.
type moves struct {
	live    *live
	store   store.Store
	log     *slog.Logger
	clock   func() time.Time
	forward *move.Forwarder
	seals   *move.Seals
	source  *move.Source
	wake    chan struct{} // holds one signal: something is to be looked at
	holder  string        // of claims: this process
	lease   time.Duration // how long a replica that dies keeps others from fetching

	mu       sync.Mutex
	parties  map[string]move.Party // by id of the move
	reports  map[string]config.MoveReport
	fetching map[string]fetching // by id of the move
	running  sync.WaitGroup
}

// fetching is an attempt to fetch a tenant.
type fetching struct {
	party  move.Party
	cancel context.CancelFunc
	done   bool // the tenant is here
}

func (a *App) newMoves() *moves {
	m := &moves{
		live: a.live, store: a.Store, log: a.Log, clock: a.Clock, wake: make(chan struct{}, 1),
		parties: map[string]move.Party{}, reports: map[string]config.MoveReport{}, fetching: map[string]fetching{}, holder: rand.Text(),
		seals: &move.Seals{Store: a.Store, Clock: a.Clock, Log: a.Log}, lease: a.timing.fetchLease,
	}
	m.forward = &move.Forwarder{Log: a.Log, Refuse: refuseForward}
	m.source = &move.Source{Store: a.Store, Party: m.party, Seals: m.seals, Log: a.Log, Changed: func() { notify(m.wake) }}
	return m
}

// configure takes note of the moves in a snapshot.
func (m *moves) configure(s *snapshot) {
	parties := map[string]move.Party{}
	for i := range s.config.Tenants {
		if t := &s.config.Tenants[i]; t.Move != nil {
			parties[t.Move.ID] = move.Party{Move: *t.Move, Tenant: t.Key, Owner: s.config.Owner}
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.parties = parties
	ids, tenants := map[string]bool{}, map[string]bool{}
	for id, p := range parties {
		ids[id], tenants[p.Tenant] = true, true
	}
	maps.DeleteFunc(m.reports, func(key string, r config.MoveReport) bool { return !tenants[key] || !ids[r.ID] })
	for id, f := range m.fetching {
		if parties[id] == f.party {
			continue
		}
		if f.cancel(); f.done {
			delete(m.fetching, id)
		}
	}
	m.forward.Keep(ids)
	notify(m.wake)
}

func (m *moves) party(id string) (move.Party, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, ok := m.parties[id]
	return p, ok
}

func (m *moves) all() map[string]move.Party {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.parties
}

// report is how far the move of a tenant is, nil: it does not move.
func (m *moves) report(key string) *config.MoveReport {
	if m == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.reports[key]
	if !ok {
		return nil
	}
	if at := m.forward.Last(r.ID); !at.IsZero() {
		at = at.UTC().Truncate(time.Minute)
		r.LastForwarded = &at
	}
	return &r
}

// tell keeps what is to be reported. Progress within a phase waits for the next report.
func (m *moves) tell(key string, r config.MoveReport) {
	m.mu.Lock()
	before, had := m.reports[key]
	if _, known := m.parties[r.ID]; known {
		m.reports[key] = r
	}
	m.mu.Unlock()
	if !had || before.Phase != r.Phase || before.Error != r.Error {
		notify(m.live.changed)
	}
}

func (m *moves) run(ctx context.Context) error {
	defer m.running.Wait()
	timer := time.NewTimer(ownEvery)
	defer timer.Stop()
	owned := m.clock()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-m.wake:
		case <-timer.C:
		}
		again := m.look(ctx)
		if m.clock().Sub(owned) >= ownEvery {
			owned = m.clock()
			m.live.reown()
		}
		if again {
			timer.Reset(moveEvery)
		} else {
			timer.Reset(ownEvery)
		}
	}
}

// look sees to all moves, and to seals that were left over. It tells whether to come again soon.
func (m *moves) look(ctx context.Context) (again bool) {
	s := m.live.current.Load()
	if s == nil {
		return false
	}
	changed := false
	for _, p := range m.all() {
		again = true
		switch p.Role {
		case config.MoveTarget:
			m.fetch(ctx, p)
		case config.MoveForward:
			m.tell(p.Tenant, config.MoveReport{ID: p.ID, Phase: config.MoveForwarding})
		default:
			changed = m.lookSource(ctx, s, p) || changed
		}
	}
	if changed {
		m.live.reown()
	}
	return m.breakSeals(ctx, s) || again
}

// lookSource tells whether the tenant's being served is to change.
func (m *moves) lookSource(ctx context.Context, s *snapshot, p move.Party) (changed bool) {
	o, err := m.seals.Look(ctx, p.Tenant, p.Owner, true)
	if err != nil {
		m.log.Warn("the owner of a tenant that moves could not be found out", "tenant", p.Tenant, "error", err)
		return false
	}
	m.tell(p.Tenant, config.MoveReport{ID: p.ID, Phase: sourcePhase(o, p)})
	return s.held[p.Tenant] != gone(o, p.Owner)
}

func sourcePhase(o store.Ownership, p move.Party) string {
	switch {
	case gone(o, p.Owner):
		return config.MoveForwarding
	case o.Mark != "":
		return config.MoveSwitching
	}
	return config.MoveWaiting
}

// gone tells whether the tenant that a server had belongs to another one now.
func gone(o store.Ownership, self string) bool {
	return o.Owner != self && o.Owner != "" || strings.HasPrefix(o.Mark, store.Moved(""))
}

// breakSeals opens tenants that a move has left sealed which is over.
func (m *moves) breakSeals(ctx context.Context, s *snapshot) (again bool) {
	if s.config.Owner == "" {
		return false
	}
	for i := range s.config.Tenants {
		t := &s.config.Tenants[i]
		if t.Move != nil || !s.owned[t.Key].sealed {
			continue
		}
		o, err := m.seals.Look(ctx, t.Key, s.config.Owner, false)
		again = again || err != nil || o.Mark != ""
	}
	return again
}

// fetch begins to fetch a tenant, unless that is under way or done.
func (m *moves) fetch(ctx context.Context, p move.Party) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, running := m.fetching[p.ID]; running || m.parties[p.ID] != p {
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	m.fetching[p.ID] = fetching{party: p, cancel: cancel}
	m.running.Go(func() {
		defer cancel()
		m.fetchAll(ctx, p)
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.parties[p.ID] == p && ctx.Err() == nil {
			m.fetching[p.ID] = fetching{party: p, cancel: cancel, done: true}
			return
		}
		delete(m.fetching, p.ID)
		notify(m.wake)
	})
}

// fetchAll tries until the tenant is here. Of several replicas one fetches.
func (m *moves) fetchAll(ctx context.Context, p move.Party) {
	client := move.Client(&p.Move)
	defer client.CloseIdleConnections()
	t := &move.Target{Party: p, Store: m.store, HTTP: client, Clock: m.clock, Log: m.log, Tell: func(r config.MoveReport) { m.tell(p.Tenant, r) }}
	for gap := fetchGap; ; gap = min(2*gap, fetchMost) {
		err := m.fetchOnce(ctx, t)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			m.tell(p.Tenant, config.MoveReport{ID: p.ID, Phase: config.MoveDone, PausedMillis: m.paused(p.Tenant)})
			m.live.reown()
			return
		case !errors.Is(err, errElsewhere):
			m.log.Warn("a tenant could not be fetched; trying again", "tenant", p.Tenant, "move", p.ID, "error", err)
			m.tell(p.Tenant, config.MoveReport{ID: p.ID, Phase: config.MoveWaiting, Error: err.Error()})
		default:
			gap = fetchGap
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(gap):
		}
	}
}

func (m *moves) paused(key string) int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.reports[key].PausedMillis
}

// errElsewhere means that another replica fetches the tenant.
var errElsewhere = errors.New("another replica fetches the tenant")

// fetchLease is the lease unless a test shortens it.
const fetchLease = 15 * time.Second

func (m *moves) fetchOnce(ctx context.Context, t *move.Target) error {
	if !m.store.Shared() {
		return t.Run(ctx)
	}
	o, err := m.store.Owner(ctx, t.Tenant)
	if err != nil || move.Complete(o, t.Owner) {
		return err
	}
	const work = "move"
	mine, err := m.store.Claim(ctx, t.Tenant, work, m.holder, m.lease)
	if err != nil {
		return err
	}
	if !mine {
		return errElsewhere
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-time.After(m.lease / 3):
			}
			if mine, err := m.store.Claim(ctx, t.Tenant, work, m.holder, m.lease); err == nil && !mine {
				cancel()
			}
		}
	}()
	err = t.Run(ctx)
	release, done := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer done()
	return errors.Join(err, m.store.Release(release, t.Tenant, work, m.holder))
}

// gate serves what servers ask of each other, and passes on requests of tenants that have gone elsewhere.
func (m *moves) gate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := m.live.current.Load()
		switch {
		case strings.HasPrefix(r.URL.Path, move.Path):
			m.source.ServeHTTP(w, r)
		case s == nil || !s.moving:
			next.ServeHTTP(w, r)
		default:
			m.route(w, r, s, next)
		}
	})
}

// route looks at the ownership of a tenant that moves with each request: none is answered from what is out of date.
func (m *moves) route(w http.ResponseWriter, r *http.Request, s *snapshot, next http.Handler) {
	key := tenantOf(r.URL.Path)
	e := s.entries[key]
	if e == nil || e.config.Move == nil || e.config.Move.Role == config.MoveTarget {
		next.ServeHTTP(w, r)
		return
	}
	mv := e.config.Move
	if mv.Role == config.MoveSource {
		o, err := m.store.Owner(r.Context(), key)
		if err != nil || !gone(o, s.config.Owner) {
			next.ServeHTTP(w, r) // which meets the database, too
			return
		}
		if !s.held[key] {
			notify(m.wake)
		}
	}
	m.forward.Forward(w, r, mv, m.clock())
}

// tenantOf is the key of the tenant that a path belongs to.
func tenantOf(path string) string {
	namespace, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	name, _, _ := strings.Cut(rest, "/")
	return namespace + "/" + name
}

func refuseForward(w http.ResponseWriter, _ *http.Request) {
	const after = 5 * time.Second
	e := &scimerr.Error{Status: http.StatusServiceUnavailable, Detail: "the tenant has moved to another server, which does not answer now; try again", RetryAfter: after}
	w.Header().Set("Content-Type", "application/scim+json")
	w.Header().Set("Retry-After", strconv.Itoa(int(after/time.Second)))
	w.WriteHeader(e.Status)
	_, _ = w.Write(e.AppendJSON(nil))
}

// reown asks anew who owns the tenants, and serves accordingly.
func (l *live) reown() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s := l.current.Load(); s != nil && s.config.Owner != "" {
		if others := l.ownership(s.config.Server); others != nil && !maps.Equal(others, s.owned) {
			l.swap(s.config)
		}
	}
}

package app

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/directory"
	"github.com/scim-operator/scim-operator/scimserver/member"
)

// How often the background looks at a tenant without being told to. A round takes longer where there are very many.
const (
	tendEvery  = time.Minute
	tendLater  = 5 * time.Second // while another process is at it, which may die
	pruneEvery = 5 * time.Minute
	pruneIdle  = time.Hour // of a tenant in which nothing happens
)

// tended is what the background does for a tenant: *member.Tenant with an application, *member.Journal without.
type tended interface {
	directory.Provisioner
	Tend(ctx context.Context) (more bool, err error)
	Leave(ctx context.Context) error
	WriteRefusals(ctx context.Context, all bool) error
	Prune(ctx context.Context, since bool) error
}

// tender does the work of the engine that is left to the background, a portion of each tenant in turn: of those that are new
// or changed, of those that the engine names, and of the others as the rota says. It runs on one goroutine.
type tender struct {
	live   *live
	engine *member.Engine
	log    *slog.Logger
	wake   chan struct{} // holds one signal: there is another configuration
	stirs  marks         // tenants with new events

	known   map[string]tended    // as they were seen last
	pending map[string]bool      // have something to do now
	later   map[string]time.Time // when to try again what has failed, or what another process is at
	stirred map[string]bool      // have new events since they were pruned
	pruned  map[string]time.Time
	retried map[string]time.Time // or pruned
	rota    rota
}

func newTender(l *live, engine *member.Engine, log *slog.Logger) *tender {
	return &tender{
		live: l, engine: engine, log: log, wake: make(chan struct{}, 1),
		known: map[string]tended{}, pending: map[string]bool{}, later: map[string]time.Time{},
		stirred: map[string]bool{}, pruned: map[string]time.Time{}, retried: map[string]time.Time{}, rota: rota{least: tendEvery, each: eachTenant},
	}
}

func (t *tender) run(ctx context.Context) error {
	timer := time.NewTimer(tendEvery)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			t.finish(ctx)
			return ctx.Err()
		case <-t.wake:
			t.gather()
		case <-t.engine.Woken():
		case <-timer.C:
		}
		for t.round(ctx) { // as long as there is more
		}
		t.look(ctx)
		timer.Reset(t.pause())
	}
}

// leave gives up what was begun.
func (t *tender) leave(ctx context.Context) {
	for key := range t.pending {
		if m := t.known[key]; m != nil {
			if err := m.Leave(ctx); err != nil {
				t.log.Debug("background work of a tenant was not given up", "tenant", key, "error", err)
			}
		}
	}
}

func (t *tender) pause() time.Duration {
	if len(t.later) > 0 {
		return min(t.rota.pause(), tendLater)
	}
	return t.rota.pause()
}

// finishWithin is what writing down the rest may take at the end.
const finishWithin = 5 * time.Second

// finish gives up what was begun, and writes down what was only counted.
func (t *tender) finish(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishWithin)
	defer cancel()
	t.leave(ctx)
	for key, m := range t.known {
		if err := m.WriteRefusals(ctx, true); err != nil {
			t.log.Error("repeated refusals of a tenant were not written into the provisioning log", "tenant", key, "error", err)
		}
	}
}

// gather notes what is another tenant than before.
func (t *tender) gather() {
	now := t.live.tended()
	for key, m := range now {
		if t.known[key] != m {
			t.pending[key] = true
		}
	}
	for key := range t.known {
		if now[key] == nil {
			delete(t.pending, key)
			delete(t.later, key)
			delete(t.stirred, key)
			delete(t.pruned, key)
			delete(t.retried, key)
		}
	}
	t.known = now
}

// round does a portion for each tenant that has something to do.
func (t *tender) round(ctx context.Context) (more bool) {
	select {
	case <-t.wake:
		t.gather()
	default:
	}
	for _, key := range t.engine.WokenTenants() {
		t.pending[key] = true
	}
	for key := range t.pending {
		again := t.tend(ctx, key)
		if ctx.Err() != nil {
			return false
		}
		if !again {
			delete(t.pending, key)
		}
	}
	return len(t.pending) > 0
}

func (t *tender) tend(ctx context.Context, key string) (again bool) {
	m := t.known[key]
	if m == nil {
		return false
	}
	start := time.Now()
	again, err := m.Tend(ctx)
	if again {
		t.rest(ctx, time.Since(start))
	}
	switch {
	case err == nil || ctx.Err() != nil:
	case errors.Is(err, member.ErrLater):
		t.later[key] = t.live.clock().Add(tendLater)
		return false
	default:
		t.log.Error("background work of a tenant failed; trying again later", "tenant", key, "error", err)
		t.later[key] = t.live.clock().Add(tendEvery)
		return false
	}
	delete(t.later, key)
	return again
}

// look tends and prunes the tenants whose turn has come, and tries again what has failed a while ago.
func (t *tender) look(ctx context.Context) {
	now := t.live.clock()
	maps.Copy(t.stirred, t.stirs.take())
	for key, at := range t.later {
		if !now.Before(at) {
			t.pending[key] = true
		}
	}
	for _, key := range t.rota.due(now, func() []string { return slices.Collect(maps.Keys(t.known)) }) {
		t.pending[key] = true
		t.prune(ctx, key, now)
	}
	for t.round(ctx) {
	}
}

// The background rests after each portion, so that requests keep most of the processors and of the one writer of the store:
// restAfterWork times as long as it has worked, where that ends within portionTime, which makes 2,000 users a second; but
// for a quarter of its work at least.
const (
	restAfterWork = 5
	portionTime   = 250 * time.Millisecond
	mostRest      = time.Second
)

// restAfter is how long to rest after a portion of work.
func restAfter(worked time.Duration) time.Duration {
	return min(max(min(restAfterWork*worked, portionTime-worked), worked/4), mostRest)
}

// rest lets requests go first.
func (t *tender) rest(ctx context.Context, worked time.Duration) {
	timer := time.NewTimer(restAfter(worked))
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// prune removes old rows of a tenant that has got new ones, of any other now and then, and tries again what the application
// has refused.
func (t *tender) prune(ctx context.Context, key string, now time.Time) {
	m := t.known[key]
	if m == nil || now.Sub(t.retried[key]) < pruneEvery {
		return
	}
	since := t.stirred[key] || now.Sub(t.pruned[key]) >= pruneIdle
	if since {
		t.pruned[key] = now
		delete(t.stirred, key)
	}
	t.retried[key] = now
	if err := m.Prune(ctx, since); err != nil && ctx.Err() == nil && !errors.Is(err, member.ErrLater) {
		t.log.Error("old events and log entries of a tenant were not removed, or refused off-boardings not tried again", "tenant", key, "error", err)
	}
}

// tended are the tenants that do not wait for a purge.
func (l *live) tended() map[string]tended {
	found := map[string]tended{}
	s := l.current.Load()
	if s == nil {
		return found
	}
	for key, e := range s.entries {
		if e.tended != nil && !s.held[key] {
			found[key] = e.tended
		}
	}
	return found
}

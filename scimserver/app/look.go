package app

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// look is when the store was asked for a tenant: what was known of it then. As long as that is so, the answer is the same,
// unless another process has changed it.
type look struct {
	entry   *entry
	held    bool
	request time.Time // of the latest request
}

// looksAtOnce are the tenants that are asked for at the same time; a store over a network has a long way.
const looksAtOnce = 4

// count asks the store for the tenants in which something has happened, and for some of the others in turn. Where it does not
// answer, what was known last stays.
func (r *reports) count(ctx context.Context) {
	s := r.live.current.Load()
	if s == nil {
		return
	}
	r.forget(s)
	var mu sync.Mutex // of what is known
	var asking errgroup.Group
	asking.SetLimit(looksAtOnce)
	for key, l := range r.stale(s) {
		e := s.entries[key]
		asking.Go(func() error {
			f, err := r.ask(ctx, key, e)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				r.log.Debug("tenant could not be counted", "tenant", key, "error", err)
				delete(r.looks, key)
			} else {
				r.looks[key], r.found[key] = l, f
			}
			return nil
		})
	}
	_ = asking.Wait()
}

// forget drops what is known of tenants that are gone.
func (r *reports) forget(s *snapshot) {
	for key := range r.found {
		if s.entries[key] == nil {
			delete(r.found, key)
			delete(r.looks, key)
		}
	}
}

// stale are the tenants of which something else may be true than what is known.
func (r *reports) stale(s *snapshot) map[string]look {
	stirred := r.stirs.take()
	for _, key := range r.rota.due(r.clock(), func() []string { return slices.Collect(maps.Keys(s.entries)) }) {
		if stirred == nil {
			stirred = map[string]bool{}
		}
		stirred[key] = true
	}
	out := map[string]look{}
	for key, e := range s.entries {
		l := look{entry: e, held: s.held[key], request: e.activity.LastRequest()}
		if had, known := r.looks[key]; !known || had != l || stirred[key] || r.found[key].moving() {
			out[key] = l
		}
	}
	return out
}

// finding is what the store says of a tenant.
type finding struct {
	counts   store.Counts
	backlog  store.Backlog // of a tenant with an application
	progress progress      // as well
}

// moving tells whether it may change by itself.
func (f finding) moving() bool {
	return f.backlog.Pending > 0 || f.backlog.Parked > 0 || f.progress.remap != nil || f.progress.braked
}

func (r *reports) ask(ctx context.Context, key string, e *entry) (f finding, err error) {
	if f.counts, err = r.store.Counts(ctx, key); err != nil || e.members == nil {
		return f, err
	}
	if f.backlog, err = r.store.Backlog(ctx, key); err != nil {
		return f, err
	}
	f.progress, err = progressOf(ctx, e.members)
	return f, err
}

package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// grace is how long a purge waits for requests that began before its tenant was taken away. It is longer than a request
// can last.
const grace = writeTimeout + 10*time.Second

// purges remembers which purges of the configuration are done. The store remembers it for good.
//
// Other processes on the same database may still serve the tenant, and write behind a purge. So each of them purges what it
// has served itself, and none serves the next tenant of the name before the configuration asks for the purge no more: that
// is when all have done it.
type purges struct {
	shared bool
	holder string        // of this process
	wake   chan struct{} // holds one signal: there may be something to purge
	mu     sync.Mutex
	known  map[config.Purge]*purgeState
	served map[string]bool // keys that this process has served
}

type purgeState struct{ served, done bool } // served: by this process, before the purge was asked for

// serve notes that a tenant is served.
func (p *purges) serve(key string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.served == nil {
		p.served = map[string]bool{}
	}
	p.served[key] = true
}

// keep forgets what is no longer asked for.
func (p *purges) keep(asked []config.Purge) {
	p.mu.Lock()
	defer p.mu.Unlock()
	kept := map[config.Purge]*purgeState{}
	for _, a := range asked {
		if kept[a] = p.known[a]; kept[a] == nil {
			kept[a] = &purgeState{served: p.served[a.Tenant]}
		}
	}
	p.known = kept
}

func (p *purges) finished(a config.Purge) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.known[a]; s != nil { // else it is no longer asked for
		s.done = true
	}
}

// uids are what the store knows the purge by: the second one is of what this process has served.
func (p *purges) uids(a config.Purge) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.known[a]; p.shared && s != nil && s.served {
		return []string{a.UID, a.UID + " of " + p.holder}
	}
	return []string{a.UID}
}

// split tells which of the asked ones are done and which are not.
func (p *purges) split(asked []config.Purge) (done, pending []config.Purge) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, a := range asked {
		if s := p.known[a]; s != nil && s.done {
			done = append(done, a)
		} else {
			pending = append(pending, a)
		}
	}
	return done, pending
}

// heldKeys are those of the tenants that are not served because of a purge.
func (p *purges) heldKeys(asked []config.Purge) map[string]bool {
	_, pending := p.split(asked)
	if p.shared {
		pending = asked
	}
	keys := make(map[string]bool, len(pending))
	for _, a := range pending {
		keys[a.Tenant] = true
	}
	return keys
}

// purger deletes the data of tenants that are gone.
type purger struct {
	live  *live
	store store.Store
	log   *slog.Logger
	retry time.Duration
}

func (p *purger) run(ctx context.Context) error {
	retry := time.NewTimer(0)
	defer retry.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-p.live.purges.wake:
		case <-retry.C:
		}
		if err := p.purge(ctx); err != nil && ctx.Err() == nil {
			level := slog.LevelError
			if errors.Is(err, errPurgedElsewhere) {
				level = slog.LevelInfo
			}
			p.log.Log(ctx, level, "data of a deleted tenant could not be deleted; trying again", "error", err)
			retry.Reset(p.retry)
		}
	}
}

// purgeFor is how long another process is left alone with the purge of a tenant.
const purgeFor = time.Minute

var errPurgedElsewhere = errors.New("another process is at it")

// one does one purge.
func (p *purger) one(ctx context.Context, a config.Purge) error {
	holder := p.live.purges.holder
	if p.store.Shared() {
		if mine, err := p.store.Claim(ctx, a.Tenant, "purge", holder, purgeFor); err != nil || !mine {
			return cmp.Or(err, errPurgedElsewhere)
		}
	}
	for _, uid := range p.live.purges.uids(a) {
		if err := p.store.Purge(ctx, a.Tenant, uid); err != nil && !errors.Is(err, store.ErrNotOwner) { // of another's data nothing is deleted
			return err
		}
	}
	if p.store.Shared() {
		if err := p.store.Release(ctx, a.Tenant, "purge", holder); err != nil {
			return err
		}
	}
	p.live.purges.finished(a)
	p.log.Info("data of a deleted tenant are deleted", "tenant", a.Tenant, "uid", a.UID)
	return nil
}

// purge does what is pending. The snapshot does not serve those tenants any more; requests that still do are waited for,
// since they could write behind the purge.
func (p *purger) purge(ctx context.Context) error {
	s := p.live.current.Load()
	if s == nil {
		return nil
	}
	_, pending := p.live.purges.split(s.config.Purges)
	if len(pending) == 0 {
		return nil
	}
	if err := p.live.epochs.wait(ctx, grace); err != nil {
		return err
	}
	var errs []error
	for _, a := range pending {
		if err := p.one(ctx, a); err != nil {
			errs = append(errs, fmt.Errorf("purge tenant %s: %w", a.Tenant, err))
		}
	}
	if len(errs) < len(pending) {
		p.live.release()
	}
	return errors.Join(errs...)
}

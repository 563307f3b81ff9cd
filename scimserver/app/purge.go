package app

import (
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
type purges struct {
	wake chan struct{} // holds one signal: there may be something to purge
	mu   sync.Mutex
	done map[config.Purge]bool
}

// keep forgets what is no longer asked for.
func (p *purges) keep(asked []config.Purge) {
	p.mu.Lock()
	defer p.mu.Unlock()
	kept := map[config.Purge]bool{}
	for _, a := range asked {
		if p.done[a] {
			kept[a] = true
		}
	}
	p.done = kept
}

func (p *purges) finished(a config.Purge) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done[a] = true
}

// split tells which of the asked ones are done and which are not.
func (p *purges) split(asked []config.Purge) (done, pending []config.Purge) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, a := range asked {
		if p.done[a] {
			done = append(done, a)
		} else {
			pending = append(pending, a)
		}
	}
	return done, pending
}

func (p *purges) pendingKeys(asked []config.Purge) map[string]bool {
	_, pending := p.split(asked)
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
			p.log.Error("data of a deleted tenant could not be deleted; trying again", "error", err)
			retry.Reset(p.retry)
		}
	}
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
		if err := p.store.Purge(ctx, a.Tenant, a.UID); err != nil {
			errs = append(errs, fmt.Errorf("purge tenant %s: %w", a.Tenant, err))
			continue
		}
		p.live.purges.finished(a)
		p.log.Info("data of a deleted tenant are deleted", "tenant", a.Tenant, "uid", a.UID)
	}
	if len(errs) < len(pending) {
		p.live.release()
	}
	return errors.Join(errs...)
}

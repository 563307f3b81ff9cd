package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/mapping"
	"github.com/scim-operator/scim-operator/scimserver/member"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
)

// members makes the tenant's part in the engine of members; nil where the tenant has no application.
func (b *builder) members(t config.Tenant, registry *schema.Registry) (*member.Tenant, error) {
	if t.Application == nil || b.engine == nil {
		return nil, nil
	}
	program, err := mapping.Compile(mapping.Spec{Application: t.Application, Mapping: t.Mapping}, registry)
	if err != nil {
		return nil, fmt.Errorf("mapping: %w", err)
	}
	hash, err := mappingHash(t)
	if err != nil {
		return nil, err
	}
	return b.engine.Tenant(member.Config{
		Key: t.Key, Application: t.Application, Lifecycle: t.Lifecycle, Mapper: program, Hash: hash,
		HasRole: t.Mapping != nil && t.Mapping.Role != nil, URL: b.base + "/" + t.Key + "/scim/v2",
	}), nil
}

// mappingHash changes with all that a user is mapped by: then all users are mapped again.
func mappingHash(t config.Tenant) (string, error) {
	text, err := json.Marshal([]any{t.Application.Fields, t.Application.Roles, t.Mapping, t.Extensions})
	if err != nil {
		return "", fmt.Errorf("mapping: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16]), nil
}

// How often the background looks at all tenants without being told to.
const (
	tendEvery  = time.Minute
	pruneEvery = 5 * time.Minute
)

// tender does the work of the engine that is left to the background, a portion of each tenant in turn.
type tender struct {
	live   *live
	engine *member.Engine
	log    *slog.Logger
	wake   chan struct{} // holds one signal: there is another configuration
	pruned time.Time
}

func (t *tender) run(ctx context.Context) error {
	timer := time.NewTimer(tendEvery)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-t.wake:
		case <-t.engine.Woken():
		case <-timer.C:
		}
		for t.round(ctx) { // as long as there is more
		}
		t.prune(ctx)
		timer.Reset(tendEvery)
	}
}

func (t *tender) round(ctx context.Context) (more bool) {
	for key, m := range t.live.members() {
		start := time.Now()
		again, err := m.Tend(ctx)
		if ctx.Err() != nil {
			return false
		}
		if again {
			t.rest(ctx, time.Since(start))
		}
		if err != nil {
			t.log.Error("background work of a tenant failed; trying again later", "tenant", key, "error", err)
			continue
		}
		more = more || again
	}
	return more
}

// restAfterWork is how much longer than it works the background rests, so that requests keep most of the processors and of
// the one writer of the store.
const restAfterWork = 2

// mostRest bounds the rest after a portion that took long because others did.
const mostRest = time.Second

// rest lets requests go first.
func (t *tender) rest(ctx context.Context, worked time.Duration) {
	timer := time.NewTimer(min(restAfterWork*worked, mostRest))
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

func (t *tender) prune(ctx context.Context) {
	now := t.live.clock()
	if now.Sub(t.pruned) < pruneEvery {
		return
	}
	t.pruned = now
	for key, m := range t.live.members() {
		if err := m.Prune(ctx); err != nil && ctx.Err() == nil {
			t.log.Error("old events and log entries of a tenant were not removed", "tenant", key, "error", err)
		}
	}
}

// members are the tenants that have an application and do not wait for a purge.
func (l *live) members() map[string]*member.Tenant {
	found := map[string]*member.Tenant{}
	s := l.current.Load()
	if s == nil {
		return found
	}
	for key, e := range s.entries {
		if e.members != nil && !s.held[key] {
			found[key] = e.members
		}
	}
	return found
}

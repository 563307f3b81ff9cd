package app

import (
	"log/slog"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/httpapi"
	"github.com/scim-operator/scim-operator/scimserver/member"
)

// snapshot is one configuration, ready to serve. It is immutable.
type snapshot struct {
	config  *config.Loaded
	hash    string
	at      time.Time // when the configuration was loaded
	entries map[string]*entry
	held    map[string]bool // keys that wait for a purge, or that others own
	owned   owned           // those of them that others own, or nobody yet
	moving  bool            // there are tenants that move
	serving map[string]*httpapi.Tenant
	keys    *keySets
	shared  *shared
}

// newSnapshot takes what did not change from prev (nil: there is none): tenants with all their state, limiters, schemas.
func newSnapshot(next *config.Loaded, prev *snapshot, held map[string]bool, others owned, clock func() time.Time, engine *member.Engine, limits limits) *snapshot {
	s := &snapshot{
		config: next, hash: next.Digest, at: clock(), held: held, owned: others,
		entries: make(map[string]*entry, len(next.Tenants)),
		serving: make(map[string]*httpapi.Tenant, len(next.Tenants)),
	}
	if prev != nil && prev.hash == s.hash {
		s.at = prev.at
	}
	s.keys, s.shared = prev.nextKeys(clock), newShared()
	b := builder{base: next.BaseURL, clock: clock, shared: s.shared, before: prev.sharedParts(), keys: s.keys, engine: engine, limits: limits}
	for i, t := range next.Tenants {
		e := b.build(t, next.Hashes[i], prev.entry(t.Key))
		s.entries[t.Key] = e
		s.serving[t.Key] = e.http
		s.moving = s.moving || t.Move != nil
		if held[t.Key] {
			s.serving[t.Key] = e.heldBack(others.detail(t.Key))
		}
	}
	return s
}

func (s *snapshot) nextKeys(clock func() time.Time) *keySets {
	if s == nil {
		return newKeySets(clock)
	}
	return s.keys.next()
}

func (s *snapshot) entry(key string) *entry {
	if s == nil {
		return nil
	}
	return s.entries[key]
}

func (s *snapshot) sharedParts() *shared {
	if s == nil {
		return newShared()
	}
	return s.shared
}

func (s *snapshot) logFailures(log *slog.Logger) {
	for key, e := range s.entries {
		if e.err != nil {
			log.Error("tenant was not changed", "tenant", key, "error", e.err, "served", e.hash != "")
		}
	}
}

package local

import (
	"context"
	"math"
	"sync"
	"time"
)

// Claims implements the part of store.Claims that needs no tables. The zero value is ready for use.
type Claims struct {
	mu      sync.Mutex
	held    map[name]claim
	buckets map[name]bucket
}

type name struct{ tenant, of string }

type claim struct {
	holder string
	until  time.Time
}

type bucket struct {
	tokens float64
	at     time.Time
}

// Claim implements store.Claims.
func (c *Claims) Claim(ctx context.Context, tenant, work, holder string, ttl time.Duration) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	now, key := time.Now(), name{tenant, work}
	if other, ok := c.held[key]; ok && other.holder != holder && now.Before(other.until) {
		return false, nil
	}
	if c.held == nil {
		c.held = map[name]claim{}
	}
	c.held[key] = claim{holder: holder, until: now.Add(ttl)}
	return true, nil
}

// Release implements store.Claims.
func (c *Claims) Release(ctx context.Context, tenant, work, holder string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if key := (name{tenant, work}); c.held[key].holder == holder {
		delete(c.held, key)
	}
	return ctx.Err()
}

// Grant implements store.Claims.
func (c *Claims) Grant(ctx context.Context, tenant, of string, rate, burst, want int) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	now, key := time.Now(), name{tenant, of}
	b, known := c.buckets[key]
	if !known {
		b = bucket{tokens: float64(burst), at: now}
	}
	if c.buckets == nil {
		c.buckets = map[name]bucket{}
	}
	full := math.Min(float64(burst), b.tokens+float64(rate)*now.Sub(b.at).Seconds())
	granted := max(min(want, int(full)), 0)
	c.buckets[key] = bucket{tokens: full - float64(granted), at: now}
	return granted, nil
}

// Forget ends all claims and buckets of a tenant.
func (c *Claims) Forget(tenant string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key := range c.held {
		if key.tenant == tenant {
			delete(c.held, key)
		}
	}
	for key := range c.buckets {
		if key.tenant == tenant {
			delete(c.buckets, key)
		}
	}
}

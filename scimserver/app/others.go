package app

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"os"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// newHolder names this process among those that share a database.
func newHolder() string {
	var random [6]byte
	_, _ = rand.Read(random[:]) // it never fails
	host, err := os.Hostname()
	if err != nil {
		host = "host"
	}
	return host + "/" + hex.EncodeToString(random[:])
}

// others tells who waits here for events and log rows of what other processes have written. It asks the store only while
// somebody waits, and then for all of them at a time.
type others struct {
	store   store.Claims
	waiting []func() []string // tenants that somebody waits for
	tell    func(tenant string)
	every   time.Duration
	log     *slog.Logger
	heads   map[string]store.Head // of those that were waited for the last time
}

func (o *others) run(ctx context.Context) error {
	if !o.store.Shared() {
		return nil
	}
	ticker := time.NewTicker(o.every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
			o.look(ctx)
		}
	}
}

// look tells of tenants that have gone on since the last look, and of those that were not looked at then.
func (o *others) look(ctx context.Context) {
	var keys []string
	for _, waiting := range o.waiting {
		keys = append(keys, waiting()...)
	}
	if len(keys) == 0 {
		o.heads = nil
		return
	}
	heads, err := o.store.Heads(ctx, keys)
	if err != nil {
		o.log.Debug("what other processes have written cannot be looked for; trying again", "error", err)
		return
	}
	before := o.heads
	o.heads = make(map[string]store.Head, len(keys))
	for _, key := range keys {
		if _, twice := o.heads[key]; twice {
			continue
		}
		if known, ok := before[key]; !ok || known != heads[key] {
			o.tell(key)
		}
		o.heads[key] = heads[key]
	}
}

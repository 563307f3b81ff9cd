package outbox

import (
	"context"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// most is the number of tenants that are asked for at a time: all.
const most = 1 << 20

// watch looks for tenants with events until ctx ends: at first, when there are new routes, and now and then. One question is
// enough for all tenants.
func (d *Dispatcher) watch(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.joined:
		case <-timer.C:
		}
		timer.Reset(d.look(ctx))
	}
}

// look wakes the tenants that have events, and returns after what time to look again. Of a shared store those count that are
// due; else a tenant's receiver finds out when its next event is.
func (d *Dispatcher) look(ctx context.Context) time.Duration {
	now, again := d.Clock(), d.Timing.Poll
	if !d.Store.Shared() {
		now, again = now.Add(100*365*24*time.Hour), d.Timing.SafetyNet
	}
	d.mu.Lock()
	none := len(d.lanes) == 0
	d.mu.Unlock()
	if none {
		return again
	}
	tenants, err := d.Store.DueTenants(ctx, now, most)
	if err != nil {
		if ctx.Err() == nil {
			d.Log.Error("events cannot be looked for; trying again", "error", err)
		}
		return d.Timing.Repair
	}
	for _, tenant := range tenants {
		d.Wake(tenant)
	}
	return again
}

// claims is how long events are claimed for when they are fetched, and how long from then on their attempts may begin.
func (d *Dispatcher) claims(l *lane) (claim, begin time.Duration) {
	if !d.Store.Shared() {
		return 0, 0
	}
	return d.Timing.Claim + l.timeout, d.Timing.Claim
}

// claimOf is the claim that an event was fetched under.
func (d *Dispatcher) claimOf(e store.Event) time.Time {
	if !d.Store.Shared() {
		return time.Time{}
	}
	return e.NextAttempt
}

// leave takes a lane from its receiver; d.mu is held.
func (d *Dispatcher) leave(l *lane) {
	if left := l.leave(); len(left) > 0 && d.base != nil {
		ctx := context.WithoutCancel(d.base)
		d.running.Go(func() { d.giveBack(ctx, l.tenant, left) })
	}
}

// giveBack lets others send events that were fetched here. Where it fails the claims run out.
func (d *Dispatcher) giveBack(ctx context.Context, tenant string, events []store.Event) {
	if !d.Store.Shared() || len(events) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, d.Timing.Grace)
	defer cancel()
	if err := d.Store.Unclaim(ctx, tenant, events); err != nil {
		d.Log.Warn("claims of events could not be given back", "tenant", tenant, "events", len(events), "error", err)
	}
}

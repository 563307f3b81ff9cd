package outbox

import (
	"context"
	"sync"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// ledger writes outcomes into the store: those that come while it writes go together the next time. Only what is written
// frees its member.
type ledger struct {
	r    *receiver
	wake chan struct{}

	mu      sync.Mutex
	pending []outcome
}

func (w *ledger) add(o outcome) {
	w.mu.Lock()
	w.pending = append(w.pending, o)
	w.mu.Unlock()
	signal(w.wake)
}

func (w *ledger) take() []outcome {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := w.pending
	w.pending = nil
	return all
}

// run writes until ctx ends, and then what is left, once. What cannot be written then is as if it had not been sent: who
// delivers for the tenant from now on sends it again, with the same id.
func (w *ledger) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), w.r.d.Timing.Grace)
			defer cancel()
			if !w.write(last) {
				w.settle(w.take()...)
			}
			return
		case <-w.wake:
		}
		if w.gather(ctx); ctx.Err() != nil {
			continue
		}
		if !w.write(ctx) {
			w.later(ctx)
		}
	}
}

// gather waits for more outcomes as long as attempts are under way, but not long: each commit costs the readers of the database
// what they have in their caches.
func (w *ledger) gather(ctx context.Context) {
	timer := time.NewTimer(w.r.d.Timing.Gather)
	defer timer.Stop()
	for w.r.underWay() > 0 {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
			return
		case <-w.wake: // by another outcome, which is written with this one
		}
	}
}

// later waits after a failure of the store.
func (w *ledger) later(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(w.r.d.Timing.Repair):
	}
	signal(w.wake)
}

// write returns false when something is left.
func (w *ledger) write(ctx context.Context) (done bool) {
	done = true
	acknowledged, parked := map[*lane][]outcome{}, map[*lane][]outcome{}
	for _, o := range w.take() {
		switch {
		case o.givenUp:
			w.r.d.giveBack(ctx, o.lane.tenant, []store.Event{o.event})
			w.settle(o)
		case o.kind == Delivered:
			acknowledged[o.lane] = append(acknowledged[o.lane], o)
		case !w.failed(ctx, o):
			done = false
		case o.kind == Parked:
			parked[o.lane] = append(parked[o.lane], o)
		}
	}
	w.tell(parked)
	for l, list := range acknowledged {
		if !w.delivered(ctx, l, list) {
			done = false
		}
	}
	return done
}

// tell logs what is given up, once for all of a tenant that come together.
func (w *ledger) tell(parked map[*lane][]outcome) {
	for l, list := range parked {
		last := list[len(list)-1]
		w.r.log.Warn("events are parked until they are replayed", "tenant", l.tenant, "events", len(list),
			"sequence", last.event.Sequence, "webhookID", last.event.ID, "error", last.reason)
	}
}

func (w *ledger) delivered(ctx context.Context, l *lane, list []outcome) bool {
	sequences := make([]int64, len(list))
	for i, o := range list {
		sequences[i] = o.event.Sequence
	}
	if err := w.r.d.Store.Delivered(ctx, l.tenant, sequences); err != nil {
		w.keep(l, err, list...)
		return false
	}
	w.settle(list...)
	return true
}

func (w *ledger) failed(ctx context.Context, o outcome) bool {
	a := store.Attempt{Claim: w.r.d.claimOf(o.event), At: o.at, Next: o.next, Park: o.kind == Parked, Error: o.reason}
	if err := w.r.d.Store.Failed(ctx, o.lane.tenant, o.event.Sequence, a); err != nil {
		w.keep(o.lane, err, o)
		return false
	}
	w.settle(o)
	return true
}

func (w *ledger) keep(l *lane, err error, list ...outcome) {
	w.r.log.Error("outcome of deliveries cannot be written; trying again", "tenant", l.tenant, "events", len(list), "error", err)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pending = append(w.pending, list...)
}

func (w *ledger) settle(list ...outcome) {
	w.r.d.mu.Lock()
	defer w.r.d.mu.Unlock()
	for _, o := range list {
		o.lane.settle(o)
	}
}

package outbox

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/outbox/webhook"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// receiver is one endpoint and the tenants whose events go there. Dispatcher.mu guards what changes.
type receiver struct {
	d        *Dispatcher
	endpoint Endpoint
	log      *slog.Logger
	wake     chan struct{} // holds one signal
	outcomes *ledger

	health health
	ring   []*lane // in the order of their turns
	calls  int     // under way
	stop   context.CancelFunc
}

func newReceiver(d *Dispatcher, to Route) *receiver {
	r := &receiver{
		d: d, endpoint: to.Endpoint, log: d.Log.With("application", to.Name), wake: make(chan struct{}, 1),
		health: health{timing: d.Timing},
	}
	r.outcomes = &ledger{r: r, wake: make(chan struct{}, 1)}
	return r
}

func (r *receiver) notify() { signal(r.wake) }

func signal(ch chan<- struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

func (r *receiver) drop(l *lane) {
	r.ring = slices.DeleteFunc(r.ring, func(x *lane) bool { return x == l })
}

func (r *receiver) end() {
	if r.stop != nil {
		r.stop()
	}
}

// run sends until ctx ends.
func (r *receiver) run(ctx context.Context) {
	calls, giveUp := context.WithCancelCause(context.WithoutCancel(ctx))
	defer giveUp(nil)
	writing, noMore := context.WithCancel(context.WithoutCancel(ctx))
	written := make(chan struct{})
	go func() {
		defer close(written)
		r.outcomes.run(writing)
	}()
	r.loop(ctx, calls)
	r.giveBack(ctx)
	r.finish(giveUp)
	noMore()
	<-written
	if c, ok := r.endpoint.(interface{ Close() }); ok {
		c.Close()
	}
}

func (r *receiver) loop(ctx, calls context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		r.fill(ctx)
		timer.Reset(r.send(calls))
		select {
		case <-ctx.Done():
		case <-r.wake:
		case <-timer.C:
			r.look()
		}
	}
}

// giveBack lets other replicas have what was not begun.
func (r *receiver) giveBack(ctx context.Context) {
	left := map[string][]store.Event{}
	r.d.mu.Lock()
	for _, l := range r.ring {
		left[l.tenant] = l.takeBack()
	}
	r.d.mu.Unlock()
	for tenant, events := range left {
		r.d.giveBack(context.WithoutCancel(ctx), tenant, events)
	}
}

// finish waits for the attempts under way, but not for long.
func (r *receiver) finish(giveUp context.CancelCauseFunc) {
	grace := time.AfterFunc(r.d.Timing.Grace, func() { giveUp(errGivenUp) })
	defer grace.Stop()
	for r.underWay() > 0 {
		<-r.wake
	}
}

func (r *receiver) underWay() int {
	r.d.mu.Lock()
	defer r.d.mu.Unlock()
	return r.calls
}

// look marks the lanes whose time has come.
func (r *receiver) look() {
	now := r.d.Clock()
	r.d.mu.Lock()
	defer r.d.mu.Unlock()
	for _, l := range r.ring {
		if !l.next.IsZero() && !l.next.After(now) {
			l.stale, l.next = true, time.Time{}
		}
	}
}

// fill fetches events for the lanes that have few.
func (r *receiver) fill(ctx context.Context) {
	for _, l := range r.hungry() {
		r.fetch(ctx, l)
	}
}

func (r *receiver) hungry() (list []*lane) {
	r.d.mu.Lock()
	defer r.d.mu.Unlock()
	for _, l := range r.ring {
		if l.stale && len(l.queue) < r.d.Timing.Parallel && !r.health.closedNow(r.d.Clock()) {
			l.stale = false // before the look: what is written meanwhile sets it again
			list = append(list, l)
		}
	}
	return list
}

func (r *receiver) fetch(ctx context.Context, l *lane) {
	r.d.mu.Lock()
	claim, begin := r.d.claims(l)
	limit := r.d.Timing.Prefetch + len(l.busy)
	if claim > 0 { // no more than can be begun soon: the others deliver too
		limit = 2 * r.d.Timing.Parallel
	}
	r.d.mu.Unlock()
	now := r.d.Clock()
	events, err := r.d.Store.Due(ctx, l.tenant, now, limit, claim)
	if err != nil {
		r.lookAgain(ctx, l, err)
		return
	}
	var until time.Time
	if claim > 0 {
		until = now.Add(begin)
	}
	r.d.mu.Lock()
	if l.receiver != r { // it has left meanwhile
		r.d.mu.Unlock()
		r.d.giveBack(context.WithoutCancel(ctx), l.tenant, events)
		return
	}
	l.add(events, until)
	l.stale = l.stale || len(events) == limit
	idle := len(l.busy) == 0
	r.d.mu.Unlock()
	if idle && claim == 0 {
		r.sleep(ctx, l)
	}
}

// sleep finds out when a lane without anything to do has something again.
func (r *receiver) sleep(ctx context.Context, l *lane) {
	next, err := r.d.Store.NextDue(ctx, l.tenant)
	if err != nil {
		r.lookAgain(ctx, l, err)
		return
	}
	r.d.mu.Lock()
	defer r.d.mu.Unlock()
	l.next = next
}

func (r *receiver) lookAgain(ctx context.Context, l *lane, err error) {
	if ctx.Err() == nil {
		r.log.Error("events cannot be read; trying again", "tenant", l.tenant, "error", err)
	}
	r.d.mu.Lock()
	defer r.d.mu.Unlock()
	l.next = r.d.Clock().Add(r.d.Timing.Repair)
}

// send begins what may be begun, one event of each tenant in turn, and returns after what time to look again.
func (r *receiver) send(calls context.Context) time.Duration {
	r.d.mu.Lock()
	defer r.d.mu.Unlock()
	now := r.d.Clock()
	for r.calls < r.health.allowed(now) {
		l := r.turn(now)
		if l == nil {
			break
		}
		e := l.pop()
		r.calls++
		go r.attempt(calls, l, e, l.source)
	}
	return r.pause(now)
}

// turn takes the next lane that has events, and puts it behind all others.
func (r *receiver) turn(now time.Time) *lane {
	for i, l := range r.ring {
		l.expire(now)
		if len(l.queue) > 0 {
			r.ring = append(slices.Delete(r.ring, i, i+1), l)
			return l
		}
	}
	return nil
}

// pause is the time until something is to be done without being told.
func (r *receiver) pause(now time.Time) time.Duration {
	if r.health.closedNow(now) {
		return max(r.health.until.Sub(now), time.Millisecond)
	}
	next := now.Add(r.d.Timing.SafetyNet)
	for _, l := range r.ring {
		if !l.next.IsZero() && l.next.Before(next) {
			next = l.next
		}
	}
	return max(next.Sub(now), time.Millisecond)
}

func (r *receiver) attempt(ctx context.Context, l *lane, e store.Event, source string) {
	began := r.d.Clock()
	answer, err := r.endpoint.Send(ctx, webhook.Message{ID: e.ID, Created: e.Created, Source: source, Body: e.Body})
	o := judge(answer, err)
	o.lane, o.event = l, e
	if err != nil && errors.Is(context.Cause(ctx), errGivenUp) {
		o.kind, o.givenUp = Retried, true
	}
	r.conclude(&o, began)
}

// conclude decides what becomes of the event, and has it written.
func (r *receiver) conclude(o *outcome, began time.Time) {
	now, t := r.d.Clock(), r.d.Timing
	if o.kind == Retried {
		o.next = now.Add(max(wait(t.FirstWait, t.MaxWait, o.event.Attempts+1), o.retryAfter))
		if now.Sub(o.event.Created) >= t.ParkAfter && o.event.Attempts+1 >= t.ParkTries {
			o.kind = Parked
		}
	}
	o.at = now
	if !o.givenUp {
		r.d.Observe.Attempted(o.lane.tenant, o.kind, now.Sub(began))
		if o.kind == Delivered {
			r.d.Observe.Acknowledged(o.lane.tenant, now.Sub(o.event.Created))
		}
	}
	r.d.mu.Lock()
	if !o.givenUp {
		o.lane.failure = o.reason
		r.note(o, now)
	}
	r.outcomes.add(*o)
	r.calls-- // not before: the ledger may end when nothing is under way
	r.d.mu.Unlock()
	r.notify()
}

// note keeps the receiver's health; d.mu is held.
func (r *receiver) note(o *outcome, now time.Time) {
	if !o.unhealthy {
		if r.health.succeeded() {
			r.log.Info("application can be reached again")
			for _, l := range r.ring {
				l.stale = true
			}
		}
		return
	}
	if r.health.failed(now, o.retryAfter) {
		r.log.Warn("application cannot be reached; it is tried now and then", "error", o.reason)
	}
	if r.health.dead(now) {
		r.parkOld(now, o.reason)
	}
}

// parkOld gives up what has waited too long for a receiver that is dead for as long; d.mu is held.
func (r *receiver) parkOld(now time.Time, reason string) {
	for _, l := range r.ring {
		kept := l.queue[:0]
		for _, e := range l.queue {
			if now.Sub(e.Created) < r.d.Timing.ParkAfter {
				kept = append(kept, e)
				continue
			}
			r.outcomes.add(outcome{lane: l, event: e.Event, kind: Parked, reason: reason, at: now})
		}
		l.queue = kept
	}
}

package outbox

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/outbox/webhook"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// Store is where the events are. store.Store has it. Of a shared one others deliver too: events are then claimed before they
// are sent.
type Store interface {
	Due(ctx context.Context, tenant string, now time.Time, limit int, claim time.Duration) ([]store.Event, error)
	NextDue(ctx context.Context, tenant string) (time.Time, error)
	Delivered(ctx context.Context, tenant string, sequences []int64) error
	Failed(ctx context.Context, tenant string, sequence int64, a store.Attempt) error
	Unclaim(ctx context.Context, tenant string, events []store.Event) error
	DueTenants(ctx context.Context, now time.Time, limit int) ([]string, error)
	Shared() bool
}

// Endpoint makes one attempt; *webhook.Client is one.
type Endpoint interface {
	Send(ctx context.Context, m webhook.Message) (webhook.Answer, error)
}

// Observer is told what happens, for metrics.
type Observer interface {
	// Attempted is told of each attempt: how it ended, and how long the application took.
	Attempted(tenant string, o Outcome, took time.Duration)
	// Acknowledged is told of the time between the identity provider's request and the application's acknowledgement.
	Acknowledged(tenant string, after time.Duration)
}

// Outcome is how an attempt ended.
type Outcome string

// Outcomes. Asked and Vetoed are those of synchronous questions.
const (
	Delivered Outcome = "delivered"
	Retried   Outcome = "retried" // failed, to be tried again
	Parked    Outcome = "parked"  // given up, until it is replayed
	Accepted  Outcome = "accepted"
	Vetoed    Outcome = "refused"
	Unsure    Outcome = "unavailable" // nobody answered the question
)

// Options are what a Dispatcher needs.
type Options struct {
	Store   Store
	Observe Observer
	Log     *slog.Logger
	Clock   func() time.Time // nil: time.Now
	Timing  Timing           // zero: DefaultTiming
}

// Timing bounds the delivery.
type Timing struct {
	Parallel  int           // attempts at a time, of one receiver
	Prefetch  int           // events of one tenant that are held in memory
	FirstWait time.Duration // after the first failure of an event; each further one doubles it
	MaxWait   time.Duration
	ParkAfter time.Duration // age of an event whose attempt fails, from which on it is parked
	ParkTries int           // attempts that it has had by then, at least
	OpenAfter int           // failures in a row after which a receiver is left alone …
	FirstRest time.Duration // … for this time; each further failure doubles it
	MaxRest   time.Duration
	SafetyNet time.Duration // the store is looked into without being woken …
	Poll      time.Duration // … and a shared one, for what others have left
	Claim     time.Duration // that an event may wait for its attempt, of a shared store
	Grace     time.Duration // that attempts under way get at the end
	Gather    time.Duration // that outcomes wait for others while there are attempts under way, to be written together
	Repair    time.Duration // between two attempts to write an outcome that the store could not take
}

// DefaultTiming is for production.
func DefaultTiming() Timing {
	return Timing{
		Parallel: 32, Prefetch: 256, FirstWait: 500 * time.Millisecond, MaxWait: 5 * time.Minute, ParkAfter: 24 * time.Hour, ParkTries: 8,
		OpenAfter: 10, FirstRest: time.Second, MaxRest: 30 * time.Second, SafetyNet: 5 * time.Minute, Poll: time.Second, Claim: 10 * time.Second, Grace: 10 * time.Second,
		Gather: 5 * time.Millisecond, Repair: time.Second,
	}
}

// Route says where a tenant's events go.
type Route struct {
	Tenant string
	// Receiver names the endpoint with all that makes it different from others. Routes of the same one share its
	// connections and what is known of its health.
	Receiver string
	Endpoint Endpoint
	// Name of the application, for logs.
	Name string
	// Source goes into webhook.Message.
	Source string
	// Timeout of an attempt: a claim lasts that much longer than Timing.Claim.
	Timeout time.Duration
}

// Dispatcher delivers the events of many tenants.
type Dispatcher struct {
	Options
	mu        sync.Mutex // guards all that follows, and what hangs on it
	lanes     map[string]*lane
	receivers map[string]*receiver
	running   sync.WaitGroup
	base      context.Context // of Run; nil: it does not run
	joined    chan struct{}   // holds one signal: there are tenants whose events were not looked for yet
}

// New makes a Dispatcher that has no routes yet.
func New(o Options) *Dispatcher {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Timing == (Timing{}) {
		o.Timing = DefaultTiming()
	}
	return &Dispatcher{Options: o, lanes: map[string]*lane{}, receivers: map[string]*receiver{}, joined: make(chan struct{}, 1)}
}

// Run delivers until ctx ends. Then attempts under way get Timing.Grace, and their outcomes are written. One that was not
// finished is made again after the next start, with the same id.
func (d *Dispatcher) Run(ctx context.Context) error {
	d.mu.Lock()
	d.base = ctx
	for _, r := range d.receivers {
		d.start(r)
	}
	d.mu.Unlock()
	d.watch(ctx)
	d.mu.Lock()
	d.base = nil // from now on no receiver is started
	d.mu.Unlock()
	d.running.Wait()
	return ctx.Err()
}

// start runs a receiver; d.mu is held.
func (d *Dispatcher) start(r *receiver) {
	if d.base == nil {
		return
	}
	ctx, stop := context.WithCancel(d.base)
	r.stop = stop
	d.running.Go(func() { r.run(ctx) })
}

// Configure replaces the routes. What is under way to an endpoint that is no longer there is finished, before the next
// event of the same member is sent.
func (d *Dispatcher) Configure(routes []Route) {
	d.mu.Lock()
	defer d.mu.Unlock()
	wanted := map[string]bool{}
	for _, route := range routes {
		wanted[route.Tenant] = true
		d.route(route)
	}
	for tenant, l := range d.lanes {
		if !wanted[tenant] {
			delete(d.lanes, tenant)
			d.leave(l)
		}
	}
	for key, r := range d.receivers {
		if len(r.ring) == 0 {
			delete(d.receivers, key)
			r.end()
		}
	}
}

func (d *Dispatcher) route(to Route) {
	l := d.lanes[to.Tenant]
	if l == nil {
		l = &lane{tenant: to.Tenant, busy: map[string]bool{}}
		d.lanes[to.Tenant] = l
	}
	l.source, l.timeout = to.Source, to.Timeout
	r := d.receivers[to.Receiver]
	if r == nil {
		r = newReceiver(d, to)
		d.receivers[to.Receiver] = r
		d.start(r)
	}
	if l.receiver != r {
		d.leave(l)
		l.join(r)
		signal(d.joined)
	}
}

// Wake says that the tenant has new events.
func (d *Dispatcher) Wake(tenant string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if l := d.lanes[tenant]; l != nil {
		l.stale = true
		l.receiver.notify()
	}
}

// TryNow ends the rest of the tenant's receiver, as somebody has reason to believe that it works again.
func (d *Dispatcher) TryNow(tenant string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if l := d.lanes[tenant]; l != nil {
		l.receiver.health.tryNow()
		l.stale = true
		l.receiver.notify()
	}
}

// Status is what is known of a tenant's delivery.
type Status struct {
	Resting bool   // the receiver has failed so often that it is tried only now and then
	Error   string // of the latest attempt of the tenant's, empty: it succeeded; without personal data
}

// Status returns the zero Status for a tenant without a route.
func (d *Dispatcher) Status(tenant string) Status {
	d.mu.Lock()
	defer d.mu.Unlock()
	l := d.lanes[tenant]
	if l == nil {
		return Status{}
	}
	return Status{Resting: l.receiver.health.resting(), Error: l.failure}
}

// wait is the time before the attempt after the one with the number n, from 1. It is spread, so that what has failed
// together doesn't come back together.
func wait(first, most time.Duration, n int) time.Duration {
	d := most
	if n < 32 && first<<(n-1) < most {
		d = first << (n - 1)
	}
	return d/2 + rand.N(d/2+1)
}

var errGivenUp = errors.New("the dispatcher stops")

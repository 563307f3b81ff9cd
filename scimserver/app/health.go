package app

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// faultAfter is how many pings in a row must fail before it is reported: one slow answer is no news.
const faultAfter = 2

// pingEvery is as often as a readiness probe asks.
const pingEvery = 2 * time.Second

// health asks the store whether it works, for the report: the operator makes a condition of it.
type health struct {
	store   store.Store
	log     *slog.Logger
	clock   func() time.Time
	every   time.Duration
	changed chan<- struct{} // is signalled when the report would be another one

	found  atomic.Pointer[config.StoreReport] // nil: it works
	failed int                                // pings in a row
}

// report is why the store does not work, nil if it does.
func (h *health) report() *config.StoreReport { return h.found.Load() }

func (h *health) run(ctx context.Context) error {
	ticks := time.NewTicker(h.every)
	defer ticks.Stop()
	for {
		h.look(ctx)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticks.C:
		}
	}
}

// look pings once.
func (h *health) look(ctx context.Context) {
	ping, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	err := h.store.Ping(ping)
	if ctx.Err() != nil {
		return
	}
	if err == nil {
		h.failed = 0
		h.set(nil, nil)
		return
	}
	if h.failed++; h.failed >= faultAfter {
		h.set(diagnose(err), err)
	}
}

// set takes what was found. The same reason with another text is no news: it would be a write for each attempt.
func (h *health) set(f *store.Fault, err error) {
	before := h.found.Load()
	switch {
	case f == nil && before == nil, f != nil && before != nil && before.Reason == string(f.Reason):
		return
	case f == nil:
		h.found.Store(nil)
		h.log.Info("the database works again", "before", before.Reason)
	default:
		h.found.Store(&config.StoreReport{Reason: string(f.Reason), Message: f.Detail, Since: h.clock().UTC().Truncate(time.Second)})
		h.log.Error("the database does not work; requests are answered with 503", "reason", f.Reason, "problem", f.Detail, "error", err)
	}
	notify(h.changed)
}

// diagnose finds the reason. A ping that got no answer says nothing but that.
func diagnose(err error) *store.Fault {
	if f := store.FaultOf(err); f != nil {
		return f
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return &store.Fault{Reason: store.FaultUnreachable, Detail: "the database does not answer in time", Err: err}
	}
	return &store.Fault{Reason: store.FaultFailing, Detail: err.Error(), Err: err}
}

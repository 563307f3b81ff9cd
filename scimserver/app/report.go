package app

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/outbox"
	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/telemetry"
)

// reports tells the operator and the metrics what is served: at once when the configuration changes, and every
// reportEvery what the tenants have come to.
type reports struct {
	live       *live
	store      store.Store
	to         Reporter // nil: nobody
	metrics    *telemetry.Metrics
	log        *slog.Logger
	timing     timing
	version    string
	started    time.Time
	clock      func() time.Time
	stirs      *marks             // tenants with new events
	rota       rota               // of looks without a reason
	looks      map[string]look    // that were answered
	found      map[string]finding // the latest known
	dispatcher *outbox.Dispatcher
	health     *health
	failed     int // reports since the last success
	moves      *moves
}

func (a *App) newReports() *reports {
	return &reports{
		live: a.live, store: a.Store, to: a.Reporter, metrics: a.Metrics, log: a.Log, timing: a.timing,
		version: a.Version, started: a.Clock().UTC().Truncate(time.Second), clock: a.Clock, dispatcher: a.outbox, moves: a.moves,
		stirs: &a.stirs, rota: rota{least: a.timing.reportEvery, each: eachTenant},
		looks: map[string]look{}, found: map[string]finding{},
		health: &health{store: a.Store, log: a.Log, clock: a.Clock, every: a.timing.pingEvery, changed: a.live.changed},
	}
}

func (r *reports) run(ctx context.Context) error {
	next := time.NewTimer(r.timing.reportEvery)
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-r.live.changed:
		case <-next.C:
		}
		next.Reset(r.tell(ctx))
		select { // a burst of changes becomes one report
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(r.timing.reportGap):
		}
	}
}

// tell reports once and returns after what time it wants to again.
func (r *reports) tell(ctx context.Context) time.Duration {
	if r.health.report() == nil {
		r.count(ctx)
	}
	r.metrics.SetTenants(r.stats())
	r.metrics.SetDeliveries(r.deliveries())
	if r.to == nil {
		return r.timing.reportEvery
	}
	err := r.to.Report(ctx, r.report())
	if ctx.Err() != nil {
		return r.timing.reportEvery
	}
	r.metrics.ReportWritten(err)
	if err != nil {
		r.log.Warn("report to the operator failed; trying again", "error", err)
		r.failed++
		return min(r.timing.retry<<min(r.failed-1, 10), r.timing.reportEvery)
	}
	r.failed = 0
	return r.timing.reportEvery
}

func (r *reports) stats() []telemetry.TenantStats {
	s := r.live.current.Load()
	if s == nil {
		return nil
	}
	stats := make([]telemetry.TenantStats, 0, len(s.entries))
	for key, t := range s.serving {
		c := r.found[key].counts
		stats = append(stats, telemetry.TenantStats{
			Key: key, Served: t.Unavailable == nil, Users: c.Users, ActiveUsers: c.ActiveUsers, Groups: c.Groups,
		})
	}
	slices.SortFunc(stats, func(a, b telemetry.TenantStats) int { return strings.Compare(a.Key, b.Key) })
	return stats
}

func (r *reports) report() config.Report {
	rep := config.Report{StartedAt: r.started, Version: r.version, Store: r.health.report()}
	if why := r.live.rejected.Load(); why != nil {
		rep.Error = *why
	}
	s := r.live.current.Load()
	if s == nil {
		return rep
	}
	at := s.at.UTC().Truncate(time.Second)
	rep.ConfigHash, rep.LoadedAt, rep.Layout = s.hash, &at, s.config.Layout
	done, _ := r.live.purges.split(s.config.Purges)
	for _, p := range done {
		rep.Purged = append(rep.Purged, p.UID)
	}
	rep.Tenants = make(map[string]config.TenantReport, len(s.entries))
	for key, e := range s.entries {
		rep.Tenants[key] = r.tenant(key, e, s.held[key])
	}
	return rep
}

// tenant has times in minutes only: a busy tenant must not cause a write with every report.
func (r *reports) tenant(key string, e *entry, held bool) config.TenantReport {
	c := r.found[key].counts
	t := config.TenantReport{Hash: e.hash, Users: c.Users, ActiveUsers: c.ActiveUsers, Groups: c.Groups, Members: c.Members,
		Delivery: r.delivered(key, e), Remap: r.found[key].progress.remap}
	switch {
	case e.err != nil:
		t.Error = e.err.Error()
	case held:
		t.Hash, t.Error = "", r.live.whyHeld(key)
		t.Owner = r.live.otherOwner(key)
	}
	t.Move = r.moves.report(key)
	if at := e.activity.LastRequest(); !at.IsZero() {
		at = at.UTC().Truncate(time.Minute)
		t.LastRequest = &at
	}
	if j, ok := e.activity.LastRejection(); ok {
		t.LastRejection = &config.Rejection{Time: j.Time.UTC().Truncate(time.Minute), Reason: j.Reason, Detail: j.Detail}
	}
	for _, j := range e.activity.Rejections() {
		t.Rejections = append(t.Rejections, config.Rejection{Time: j.Time.UTC().Truncate(time.Minute), Reason: j.Reason, Detail: j.Detail, Count: roughly(j.Count)})
	}
	return t
}

// roughly keeps the first digit of a number, so that not every rejection is news.
func roughly(n int64) int64 {
	for step := int64(10); ; step *= 10 {
		if n < step {
			return n - n%(step/10)
		}
	}
}

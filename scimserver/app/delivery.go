package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/auth"
	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/feed"
	"github.com/scim-operator/scim-operator/scimserver/limit"
	"github.com/scim-operator/scim-operator/scimserver/member"
	"github.com/scim-operator/scim-operator/scimserver/outbox"
	"github.com/scim-operator/scim-operator/scimserver/outbox/set"
	"github.com/scim-operator/scim-operator/scimserver/outbox/webhook"
	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/telemetry"
)

// Requests of a tenant's feed: enough for an application, and bounded.
const (
	feedRequestsPerSecond = 100
	feedBurst             = 200
)

// asker lets the engine of members ask applications.
type asker struct{ dispatcher *outbox.Dispatcher }

// Ask implements member.Asker.
func (a asker) Ask(ctx context.Context, tenant string, q member.Question) (member.Verdict, error) {
	v, err := a.dispatcher.Ask(ctx, tenant, store.Event{ID: q.ID, MemberID: q.MemberID, Type: q.Type, Body: q.Body})
	return member.Verdict{Refused: v.Refused, Status: v.Status, Detail: v.Detail, ScimType: string(v.ScimType)}, err
}

// replaying is the store for administrators: who replays events believes that the application works again.
type replaying struct {
	store.Store
	outbox *outbox.Dispatcher
}

// Replay implements admin.Store.
func (r replaying) Replay(ctx context.Context, tenant string, q store.ReplayQuery) (int64, error) {
	n, err := r.Store.Replay(ctx, tenant, q)
	r.outbox.TryNow(tenant)
	return n, err
}

// couriers makes the dispatcher's routes out of configurations. Calls come one at a time.
type couriers struct {
	dispatcher *outbox.Dispatcher
	version    string
	clock      func() time.Time
	log        *slog.Logger
	clients    map[string]*webhook.Client // of the routes in force, by outbox.Route.Receiver
}

// configure routes the tenants of a snapshot. What did not change keeps its connections.
func (c *couriers) configure(s *snapshot) {
	guard := guardOf(s.config.Server)
	before := c.clients
	c.clients = map[string]*webhook.Client{}
	ids := map[*config.Webhook]string{} // tenants of one application share it
	var routes []outbox.Route
	for key, e := range s.entries {
		a := e.config.Application
		if a == nil || a.Webhook == nil || s.held[key] {
			continue
		}
		id, known := ids[a.Webhook]
		if !known {
			var err error
			if id, err = c.use(a.Webhook, guard, before); err != nil {
				c.log.Error("events of a tenant cannot be delivered", "tenant", key, "error", err)
				continue
			}
			ids[a.Webhook] = id
		}
		routes = append(routes, outbox.Route{
			Tenant: key, Receiver: id, Endpoint: c.clients[id], Name: a.Name, Source: feedURL(e),
			Timeout: time.Duration(a.Webhook.TimeoutSeconds) * time.Second,
		})
	}
	c.dispatcher.Configure(routes)
}

func feedURL(e *entry) string { return e.base + "/" + e.config.Key + "/members/v1" }

func guardOf(s *config.Server) (g webhook.Guard) {
	for _, n := range s.AllowedNetworks {
		if p, err := netip.ParsePrefix(n); err == nil { // else the configuration would have been refused
			g.Allowed = append(g.Allowed, p.Masked())
		}
	}
	return g
}

// use makes sure of the client for a webhook: the one from before, or a new one. Its id changes with everything that it is
// made from.
func (c *couriers) use(w *config.Webhook, guard webhook.Guard, before map[string]*webhook.Client) (id string, err error) {
	text, err := json.Marshal([]any{w, guard.Allowed})
	if err != nil {
		return "", fmt.Errorf("webhook: %w", err)
	}
	sum := sha256.Sum256(text)
	id = hex.EncodeToString(sum[:])
	if c.clients[id] == nil {
		c.clients[id] = before[id]
	}
	if c.clients[id] == nil {
		c.clients[id], err = c.client(w, guard)
	}
	if err != nil {
		delete(c.clients, id)
	}
	return id, err
}

func (c *couriers) client(w *config.Webhook, guard webhook.Guard) (*webhook.Client, error) {
	format, err := formatOf(w)
	if err != nil {
		return nil, err
	}
	return webhook.New(webhook.Options{
		URL: w.URL, Format: format, Timeout: time.Duration(w.TimeoutSeconds) * time.Second, CABundle: w.CABundle, Guard: guard,
		Connections: outbox.DefaultTiming().Parallel, UserAgent: "scim-operator/" + c.version, Clock: c.clock,
	})
}

func formatOf(w *config.Webhook) (webhook.Format, error) {
	keys, err := webhook.ParseKeys(w.SigningKeys)
	if err != nil {
		return nil, err
	}
	if w.Format == config.SecurityEventTokens {
		return set.NewFormat(keys, w.URL)
	}
	return webhook.Standard{Keys: keys}, nil
}

// feed makes the tenant's member feed; nil where the tenant has no application.
func (b *builder) feed(t config.Tenant, m *member.Tenant, prev *entry) (*feed.Tenant, error) {
	if m == nil {
		return nil, nil
	}
	bearer, err := auth.NewBearer(t.Application.FeedTokens, b.clock)
	if err != nil {
		return nil, fmt.Errorf("feed: %w", err)
	}
	f := &feed.Tenant{Key: t.Key, Auth: auth.NewCredentials(bearer, nil), Members: m}
	if prev != nil && prev.feed != nil {
		f.Limit = prev.feed.Limit
	} else {
		f.Limit = limit.New(feedRequestsPerSecond, feedBurst)
	}
	return f, nil
}

// Feed implements feed.Tenants.
func (l *live) Feed(namespace, name string) (*feed.Tenant, bool) {
	s, key := l.current.Load(), namespace+"/"+name
	e := s.entry(key)
	if e == nil || e.feed == nil {
		return nil, false
	}
	if s.held[key] {
		held := *e.feed
		held.Unavailable = refuse(5*time.Second, "the data of an earlier tenant of this name are being deleted; try again")
		return &held, true
	}
	return e.feed, true
}

// split sends applications to the feed and identity providers to the SCIM endpoints. Purges wait for requests that began
// earlier; those that only read the feed may take a minute, and have nothing to fear.
func (a *App) split(applications, providers http.Handler) http.Handler {
	tracked := a.live.epochs.track(applications)
	providers = a.live.epochs.track(providers)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch reads := r.Method == http.MethodGet; {
		case !feed.Serves(r.URL.Path):
			providers.ServeHTTP(w, r)
		case reads:
			applications.ServeHTTP(w, r)
		default:
			tracked.ServeHTTP(w, r)
		}
	})
}

// deliveries are for the metrics.
func (r *reports) deliveries() (stats []telemetry.DeliveryStats) {
	s := r.live.current.Load()
	for key, f := range r.found {
		e, b := s.entry(key), f.backlog
		if e == nil || e.members == nil || e.config.Application.Webhook == nil {
			continue
		}
		stats = append(stats, telemetry.DeliveryStats{
			Key: key, Pending: b.Pending, Parked: b.Parked, Oldest: b.OldestPending, Resting: r.dispatcher.Status(key).Resting,
		})
	}
	return stats
}

// delivered says what has not reached the tenant's application, nil without one.
func (r *reports) delivered(key string, e *entry) *config.DeliveryReport {
	f, known := r.found[key]
	if e.members == nil || !known {
		return nil
	}
	b := f.backlog
	d := &config.DeliveryReport{BrakeEngaged: f.progress.braked}
	if e.config.Application.Webhook == nil { // nobody delivers what the application reads by itself
		return d
	}
	d.Parked, d.OldestPending, d.OldestOffboarding = b.Parked, minute(b.OldestPending), second(b.OldestOffboarding)
	d.Pending = b.Pending
	if b.Pending+b.Parked > 0 {
		d.Error = b.LastError
		if status := r.dispatcher.Status(key); status.Error != "" {
			d.Error = status.Error
		}
	}
	return d
}

// minute keeps a time that moves with each event from causing a report with each event.
func minute(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC().Truncate(time.Minute)
	return &t
}

// second is for a time by which somebody is warned.
func second(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC().Truncate(time.Second)
	return &t
}

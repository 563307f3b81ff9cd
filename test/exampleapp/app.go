package exampleapp

import (
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/outbox/webhook"
)

// Options of an App.
type Options struct {
	// Keys verify webhooks; without any, webhooks are refused.
	Keys []webhook.Key
	// Audience of security event tokens: the URL of the endpoint, without its query.
	Audience string
	// Journal is a file that keeps everything over restarts; empty: nothing is kept.
	Journal string
	// Lenient takes every change, also the off-boarding of members with an asset.
	Lenient bool
	// Feeds are read by Pull and by the receiver of security event tokens, and get holds where assets are linked.
	Feeds []Feed
	Log   *slog.Logger
	Clock func() time.Time // nil: time.Now
}

// App is the application.
type App struct {
	Options
	inventory *inventory
	journal   *journal
	mux       *http.ServeMux
	behaviour atomic.Pointer[behaviour]
}

// behaviour is how webhooks are answered, for tests of what goes wrong.
type behaviour struct {
	Status       int `json:"status"` // 0: as it should be
	DelaySeconds int `json:"delaySeconds"`
}

// New makes an App with what its journal holds.
func New(o Options) (*App, error) {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	a := &App{Options: o, inventory: newInventory(), mux: http.NewServeMux()}
	a.behaviour.Store(&behaviour{})
	var err error
	if a.journal, err = openJournal(o.Journal, a.replay); err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	a.mux.HandleFunc("POST /hooks/scim", a.webhook)
	a.mux.HandleFunc("POST /hooks/set", a.token)
	a.api()
	a.mux.HandleFunc("GET /{$}", a.page)
	return a, nil
}

// ServeHTTP implements http.Handler.
func (a *App) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.mux.ServeHTTP(w, r) }

// Close closes the journal.
func (a *App) Close() error { return a.journal.close() }

// Members of a tenant, as the application knows them.
func (a *App) Members(tenant string) []Member {
	a.inventory.mu.Lock()
	defer a.inventory.mu.Unlock()
	return a.inventory.members(tenant)
}

// Deliveries are all events that have arrived, in their order.
func (a *App) Deliveries() []Delivery {
	a.inventory.mu.Lock()
	defer a.inventory.mu.Unlock()
	return append([]Delivery(nil), a.inventory.deliveries...)
}

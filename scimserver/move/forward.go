package move

import (
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/config"
)

// Forwarder passes requests of tenants that have moved on to their servers. The zero value with a Log is ready.
type Forwarder struct {
	Log *slog.Logger
	// Refuse answers where the other server cannot be reached.
	Refuse func(w http.ResponseWriter, r *http.Request)

	mu    sync.Mutex
	peers map[string]*httputil.ReverseProxy // by id of the move
	last  map[string]time.Time
}

// Forward passes a request on, under its own path and host.
func (f *Forwarder) Forward(w http.ResponseWriter, r *http.Request, m *config.Move, now time.Time) {
	f.peer(m, now).ServeHTTP(w, r)
}

// Last is when a request of a move was passed on.
func (f *Forwarder) Last(id string) time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.last[id]
}

// Keep forgets moves that are over.
func (f *Forwarder) Keep(ids map[string]bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for id, p := range f.peers {
		if !ids[id] {
			p.Transport.(*http.Transport).CloseIdleConnections()
			delete(f.peers, id)
			delete(f.last, id)
		}
	}
}

func (f *Forwarder) peer(m *config.Move, now time.Time) http.Handler {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.peers == nil {
		f.peers, f.last = map[string]*httputil.ReverseProxy{}, map[string]time.Time{}
	}
	f.last[m.ID] = now
	if p := f.peers[m.ID]; p != nil {
		return p
	}
	target, err := url.Parse(m.Peer)
	if err != nil { // the configuration was validated
		return http.HandlerFunc(f.Refuse)
	}
	p := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host
			r.Out.Header["X-Forwarded-For"] = r.In.Header["X-Forwarded-For"]
			r.SetXForwarded()
		},
		Transport:     Client(m).Transport,
		FlushInterval: -1,
		ErrorLog:      slog.NewLogLogger(f.Log.Handler(), slog.LevelDebug),
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			f.Log.Warn("a request of a tenant that has moved was not passed on", "move", m.ID, "error", err)
			f.Refuse(w, r)
		},
	}
	f.peers[m.ID] = p
	return p
}

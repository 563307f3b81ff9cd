package inventory

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/outbox/webhook"
)

// Application listens on a loopback address of its own.
type Application struct {
	URL string
	Key webhook.Key

	server   *http.Server
	away     atomic.Bool
	hang     bool
	received atomic.Int64
	last     atomic.Int64 // time of the latest receipt
	bad      atomic.Int64 // requests with a wrong signature

	mu    sync.Mutex
	watch func(userName string, at time.Time)
}

// Start starts an application that takes everything, or one that never answers.
func Start(hang bool) (*Application, error) {
	key, err := webhook.NewKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	a := &Application{URL: "http://" + l.Addr().String() + "/hooks/scim", Key: key, hang: hang}
	a.server = &http.Server{Handler: a} //nolint:gosec // on loopback, of a measurement
	go func() { _ = a.server.Serve(l) }()
	return a, nil
}

// Close ends it, and tells whether a request was wrongly signed.
func (a *Application) Close() error {
	err := a.server.Close()
	if n := a.bad.Load(); n > 0 {
		err = errors.Join(err, errors.New("the application was sent wrong signatures"))
	}
	return err
}

// ServeHTTP implements http.Handler.
func (a *Application) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	switch {
	case a.hang:
		<-r.Context().Done()
		return
	case a.away.Load():
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	now := time.Now()
	if _, err := webhook.Verify([]webhook.Key{a.Key}, r.Header, body, now); err != nil {
		a.bad.Add(1)
	}
	a.note(body, now)
	w.WriteHeader(http.StatusNoContent)
}

func (a *Application) note(body []byte, now time.Time) {
	a.mu.Lock()
	watch := a.watch
	a.mu.Unlock()
	if watch != nil {
		var e struct{ Member struct{ UserName string } }
		if json.Unmarshal(body, &e) == nil {
			watch(e.Member.UserName, now)
		}
	}
	a.last.Store(now.UnixNano())
	a.received.Add(1)
}

// Received is how many events have come, and when the latest one did.
func (a *Application) Received() (n int64, last time.Time) {
	return a.received.Load(), time.Unix(0, a.last.Load())
}

// Away makes it answer 503, so that events wait, or take everything again.
func (a *Application) Away(away bool) { a.away.Store(away) }

// Watch has f told of each receipt, nil: nobody.
func (a *Application) Watch(f func(userName string, at time.Time)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.watch = f
}

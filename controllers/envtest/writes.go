package envtest

import (
	"net/http"
	"strings"
	"sync"
	"time"
)

// Writes are the requests that change something.
type Writes struct {
	mu   sync.Mutex
	list []string
	last time.Time
}

// Reset forgets what was written so far.
func (w *Writes) Reset() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.list = nil
}

// List is what was written since the last Reset, as "PATCH /api/v1/…", without Leases.
func (w *Writes) List() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.list...)
}

// Quiet is the time since the last write.
func (w *Writes) Quiet() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Since(w.last)
}

func (w *Writes) wrap(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead && !strings.Contains(r.URL.Path, "/leases") {
			w.mu.Lock()
			w.last = time.Now()
			w.list = append(w.list, r.Method+" "+r.URL.Path)
			w.mu.Unlock()
		}
		return next.RoundTrip(r)
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

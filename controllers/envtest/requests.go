package envtest

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Requests are those that somebody has made of the API server, without those for Leases.
type Requests struct {
	mu      sync.Mutex
	writes  []string
	watches []Watched
	last    time.Time // write
}

// Watched is a collection that is listed or watched.
type Watched struct {
	Path, LabelSelector string
	// MetadataOnly: the objects come without spec, data and status.
	MetadataOnly bool
}

// Reset forgets what was asked so far.
func (r *Requests) Reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.writes, r.watches = nil, nil
}

// Writes are the requests since the last Reset that change something, as "PATCH /api/v1/…".
func (r *Requests) Writes() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.writes)
}

// Watches are the lists and watches that were begun since the last Reset.
func (r *Requests) Watches() []Watched {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.watches)
}

// Quiet is the time since the last write.
func (r *Requests) Quiet() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return time.Since(r.last)
}

func (r *Requests) wrap(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(req *http.Request) (*http.Response, error) {
		if !strings.Contains(req.URL.Path, "/leases") {
			r.note(req)
		}
		return next.RoundTrip(req)
	})
}

func (r *Requests) note(req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	query := req.URL.Query()
	switch {
	case req.Method != http.MethodGet && req.Method != http.MethodHead:
		r.last = time.Now()
		r.writes = append(r.writes, req.Method+" "+req.URL.Path)
	case query.Has("watch") || query.Has("limit") || query.Has("resourceVersion"):
		metadata := strings.Contains(req.Header.Get("Accept"), "as=PartialObjectMetadata")
		r.watches = append(r.watches, Watched{req.URL.Path, query.Get("labelSelector"), metadata})
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

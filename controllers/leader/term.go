package leader

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// ErrOver tells that the lease may be another operator's by now.
var ErrOver = errors.New("leader: the lease is over")

// Term is how long an operator is surely the leader: a time after the moment at which it began to ask for the last
// prolongation of its lease that was granted. It is over before anybody else can have the lease. The zero value has not begun.
type Term struct {
	mu            sync.Mutex
	renew, writes time.Time // until when the lease may be prolonged, and objects be written; zero: it has not begun
}

// begin prolongs the term.
func (t *Term) begin(asked time.Time, renew, writes time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.renew, t.writes = asked.Add(renew), asked.Add(writes)
}

// end ends the term: what is written from now on is somebody else's.
func (t *Term) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.writes = time.Time{}
}

// lost tells that the lease was had and was not prolonged in time.
func (t *Term) lost() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return !t.renew.IsZero() && !time.Now().Before(t.renew)
}

func (t *Term) until() time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.writes
}

// Fence lets only such requests through that read, and those that write within the term: they end with it at the latest. So a
// leader that is stopped, swapped out or cut off, and comes back, does not write beside its successor, even before it
// has noticed.
func (t *Term) Fence(next http.RoundTripper) http.RoundTripper { return fence{t, next} }

type fence struct {
	term *Term
	next http.RoundTripper
}

func (f fence) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Method == http.MethodGet || req.Method == http.MethodHead {
		return f.next.RoundTrip(req)
	}
	until := f.term.until()
	if !time.Now().Before(until) {
		if req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, fmt.Errorf("%s %s: %w", req.Method, req.URL.Path, ErrOver)
	}
	ctx, cancel := context.WithDeadlineCause(req.Context(), until, ErrOver)
	res, err := f.next.RoundTrip(req.WithContext(ctx))
	if err != nil {
		cancel()
		return nil, err
	}
	res.Body = body{res.Body, cancel}
	return res, nil
}

// body ends the time of a request when it has been read.
type body struct {
	io.ReadCloser
	cancel context.CancelFunc
}

func (b body) Close() error {
	defer b.cancel()
	return b.ReadCloser.Close()
}

package app

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scim-operator/scim-operator/scimserver/config"
)

func purgerOf(t *testing.T, l *live, s *storeStub) *purger {
	return &purger{live: l, store: s, log: testLog(t), retry: time.Millisecond}
}

func (s *storeStub) purgedNow() []config.Purge {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]config.Purge(nil), s.purged...)
}

func withPurges(s *config.Server, p ...config.Purge) *config.Server {
	s.Purges = p
	return s
}

var oldA = config.Purge{Tenant: "ns/a", UID: "earlier"}

// TestPurgeBeforeServing: a tenant whose name had another's data is held back until these are gone.
func TestPurgeBeforeServing(t *testing.T) {
	t.Parallel()
	l, ready := newLive(t, ""), make(chan struct{})
	s := &storeStub{purging: func(config.Purge) { <-ready }}
	background(t, purgerOf(t, l, s).run)
	offer(t, l, withPurges(server(tenant("ns/a"), tenant("ns/b")), oldA))
	if e := served(t, l, "a").Unavailable; e == nil || e.Status != 503 || e.RetryAfter == 0 {
		t.Errorf("served before the purge: %v", e)
	}
	if served(t, l, "b").Unavailable != nil {
		t.Error("another tenant waits as well")
	}
	close(ready)
	eventually(t, "served after the purge", func() bool { return served(t, l, "a").Unavailable == nil })
	offer(t, l, withPurges(server(tenant("ns/a")), oldA))
	if served(t, l, "a").Unavailable != nil {
		t.Error("held back again by a purge that is done")
	}
	if diff := cmp.Diff([]config.Purge{oldA}, s.purgedNow()); diff != "" {
		t.Errorf("purged (-want +got):\n%s", diff)
	}
}

// TestPurgeWaitsForRequests: a request to the tenant that goes could write after the purge.
func TestPurgeWaitsForRequests(t *testing.T) {
	t.Parallel()
	l, s := newLive(t, ""), &storeStub{}
	offer(t, l, server(tenant("ns/a"), tenant("ns/b")))
	entered, leave, left := make(chan struct{}), make(chan struct{}), make(chan struct{})
	slow := l.epochs.track(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		close(entered)
		<-leave
	}))
	go func() {
		defer close(left)
		slow.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	}()
	receive(t, entered)
	var over atomic.Bool
	purged := make(chan bool, 1)
	s.purging = func(config.Purge) { purged <- over.Load() }
	offer(t, l, withPurges(server(tenant("ns/b")), config.Purge{Tenant: "ns/a", UID: "uid-of-a"}))
	background(t, purgerOf(t, l, s).run)
	eventually(t, "the purge waits", func() bool {
		l.epochs.mu.Lock()
		defer l.epochs.mu.Unlock()
		return l.epochs.current == nil
	})
	l.epochs.leave(l.epochs.enter()) // later requests pass, and are not waited for
	over.Store(true)
	close(leave)
	if !receive(t, purged) {
		t.Error("purged under a request")
	}
	receive(t, left)
}

// TestFailedPurge is tried again, and keeps nobody waiting but the tenant of its name.
func TestFailedPurge(t *testing.T) {
	t.Parallel()
	l := newLive(t, "")
	s := &storeStub{purgeOf: map[string]error{"ns/a": errDisk}}
	background(t, purgerOf(t, l, s).run)
	oldB := config.Purge{Tenant: "ns/b", UID: "earlier"}
	offer(t, l, withPurges(server(tenant("ns/a"), tenant("ns/b")), oldA, oldB))
	eventually(t, "b is served", func() bool { return served(t, l, "b").Unavailable == nil })
	if served(t, l, "a").Unavailable == nil {
		t.Error("a is served with the data of another")
	}
	s.set(func() { s.purgeOf = nil })
	eventually(t, "a is served", func() bool { return served(t, l, "a").Unavailable == nil })
	if diff := cmp.Diff([]config.Purge{oldB, oldA}, s.purgedNow()); diff != "" {
		t.Errorf("purged (-want +got):\n%s", diff)
	}
}

func TestPurgesForgetWhatIsNotAsked(t *testing.T) {
	t.Parallel()
	p := purges{}
	p.keep([]config.Purge{oldA})
	p.finished(oldA)
	if done, pending := p.split([]config.Purge{oldA}); len(done) != 1 || len(pending) != 0 {
		t.Errorf("done %v, pending %v", done, pending)
	}
	p.keep(nil)
	if done, pending := p.split([]config.Purge{oldA}); len(done) != 0 || len(pending) != 1 {
		t.Errorf("done %v, pending %v", done, pending)
	}
}

func TestEpochsGiveUp(t *testing.T) {
	t.Parallel()
	var e epochs
	if err := e.wait(t.Context(), time.Hour); err != nil {
		t.Errorf("no request yet: %v", err)
	}
	mine := e.enter()
	if err := e.wait(t.Context(), time.Millisecond); err == nil || err.Error() != "requests that began earlier do not end" {
		t.Errorf("error %v", err)
	}
	e.leave(mine)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	defer e.leave(e.enter())
	if err := e.wait(ctx, time.Hour); err != context.Canceled {
		t.Errorf("error %v", err)
	}
}

package app

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

const concurrent = 10 // requests of a tenant at a time, in these tests

func bounded(t *config.Tenant) { t.Limits.ConcurrentRequests = concurrent }

// tarpit is a store in which the reads and writes of one tenant keep their reader, or the writer's line, until they are let go.
type tarpit struct {
	store.Store
	tenant string
	stuck  atomic.Int64
	letGo  chan struct{}
}

func (p *tarpit) View(ctx context.Context, tenant string, fn func(store.Reader) error) error {
	return p.Store.View(ctx, tenant, func(r store.Reader) error {
		p.hold(tenant)
		return fn(r)
	})
}

func (p *tarpit) hold(tenant string) {
	if tenant == p.tenant {
		p.stuck.Add(1)
		<-p.letGo
	}
}

// answer is what a client got.
type answer struct {
	status     int
	retryAfter string
}

// ask sends one request; the status is 0 where there was no answer.
func (i *instance) ask(c *http.Client, method, tenant, path, body string) (a answer) {
	req, err := http.NewRequest(method, "http://"+i.app.Addr()+"/"+tenant+"/scim/v2"+path, strings.NewReader(body))
	if err != nil {
		return a
	}
	req.Header.Set("Authorization", "Bearer secret")
	req.Header.Set("Content-Type", "application/scim+json")
	res, err := c.Do(req)
	if err != nil {
		return a
	}
	defer func() { _ = res.Body.Close() }()
	_, _ = io.Copy(io.Discard, res.Body)
	return answer{status: res.StatusCode, retryAfter: res.Header.Get("Retry-After")}
}

// connections is a client that shares no connection with the one of another tenant.
func connections(t *testing.T, most int) *http.Client {
	transport := &http.Transport{MaxIdleConnsPerHost: most}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 2 * patience}
}

// stuck is a server with two tenants, whose requests are bounded; those of ns/noisy hang in the store.
func stuck(t *testing.T, option func(*Options)) (i *instance, pit *tarpit) {
	t.Helper()
	i = launch(t, t.TempDir(), func(o *Options) {
		pit = &tarpit{Store: o.Store, tenant: "ns/noisy", letGo: make(chan struct{})}
		o.Store = pit
		option(o)
	})
	i.offer(server(tenant("ns/a", bounded), tenant("ns/noisy", bounded)))
	return i, pit
}

// TestStuckTenant: hundreds of requests of one tenant hang in the store. It gets no more of the store than its part, those
// beyond its line are turned away at once, and another tenant's are answered.
func TestStuckTenant(t *testing.T) {
	t.Parallel()
	i, pit := stuck(t, func(*Options) {})
	const requests, turnedAway = 300, 300 - concurrent - 4*concurrent
	answers := make(chan answer, requests)
	noisy := connections(t, requests)
	for range requests {
		go func() { answers <- i.ask(noisy, http.MethodGet, "ns/noisy", "/Users?filter=title%20co%20%22x%22", "") }()
	}
	for range turnedAway {
		a := receive(t, answers)
		if after, err := strconv.Atoi(a.retryAfter); a.status != http.StatusTooManyRequests || err != nil || after < 1 {
			t.Fatalf("beyond the line: status %d, Retry-After %q", a.status, a.retryAfter)
		}
	}
	eventually(t, "the tenant's part is taken", func() bool { return pit.stuck.Load() == concurrent })
	for n := range 50 {
		i.expect(http.StatusCreated, http.MethodPost, "/Users", "secret", user(fmt.Sprint("quiet-", n)))
		i.expect(http.StatusOK, http.MethodGet, "/Users?count=1", "secret", "")
	}
	if n := pit.stuck.Load(); n != concurrent {
		t.Errorf("%d requests of the stuck tenant are in the store, its part is %d", n, concurrent)
	}
	close(pit.letGo)
	for range requests - turnedAway {
		if a := receive(t, answers); a.status != http.StatusOK {
			t.Errorf("in line: status %d", a.status)
		}
	}
}

// TestShares: where several tenants read, hundreds of requests of one take no more than what keeps the processors busy; the others
// wait in line, and other tenants' are answered.
func TestShares(t *testing.T) {
	t.Parallel()
	now := time.Now()
	i, pit := stuck(t, func(o *Options) {
		o.Clock = func() time.Time { return now } // so that the quiet tenant counts as one that is there
	})
	i.expect(http.StatusOK, http.MethodGet, "/Users?count=1", "secret", "")
	const many = 3 * concurrent
	most := int64(min(concurrent, readsHere*runtime.GOMAXPROCS(0)))
	answers := make(chan answer, many)
	noisy := connections(t, many)
	for range many {
		go func() { answers <- i.ask(noisy, http.MethodGet, "ns/noisy", "/Users?filter=title%20co%20%22x%22", "") }()
	}
	eventually(t, "what is free is taken", func() bool { return pit.stuck.Load() == most })
	for range 50 {
		i.expect(http.StatusOK, http.MethodGet, "/Users?count=1", "secret", "")
	}
	if n := pit.stuck.Load(); n != most {
		t.Errorf("%d reads of the stuck tenant are at work, want %d", n, most)
	}
	close(pit.letGo)
	for range many {
		if a := receive(t, answers); a.status != http.StatusOK {
			t.Errorf("in line: status %d", a.status)
		}
	}
}

// TestStuckTenantWithoutBound is the proof that the bound is what TestStuckTenant owes its result to: without it the same tenant
// takes all readers of the store, and another tenant's request has its turn only when they are let go.
func TestStuckTenantWithoutBound(t *testing.T) {
	t.Parallel()
	const requests, readers = 60, 16
	var pit *tarpit
	i := launch(t, t.TempDir(), func(o *Options) {
		pit = &tarpit{Store: o.Store, tenant: "ns/noisy", letGo: make(chan struct{})}
		o.Store = pit
	})
	letGo := sync.OnceFunc(func() { close(pit.letGo) })
	t.Cleanup(letGo)
	i.offer(server(tenant("ns/a", bounded), tenant("ns/noisy")))
	answers, quiet := make(chan answer, requests), make(chan answer, 1)
	noisy, other := connections(t, requests), connections(t, 1)
	for range requests {
		go func() { answers <- i.ask(noisy, http.MethodGet, "ns/noisy", "/Users?filter=title%20co%20%22x%22", "") }()
	}
	eventually(t, "the tenant has all readers", func() bool { return pit.stuck.Load() == readers })
	go func() { quiet <- i.ask(other, http.MethodGet, "ns/a", "/Users?count=1", "") }()
	select {
	case a := <-quiet:
		t.Errorf("status %d before a reader was free", a.status)
	case <-time.After(100 * time.Millisecond):
	}
	letGo()
	if a := receive(t, quiet); a.status != http.StatusOK {
		t.Errorf("the quiet tenant: status %d", a.status)
	}
	for range requests {
		if a := receive(t, answers); a.status != http.StatusOK {
			t.Errorf("the noisy tenant: status %d", a.status)
		}
	}
}

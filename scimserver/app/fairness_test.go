package app

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

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

// TestStuckTenant: hundreds of requests of one tenant hang in the store. It gets no more of the store than its part, those
// beyond its line are turned away at once, and another tenant's are answered.
func TestStuckTenant(t *testing.T) {
	t.Parallel()
	var pit *tarpit
	i := launch(t, t.TempDir(), func(o *Options) {
		pit = &tarpit{Store: o.Store, tenant: "ns/noisy", letGo: make(chan struct{})}
		o.Store = pit
	})
	i.offer(server(tenant("ns/a", bounded), tenant("ns/noisy", bounded)))
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

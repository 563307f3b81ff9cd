package httpapi_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/servertest"
)

// clock stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) time() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func TestRate(t *testing.T) {
	t.Parallel()
	clock := &clock{now: time.Now()}
	server := servertest.New(t, servertest.WithClock(clock.time))
	limited, other := server.NewTenant(t, servertest.Rate(1, 2)), server.NewTenant(t)
	get := func(tenant *servertest.Tenant, headers ...string) servertest.Answer {
		return tenant.Do(t, http.MethodGet, "/Users?count=0", "", headers...)
	}
	for range 3 { // a stranger takes nothing from the tenant's rate
		wantError(t, get(limited, "Authorization", "Bearer wrong"), http.StatusUnauthorized)
	}
	for i := range 2 {
		if a := get(limited); a.Status != http.StatusOK {
			t.Fatalf("request %d: %d", i, a.Status)
		}
	}
	refused := get(limited)
	wantError(t, refused, http.StatusTooManyRequests)
	if got := refused.Header.Get("Retry-After"); got != "1" {
		t.Errorf("Retry-After %q, want 1", got)
	}
	if a := get(other); a.Status != http.StatusOK {
		t.Errorf("another tenant: %d", a.Status)
	}
	clock.move(time.Second)
	if a := get(limited); a.Status != http.StatusOK {
		t.Errorf("after the wait: %d", a.Status)
	}
}

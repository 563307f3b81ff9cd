package app

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/httpapi"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// countingStore notes for which tenants it was asked.
type countingStore struct {
	store.Store
	mu    sync.Mutex
	asked map[string]int
}

func (c *countingStore) Counts(_ context.Context, tenant string) (store.Counts, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked[tenant]++
	return store.Counts{}, nil
}

// TestLooks: the store is asked for tenants in which something has happened, and for the others in turn.
func TestLooks(t *testing.T) {
	t.Parallel()
	const tenants = 2000
	l, now := newLive(t, ""), start
	l.clock = func() time.Time { return now }
	all := make([]config.Tenant, tenants)
	for i := range all {
		all[i] = tenant(fmt.Sprintf("ns/t%04d", i))
	}
	offer(t, l, server(all...))
	s := &countingStore{}
	a := &App{Options: Options{Store: s, Log: testLog(t), Clock: l.clock, timing: timing{}.orDefaults()}, live: l}
	r := a.newReports()
	looks := func(after time.Duration) map[string]int {
		now, s.asked = now.Add(after), map[string]int{}
		r.count(t.Context())
		return s.asked
	}
	want := func(what string, got map[string]int, most int, keys ...string) {
		t.Helper()
		for _, key := range keys {
			if got[key] != 1 {
				t.Errorf("%s: %s was asked for %d times", what, key, got[key])
			}
		}
		if len(got) > most {
			t.Errorf("%s: %d tenants were asked for, want at most %d", what, len(got), most)
		}
	}
	if got := looks(0); len(got) != tenants {
		t.Errorf("at first %d tenants were asked for", len(got))
	}
	want("nothing happened", looks(0), 0)

	l.current.Load().entries["ns/t0007"].activity.Observe(httpapi.Exchange{Credential: "t1", Start: now, Status: 200})
	a.stirs.add("ns/t0008")
	all[9].Suspended = true
	offer(t, l, server(all...))
	want("a request, an event, a change", looks(0), 3, "ns/t0007", "ns/t0008", "ns/t0009")
	want("afterwards", looks(0), 0)

	offer(t, l, server(all[1:]...))
	want("one is gone", looks(0), 0)
	if _, known := r.found["ns/t0000"]; known {
		t.Error("what is gone is still known")
	}
	seen := map[string]int{}
	for range int(2 * tenants * eachTenant / (10 * time.Second)) {
		got := looks(10 * time.Second)
		want("in turn", got, int(10*time.Second/eachTenant)+1)
		for key := range got {
			seen[key]++
		}
	}
	if len(seen) != tenants-1 {
		t.Errorf("in two rounds %d tenants had their turn", len(seen))
	}
}

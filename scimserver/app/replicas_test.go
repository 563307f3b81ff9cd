package app

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/memory"
)

// connection is one process's access to a database that others use too: it hears of its own commits only.
type connection struct {
	*memory.Store
	mu      sync.Mutex
	commits []func(string)
	heads   int // questions for what others have written
}

func (c *connection) Update(ctx context.Context, tenant string, fn func(store.Writer) error) error {
	err := c.Store.Update(ctx, tenant, fn)
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range c.commits {
		f(tenant)
	}
	return err
}

func (c *connection) OnCommit(fn func(string)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.commits = append(c.commits, fn)
}

func (c *connection) Heads(ctx context.Context, tenants []string) (map[string]store.Head, error) {
	c.mu.Lock()
	c.heads++
	c.mu.Unlock()
	return c.Store.Heads(ctx, tenants)
}

func (c *connection) Close() error { return nil }

// replicas are two servers on one database.
func replicas(t *testing.T) (one, two *instance) {
	t.Helper()
	shared := memory.NewShared()
	start := func() *instance {
		return launch(t, t.TempDir(), func(o *Options) {
			_ = o.Store.Close()
			o.Store = &connection{Store: shared}
			o.timing = timing{
				lookEvery: 10 * time.Millisecond, reportEvery: 10 * time.Millisecond, reportGap: time.Millisecond, retryPurge: 10 * time.Millisecond,
				stop: patience, cacheAfter: patience,
			}
		})
	}
	return start(), start()
}

func withFeed(t *config.Tenant) {
	inventory(t)
	t.Application.FeedTokens = []config.Token{{ID: "f1", SHA256: config.HashToken("feed")}}
}

// TestReplicasTellOfCommits: who waits at one replica hears of what another one has written, and nobody asks while nobody
// waits.
func TestReplicasTellOfCommits(t *testing.T) {
	t.Parallel()
	one, two := replicas(t)
	for _, i := range []*instance{one, two} {
		i.offer(server(tenant("ns/a", withFeed)))
	}
	polled := make(chan string, 1)
	go func() {
		req, err := http.NewRequest(http.MethodGet, "http://"+two.app.Addr()+"/ns/a/members/v1/events?wait=20", nil)
		if err != nil {
			t.Error(err)
			return
		}
		req.Header.Set("Authorization", "Bearer feed")
		_, text := two.do(req)
		polled <- text
	}()
	eventually(t, "it waits", func() bool { return len(two.app.feed.Waiting()) == 1 })
	followed := two.app.commits.Wake("ns/a")
	began := time.Now()
	one.expect(201, http.MethodPost, "/Users", "secret", user("ann@example.com"))
	receive(t, followed)
	if text := receive(t, polled); !strings.Contains(text, `"member.created"`) {
		t.Errorf("the long poll got %s after %s", text, time.Since(began))
	}
}

// TestNobodyWaits: the store is asked once for all that somebody waits for, and not at all while nobody waits.
func TestNobodyWaits(t *testing.T) {
	t.Parallel()
	db := &connection{Store: memory.NewShared()}
	var waiting, told []string
	o := &others{store: db, log: testLog(t), waiting: []func() []string{
		func() []string { return waiting }, func() []string { return waiting },
	}, tell: func(tenant string) { told = append(told, tenant) }}
	look := func(wantAsked int, want ...string) {
		t.Helper()
		told = nil
		o.look(t.Context())
		if diff := cmp.Diff(want, told); diff != "" || db.heads != wantAsked {
			t.Errorf("asked %d times, want %d; told (-want +got):\n%s", db.heads, wantAsked, diff)
		}
	}
	write := func(tenant string) {
		t.Helper()
		err := db.Update(t.Context(), tenant, func(w store.Writer) error {
			return w.AppendLog(t.Context(), store.LogRow{Time: start, Entry: []byte("{}")})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	write("ns/a")
	look(0)
	waiting = []string{"ns/a", "ns/b"}
	look(1, "ns/a", "ns/b") // something may have been written before
	look(2)
	write("ns/b")
	write("ns/c")
	look(3, "ns/b")
	waiting = nil
	look(3)
}

// TestReplicasPurge: what a replica writes that has not heard of a purge yet is gone as well, and nobody serves the next
// tenant of the name before all have purged.
func TestReplicasPurge(t *testing.T) {
	t.Parallel()
	one, two := replicas(t)
	for _, i := range []*instance{one, two} {
		i.offer(server(tenant("ns/a")))
	}
	one.expect(201, http.MethodPost, "/Users", "secret", user("ann"))
	done := func(i *instance) bool {
		done, pending := i.app.live.purges.split([]config.Purge{oldA})
		return len(done) == 1 && len(pending) == 0
	}
	one.offer(withPurges(server(tenant("ns/a")), oldA))
	eventually(t, "purged by one", func() bool { return done(one) })
	two.expect(201, http.MethodPost, "/Users", "secret", user("bob")) // it has not loaded the configuration
	one.expect(503, http.MethodGet, "/Users", "secret", "")
	two.offer(withPurges(server(tenant("ns/a")), oldA))
	eventually(t, "purged by two", func() bool { return done(two) })
	for _, i := range []*instance{one, two} {
		i.expect(503, http.MethodGet, "/Users", "secret", "")
		i.offer(server(tenant("ns/a")))
	}
	for _, i := range []*instance{one, two} {
		if text := i.expect(200, http.MethodGet, "/Users", "secret", ""); !strings.Contains(text, `"totalResults":0`) {
			t.Errorf("left: %s", text)
		}
	}
	one.expect(201, http.MethodPost, "/Users", "secret", user("ann"))

	late := launch(t, t.TempDir(), func(o *Options) { // has never served it
		_ = o.Store.Close()
		o.Store, o.timing = one.app.Store, one.app.timing
	})
	late.offer(withPurges(server(tenant("ns/a")), oldA))
	eventually(t, "purged by a late one", func() bool { return done(late) })
	late.offer(server(tenant("ns/a")))
	if text := late.expect(200, http.MethodGet, "/Users", "secret", ""); !strings.Contains(text, `"totalResults":1`) {
		t.Errorf("a late replica has purged the next tenant: %s", text)
	}
}

// TestReplicasShareTheRate: what one replica lets pass another one does not.
func TestReplicasShareTheRate(t *testing.T) {
	t.Parallel()
	one, two := replicas(t)
	began := time.Now()
	both := []*instance{one, two}
	for _, i := range both {
		i.offer(server(tenant("ns/a", func(c *config.Tenant) { c.Limits.RequestsPerSecond, c.Limits.Burst = 1, 30 })))
	}
	passed := 0
	for n := range 100 {
		if code, _ := both[n/7%2].request(http.MethodGet, "/Users/none", "secret", ""); code != http.StatusTooManyRequests {
			passed++
		}
	}
	if most := 36 + int(time.Since(began).Seconds()); passed > most || passed < 24 {
		t.Errorf("%d requests passed, want about the burst of 30", passed)
	}
}

package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/telemetry"
)

// TestSwapUnderLoad: not one request is lost or refused while the configuration changes all the time.
func TestSwapUnderLoad(t *testing.T) {
	t.Parallel()
	i := launch(t, t.TempDir(), nil)
	i.offer(server(tenant("ns/a")))
	var done atomic.Bool
	var served atomic.Int64
	var clients sync.WaitGroup
	for c := range 4 {
		clients.Go(func() {
			for n := 0; !done.Load(); n++ {
				i.expect(http.StatusCreated, http.MethodPost, "/Users", "secret", user(fmt.Sprintf("u-%d-%d", c, n)))
				i.expect(http.StatusOK, http.MethodGet, "/Users?count=1", "secret", "")
				served.Add(2)
			}
		})
	}
	for n := range 100 {
		change := func(c *config.Tenant) { // every swap builds the tenant anew, and moves others in and out
			c.Generation, c.Limits.Users, c.Groups = int64(n), int64(1e6+n), n%2 == 0
		}
		cfg := server(tenant("ns/a", change))
		if n%3 == 0 {
			cfg = server(tenant("ns/a", change), tenant("ns/b", change))
		}
		i.offer(cfg)
	}
	eventually(t, "some load", func() bool { return served.Load() > 100 })
	done.Store(true)
	clients.Wait()
	t.Logf("%d requests during 100 swaps", served.Load())
}

func TestTokenRotation(t *testing.T) {
	t.Parallel()
	var skipped atomic.Int64
	i := launch(t, t.TempDir(), func(o *Options) {
		o.Clock = func() time.Time { return start.Add(time.Duration(skipped.Load())) }
	})
	tokens := func(list ...config.Token) *config.Server {
		return server(tenant("ns/a", func(c *config.Tenant) { c.Tokens = list }))
	}
	end := start.Add(time.Hour)
	first, second := config.Token{ID: "1", SHA256: config.HashToken("first")}, config.Token{ID: "2", SHA256: config.HashToken("second")}
	ending := first
	ending.NotAfter = &end

	i.offer(tokens(first))
	i.expect(200, http.MethodGet, "/Users", "first", "")
	i.expect(401, http.MethodGet, "/Users", "second", "")
	i.offer(tokens(second, ending))
	i.expect(200, http.MethodGet, "/Users", "first", "")
	i.expect(200, http.MethodGet, "/Users", "second", "")
	skipped.Store(int64(time.Hour))
	if text := i.expect(401, http.MethodGet, "/Users", "first", ""); !strings.Contains(text, "was replaced") {
		t.Errorf("after the overlap: %s", text)
	}
	i.expect(200, http.MethodGet, "/Users", "second", "")
	i.offer(tokens(first)) // a rotation without overlap
	i.expect(401, http.MethodGet, "/Users", "second", "")
}

// TestGracefulStop: a request that is being sent when the server is told to stop is answered, and what was answered is
// there after the next start.
func TestGracefulStop(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	i := launch(t, dir, func(o *Options) { o.Drain = 10 * time.Millisecond })
	i.offer(server(tenant("ns/a")))
	body, send := io.Pipe()
	req, err := http.NewRequest(http.MethodPost, "http://"+i.app.Addr()+"/ns/a/scim/v2/Users", body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer secret")
	req.Header.Set("Content-Type", "application/scim+json")
	answered := make(chan int, 1)
	go func() {
		code, _ := i.do(req)
		answered <- code
	}()
	text := user("last")
	write(t, send, text[:10])
	eventually(t, "the request has begun", func() bool {
		i.app.live.epochs.mu.Lock()
		defer i.app.live.epochs.mu.Unlock()
		e := i.app.live.epochs.current
		return e != nil && e.running > 0
	})
	i.cancel()
	eventually(t, "stops listening", func() bool {
		c, err := net.Dial("tcp", i.app.Addr())
		if err == nil {
			_ = c.Close()
		}
		return err != nil
	})
	if code, text := i.ready(); code != 503 || text != "not ready: running\n" {
		t.Errorf("readiness while stopping: %d %s", code, text)
	}
	write(t, send, text[10:])
	if err := send.Close(); err != nil {
		t.Fatal(err)
	}
	if code := receive(t, answered); code != http.StatusCreated {
		t.Errorf("the last request was answered with %d", code)
	}
	i.stop()

	again := launch(t, dir, nil)
	again.offer(server(tenant("ns/a")))
	if text := again.expect(200, http.MethodGet, "/Users", "secret", ""); !strings.Contains(text, `"totalResults":1`) {
		t.Errorf("after the restart: %s", text)
	}
}

// TestStartWithoutSource: the API server is away, the configuration of the last run serves.
func TestStartWithoutSource(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := launch(t, dir, nil)
	first.offer(server(tenant("ns/a")))
	first.expect(201, http.MethodPost, "/Users", "secret", user("ann"))
	first.stop()

	second := launch(t, dir, func(o *Options) { o.timing = timing{}.orDefaults(); o.timing.cacheAfter = time.Millisecond })
	eventually(t, "ready", func() bool { code, _ := second.ready(); return code == 200 })
	if text := second.expect(200, http.MethodGet, "/Users", "secret", ""); !strings.Contains(text, "ann") {
		t.Errorf("after the restart: %s", text)
	}
	second.offer(server())
	second.expect(404, http.MethodGet, "/Users", "secret", "")
}

func TestReadOnlyDisk(t *testing.T) {
	t.Parallel()
	disk := &brittle{err: fmt.Errorf("%w: attempt to write a readonly database", store.ErrUnavailable)}
	i := launch(t, t.TempDir(), func(o *Options) {
		disk.Store = o.Store
		o.Store = disk
	})
	i.offer(server(tenant("ns/a")))
	i.expect(201, http.MethodPost, "/Users", "secret", user("ann"))
	disk.broken.Store(true)
	var e struct{ Status, Detail string }
	text := i.expect(503, http.MethodPost, "/Users", "secret", user("ben"))
	if err := json.Unmarshal([]byte(text), &e); err != nil || e.Status != "503" || strings.Contains(text, "readonly") {
		t.Errorf("%s, %v", text, err)
	}
	i.expect(200, http.MethodGet, "/Users", "secret", "")
	if code, text := i.ready(); code != 503 || text != "not ready: store\n" {
		t.Errorf("readiness: %d %s", code, text)
	}
	disk.broken.Store(false)
	i.expect(201, http.MethodPost, "/Users", "secret", user("ben"))
	if code, _ := i.ready(); code != 200 {
		t.Errorf("readiness: %d", code)
	}
}

// TestPurgeForReal: a tenant that was deleted and made again under its name starts empty; a tenant that was kept does not.
func TestPurgeForReal(t *testing.T) {
	t.Parallel()
	i := launch(t, t.TempDir(), nil)
	i.offer(server(tenant("ns/a")))
	i.expect(201, http.MethodPost, "/Users", "secret", user("ann"))
	i.offer(server())
	i.expect(404, http.MethodGet, "/Users", "secret", "")
	i.offer(server(tenant("ns/a")))
	if text := i.expect(200, http.MethodGet, "/Users", "secret", ""); !strings.Contains(text, `"totalResults":1`) {
		t.Errorf("kept: %s", text)
	}
	i.offer(withPurges(server(tenant("ns/a")), oldA))
	eventually(t, "served after the purge", func() bool { code, _ := i.request(http.MethodGet, "/Users", "secret", ""); return code == 200 })
	if text := i.expect(200, http.MethodGet, "/Users", "secret", ""); !strings.Contains(text, `"totalResults":0`) {
		t.Errorf("purged: %s", text)
	}
	i.expect(201, http.MethodPost, "/Users", "secret", user("ann"))
	i.offer(withPurges(server(tenant("ns/a", func(c *config.Tenant) { c.Generation = 2 })), oldA))
	if text := i.expect(200, http.MethodGet, "/Users", "secret", ""); !strings.Contains(text, `"totalResults":1`) {
		t.Errorf("the same purge again: %s", text)
	}
}

// TestSourceFails: what the server cannot do without ends it, and the store is closed.
func TestSourceFails(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := OpenStore(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	a, err := New(Options{Source: failing{}, Store: s, Listen: "127.0.0.1:0", OpsListen: "127.0.0.1:0", Log: testLog(t), Metrics: telemetry.New("test")})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Run(t.Context()); !errors.Is(err, errDisk) {
		t.Errorf("Run: %v", err)
	}
	if err := s.Ping(t.Context()); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("the store after Run: %v", err)
	}
}

type failing struct{}

func (failing) Run(context.Context, func([]byte) error) error { return errDisk }

func TestOpenStoreFails(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenStore(t.Context(), filepath.Join(file, "data")); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("error %v", err)
	}
}

// TestDrain: while load balancers notice that the server stops, connections end with an answer, and not without one.
func TestDrain(t *testing.T) {
	t.Parallel()
	i := launch(t, t.TempDir(), func(o *Options) { o.Drain = 2 * time.Second })
	i.offer(server(tenant("ns/a")))
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	get := func() (reused, closes bool) {
		t.Helper()
		trace := &httptrace.ClientTrace{GotConn: func(c httptrace.GotConnInfo) { reused = c.Reused }}
		req, err := http.NewRequestWithContext(httptrace.WithClientTrace(t.Context(), trace), http.MethodGet, "http://"+i.app.Addr()+"/ns/a/scim/v2/Users", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer secret")
		res, err := transport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		if _, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode != http.StatusOK {
			t.Errorf("%s, %v", res.Status, err)
		}
		return reused, res.Close
	}
	if reused, closes := get(); reused || closes {
		t.Errorf("first request: reused %t, closes %t", reused, closes)
	}
	i.cancel()
	eventually(t, "not ready", func() bool { code, _ := i.ready(); return code == http.StatusServiceUnavailable })
	if reused, closes := get(); !reused || !closes {
		t.Errorf("on a connection that was there: reused %t, closes %t", reused, closes)
	}
	if reused, closes := get(); reused || !closes {
		t.Errorf("on a new connection: reused %t, closes %t", reused, closes)
	}
}

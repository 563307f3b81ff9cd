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

// pipe is a Source that offers what a test gives it.
type pipe struct {
	in  chan []byte
	out chan error
}

func newPipe() *pipe { return &pipe{in: make(chan []byte), out: make(chan error)} }

func (f *pipe) Run(ctx context.Context, offer func([]byte) error) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case data := <-f.in:
			f.out <- offer(data)
		}
	}
}

// instance is a running server.
type instance struct {
	t      *testing.T
	app    *App
	pipe   *pipe
	cancel context.CancelFunc
	ended  chan error
	dir    string
}

// launch runs a server on a real database; change may alter the options.
func launch(t *testing.T, dir string, change func(*Options)) *instance {
	t.Helper()
	s, err := OpenStore(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	i := &instance{t: t, pipe: newPipe(), ended: make(chan error, 1), dir: dir}
	o := Options{
		Source: i.pipe, Store: s, CacheFile: filepath.Join(dir, "config.json.gz"), Listen: "127.0.0.1:0", OpsListen: "127.0.0.1:0",
		Log: testLog(t), Metrics: telemetry.New("test"), Version: "test",
	}
	if change != nil {
		change(&o)
	}
	if i.app, err = New(o); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	i.cancel = cancel
	go func() { i.ended <- i.app.Run(ctx) }()
	t.Cleanup(i.stop)
	return i
}

// stop ends the server; only the first call does something.
func (i *instance) stop() {
	if i.cancel != nil {
		i.cancel()
		i.cancel = nil
		if err := receive(i.t, i.ended); err != nil {
			i.t.Errorf("Run: %v", err)
		}
	}
}

func (i *instance) offer(s *config.Server) {
	i.t.Helper()
	select {
	case i.pipe.in <- encode(i.t, s):
	case <-time.After(patience):
		i.t.Fatal("nobody takes a configuration")
	}
	if err := receive(i.t, i.pipe.out); err != nil {
		i.t.Fatal(err)
	}
}

// request sends a request to the tenant ns/a.
func (i *instance) request(method, path, token, body string) (int, string) {
	req, err := http.NewRequest(method, "http://"+i.app.Addr()+"/ns/a/scim/v2"+path, strings.NewReader(body))
	if err != nil {
		i.t.Error(err)
		return 0, ""
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/scim+json")
	return i.do(req)
}

// client is patient enough for a machine that does many other things.
var client = &http.Client{Timeout: 2 * patience}

func (i *instance) do(req *http.Request) (int, string) {
	res, err := client.Do(req)
	if err != nil {
		i.t.Error(err)
		return 0, ""
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		i.t.Error(err)
	}
	return res.StatusCode, string(text)
}

func (i *instance) expect(want int, method, path, token, body string) string {
	i.t.Helper()
	code, text := i.request(method, path, token, body)
	if code != want {
		i.t.Errorf("%s %s: %d %s, want %d", method, path, code, text, want)
	}
	return text
}

func (i *instance) ready() (int, string) {
	req, err := http.NewRequest(http.MethodGet, "http://"+i.app.OpsAddr()+"/readyz", nil)
	if err != nil {
		i.t.Fatal(err)
	}
	return i.do(req)
}

func user(name string) string {
	return fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":%q,"active":true}`, name)
}

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

func write(t *testing.T, w io.Writer, text string) {
	t.Helper()
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
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

// brittle is a store whose disk can become read-only.
type brittle struct {
	store.Store
	broken atomic.Bool
}

var errReadOnly = fmt.Errorf("%w: attempt to write a readonly database", store.ErrUnavailable)

func (b *brittle) Update(ctx context.Context, tenant string, fn func(store.Writer) error) error {
	if b.broken.Load() {
		return errReadOnly
	}
	return b.Store.Update(ctx, tenant, fn)
}

func (b *brittle) Ping(ctx context.Context) error {
	if b.broken.Load() {
		return errReadOnly
	}
	return b.Store.Ping(ctx)
}

func TestReadOnlyDisk(t *testing.T) {
	t.Parallel()
	disk := &brittle{}
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

package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/telemetry"
)

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

var start = time.Date(2026, 11, 22, 10, 0, 30, 0, time.UTC)

// tenant is a valid entry of a configuration, with the token "secret".
func tenant(key string, change ...func(*config.Tenant)) config.Tenant {
	t := config.Tenant{
		Key: key, UID: "uid-of-" + filepath.Base(key), Generation: 1, IdentityProvider: "Okta", Protocol: "Compatible",
		UniqueIdentifier: "userName", Groups: true,
		Tokens: []config.Token{{ID: "t1", SHA256: config.HashToken("secret")}},
		Limits: config.Limits{BodyBytes: 1 << 20},
	}
	for _, c := range change {
		c(&t)
	}
	return t
}

func server(tenants ...config.Tenant) *config.Server {
	return &config.Server{Version: config.Version, Name: "scim-system/shared", BaseURL: "https://scim.example.com", Tenants: tenants}
}

func encode(t testing.TB, s *config.Server) []byte {
	t.Helper()
	data, err := config.Encode(s)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// badExtension passes config's own validation, but no schema can be built with it.
func badExtension(t *config.Tenant) {
	attrs := []config.Attribute{{Name: "x", Type: "string"}}
	t.Extensions = []config.Extension{{ID: "urn:ietf:params:scim:schemas:core:2.0:User", Resource: "User", Attributes: attrs}}
}

// storeStub is the part of a store that app itself uses.
type storeStub struct {
	store.Store
	mu      sync.Mutex
	counts  map[string]store.Counts
	purged  []config.Purge
	broken  error                // of purges and pings
	purging func(p config.Purge) // called before a purge
	purgeOf map[string]error     // by tenant
}

func (s *storeStub) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

func (s *storeStub) Counts(_ context.Context, tenant string) (store.Counts, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.counts[tenant]
	if !ok {
		return c, fmt.Errorf("count %s: %w", tenant, store.ErrUnavailable)
	}
	return c, nil
}

func (s *storeStub) Purge(_ context.Context, tenant, uid string) error {
	p := config.Purge{Tenant: tenant, UID: uid}
	if s.purging != nil {
		s.purging(p)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := errors.Join(s.broken, s.purgeOf[tenant]); err != nil {
		return err
	}
	s.purged = append(s.purged, p)
	return nil
}

func (s *storeStub) Ping(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.broken
}

func (s *storeStub) Shared() bool { return false }

func (s *storeStub) Close() error { return nil }

func (s *storeStub) OnCommit(func(string)) {}

// brittle is a store that can break: then nothing is written any more.
type brittle struct {
	store.Store
	err    error // of everything once it is broken
	broken atomic.Bool
}

func (b *brittle) state() error {
	if b.broken.Load() {
		return b.err
	}
	return nil
}

func (b *brittle) Update(ctx context.Context, tenant string, fn func(store.Writer) error) error {
	if err := b.state(); err != nil {
		return err
	}
	return b.Store.Update(ctx, tenant, fn)
}

func (b *brittle) PassOwner(ctx context.Context, tenant string, from, to store.Ownership) (bool, error) {
	if err := b.state(); err != nil {
		return false, err
	}
	return b.Store.PassOwner(ctx, tenant, from, to)
}

func (b *brittle) Load(ctx context.Context, tenant string, remove []store.RowKey, rows []store.Row) error {
	if err := b.state(); err != nil {
		return err
	}
	return b.Store.Load(ctx, tenant, remove, rows)
}

func (b *brittle) Ping(ctx context.Context) error {
	if err := b.state(); err != nil {
		return err
	}
	return b.Store.Ping(ctx)
}

// newLive is a live with nothing loaded.
func newLive(t *testing.T, cacheFile string) *live {
	t.Helper()
	return &live{
		clock: func() time.Time { return start }, log: testLog(t), metrics: telemetry.New("test"), cache: cache{file: cacheFile},
		changed: make(chan struct{}, 1), purges: purges{wake: make(chan struct{}, 1)},
	}
}

func testLog(t *testing.T) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// loaded is a configuration as a server has read it.
func loaded(t testing.TB, s *config.Server) *config.Loaded {
	t.Helper()
	l, err := new(config.Decoder).Decode(encode(t, s))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func offer(t *testing.T, l *live, s *config.Server) {
	t.Helper()
	if err := l.Offer(encode(t, s)); err != nil {
		t.Fatal(err)
	}
}

// background runs f until the test ends.
func background(t *testing.T, f func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- f(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("ended with %v", err)
		}
	})
}

func receive[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

// eventually waits until ok says yes.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for end := time.After(patience); !ok(); {
		select {
		case <-look.C:
		case <-end:
			t.Fatalf("never: %s", what)
		}
	}
}

package source_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/config/source"
)

// secretsAPI has Secrets that are written one by one.
type secretsAPI struct {
	mu       sync.Mutex
	secrets  map[string][]byte // by name
	changed  chan struct{}     // closed by each write
	watching map[string]int
}

func newSecretsAPI(t *testing.T) (*secretsAPI, *source.Client) {
	t.Helper()
	c := &secretsAPI{secrets: map[string][]byte{}, changed: make(chan struct{}), watching: map[string]int{}}
	s := httptest.NewServer(c)
	t.Cleanup(s.Close)
	t.Cleanup(s.CloseClientConnections)
	return c, client(t, &rest.Config{Host: s.URL})
}

func (c *secretsAPI) write(name string, data []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.secrets[name] = data
	close(c.changed)
	c.changed = make(chan struct{})
}

func (c *secretsAPI) see(name string) ([]byte, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.secrets[name], c.changed
}

func (c *secretsAPI) watchers(name string, by int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.watching[name] += by
	return c.watching[name]
}

// ServeHTTP answers watches of one Secret.
func (c *secretsAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Query().Get("fieldSelector"), "metadata.name=")
	c.watchers(name, 1)
	defer c.watchers(name, -1)
	w.WriteHeader(http.StatusOK)
	w.(http.Flusher).Flush()
	for sent := ""; ; {
		data, changed := c.see(name)
		if data != nil && string(data) != sent {
			sent = string(data)
			fmt.Fprintf(w, `{"type":"MODIFIED","object":{"metadata":{"resourceVersion":"1"},"data":{%q:%q}}}`+"\n", config.SecretKey, base64.StdEncoding.EncodeToString(data))
			w.(http.Flusher).Flush()
		}
		select {
		case <-changed:
		case <-r.Context().Done():
			return
		}
	}
}

func (c *secretsAPI) shard(n int, data []byte) {
	name := "shared-config"
	if n > 0 {
		name = fmt.Sprintf("shared-config-%d", n)
	}
	c.write(name, data)
}

// offered is a configuration that was offered, or why it is none.
type offered struct {
	tenants int
	err     error
}

func follow(t *testing.T, c *source.Client, patience time.Duration) <-chan offered {
	t.Helper()
	s := &source.Secrets{
		Client: c, Object: source.Object{Namespace: "scim-system", Name: "shared-config"}, Patience: patience,
		Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	}
	ctx, cancel := context.WithCancel(context.Background())
	offers, ended := make(chan offered, 100), make(chan error, 1)
	go func() {
		ended <- s.Run(ctx, func(data []byte) error {
			s, err := config.Decode(data)
			if err != nil {
				offers <- offered{err: err}
				return err
			}
			offers <- offered{tenants: len(s.Tenants)}
			return nil
		})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != context.Canceled {
			t.Errorf("Run ended with %v", err)
		}
	})
	return offers
}

func tenants(n int) *config.Server {
	s := &config.Server{Version: config.Version, Name: "scim-system/shared", BaseURL: "https://x"}
	for i := range n {
		s.Tenants = append(s.Tenants, config.Tenant{
			Key: fmt.Sprintf("ns/t%05d", i), IdentityProvider: "Okta", Protocol: "Strict", UniqueIdentifier: "email",
			Limits: config.Limits{BodyBytes: 1000},
		})
	}
	return s
}

func plan(t *testing.T, s *config.Server, before *config.Plan) *config.Plan {
	t.Helper()
	have := config.Set{}
	if before != nil {
		for n, data := range before.Data {
			shard, err := config.DecodeShard(data)
			if err != nil {
				t.Fatal(err)
			}
			have[n] = config.Stored{Shard: shard, Data: data}
		}
	}
	p, err := config.Split(s, have)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestSecretsGrowAndShrink: the shards that the index names are followed, and offered only as a whole.
func TestSecretsGrowAndShrink(t *testing.T) {
	t.Parallel()
	api, c := newSecretsAPI(t)
	offers := follow(t, c, time.Hour)
	first := plan(t, tenants(3), nil)
	api.shard(0, first.Data[0])
	if got := receive(t, offers); got.err != nil || got.tenants != 3 {
		t.Fatalf("%+v", got)
	}
	second := plan(t, tenants(1500), first)
	if len(second.Writes) < 3 {
		t.Fatalf("%d shards", len(second.Writes))
	}
	for _, w := range second.Writes {
		api.shard(w.Shard, w.Data)
	}
	if got := receive(t, offers); got.err != nil || got.tenants != 1500 {
		t.Fatalf("%+v", got)
	}
	changed := tenants(1500)
	changed.Tenants = changed.Tenants[1:]
	third := plan(t, changed, second)
	if len(third.Writes) != 1 {
		t.Fatalf("%d writes for one tenant", len(third.Writes))
	}
	api.shard(third.Writes[0].Shard, third.Writes[0].Data)
	if got := receive(t, offers); got.err != nil || got.tenants != 1499 {
		t.Fatalf("%+v", got)
	}
	for _, w := range plan(t, tenants(4), third).Writes {
		api.shard(w.Shard, w.Data)
	}
	for got := receive(t, offers); got.tenants != 4; got = receive(t, offers) {
		if got.err != nil || got.tenants > 1499 {
			t.Fatalf("%+v", got)
		}
	}
	for n := 1; n < len(second.Data); n++ {
		for end := time.Now().Add(patience); api.watchers(fmt.Sprintf("shared-config-%d", n), 0) > 0; {
			if time.Now().After(end) {
				t.Fatalf("shard %d is still watched", n)
			}
			_, changed := api.see("shared-config")
			select {
			case <-changed:
			case <-time.After(time.Millisecond):
			}
		}
	}
}

// TestSecretsTorn: a set that stays torn is told, and so is a damaged shard, at once; the next whole set is offered.
func TestSecretsTorn(t *testing.T) {
	t.Parallel()
	api, c := newSecretsAPI(t)
	p := plan(t, tenants(1500), nil)
	api.shard(0, p.Data[0])
	offers := follow(t, c, 50*time.Millisecond)
	if got := receive(t, offers); !errors.Is(got.err, config.ErrTorn) || !strings.Contains(got.err.Error(), "is missing") {
		t.Errorf("%+v", got)
	}
	for n, data := range p.Data {
		if n > 0 {
			api.shard(n, data)
		}
	}
	for got := receive(t, offers); got.tenants != 1500; got = receive(t, offers) {
		if !errors.Is(got.err, config.ErrTorn) {
			t.Fatalf("%+v", got)
		}
	}
	api.shard(1, []byte("damaged"))
	if got := receive(t, offers); got.err == nil || !strings.Contains(got.err.Error(), "shard 1: config: damaged") {
		t.Errorf("%+v", got)
	}
	api.shard(1, p.Data[1])
	if got := receive(t, offers); got.tenants != 1500 {
		t.Errorf("%+v", got)
	}
}

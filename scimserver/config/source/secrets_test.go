package source_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/config/source"
	"github.com/scim-operator/scim-operator/scimserver/config/source/sourcetest"
)

func newSecrets(t *testing.T) (*sourcetest.Server, *source.Client) {
	t.Helper()
	s := sourcetest.New()
	t.Cleanup(s.Stop)
	return s, client(t, &rest.Config{Host: s.URL})
}

const configSecret = "shared-config"

// offered is a configuration that was offered, or why it is none.
type offered struct {
	tenants int
	err     error
}

func follow(t *testing.T, c *source.Client, patience time.Duration) <-chan offered {
	t.Helper()
	s := &source.Secrets{
		Client: c, Object: source.Object{Namespace: "scim-system", Name: configSecret}, Patience: patience,
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
	api, c := newSecrets(t)
	offers := follow(t, c, time.Hour)
	first := plan(t, tenants(3), nil)
	api.Write(configSecret, 0, first.Data[0])
	if got := receive(t, offers); got.err != nil || got.tenants != 3 {
		t.Fatalf("%+v", got)
	}
	second := plan(t, tenants(1500), first)
	if len(second.Writes) < 3 {
		t.Fatalf("%d shards", len(second.Writes))
	}
	for _, w := range second.Writes {
		api.Write(configSecret, w.Shard, w.Data)
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
	api.Write(configSecret, third.Writes[0].Shard, third.Writes[0].Data)
	if got := receive(t, offers); got.err != nil || got.tenants != 1499 {
		t.Fatalf("%+v", got)
	}
	for _, w := range plan(t, tenants(4), third).Writes {
		api.Write(configSecret, w.Shard, w.Data)
	}
	for got := receive(t, offers); got.tenants != 4; got = receive(t, offers) {
		if got.err != nil || got.tenants > 1499 {
			t.Fatalf("%+v", got)
		}
	}
	for n := 1; n < len(second.Data); n++ {
		for end := time.Now().Add(patience); api.Watchers(sourcetest.Name(configSecret, n)) > 0; <-time.After(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("shard %d is still watched", n)
			}
		}
	}
}

// TestSecretsTorn: a set that stays torn is told, and so is a damaged shard, at once; the next whole set is offered.
func TestSecretsTorn(t *testing.T) {
	t.Parallel()
	api, c := newSecrets(t)
	p := plan(t, tenants(1500), nil)
	api.Write(configSecret, 0, p.Data[0])
	offers := follow(t, c, 50*time.Millisecond)
	if got := receive(t, offers); !errors.Is(got.err, config.ErrTorn) || !strings.Contains(got.err.Error(), "is missing") {
		t.Errorf("%+v", got)
	}
	for n, data := range p.Data {
		if n > 0 {
			api.Write(configSecret, n, data)
		}
	}
	for got := receive(t, offers); got.tenants != 1500; got = receive(t, offers) {
		if !errors.Is(got.err, config.ErrTorn) {
			t.Fatalf("%+v", got)
		}
	}
	api.Write(configSecret, 1, []byte("damaged"))
	if got := receive(t, offers); got.err == nil || !strings.Contains(got.err.Error(), "shard 1: config: damaged") {
		t.Errorf("%+v", got)
	}
	api.Write(configSecret, 1, p.Data[1])
	if got := receive(t, offers); got.tenants != 1500 {
		t.Errorf("%+v", got)
	}
}

package source_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/scim-operator/scim-operator/scimserver/config/source"
)

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

// api is an API server whose answers are a script: one handler for each request, the last one for all that follow.
type api struct {
	*httptest.Server
	requests chan *http.Request
}

func newAPI(t *testing.T, script ...http.HandlerFunc) *api {
	t.Helper()
	a := &api{requests: make(chan *http.Request, 100)}
	turn := make(chan int, 1)
	turn <- 0
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := <-turn
		turn <- min(n+1, len(script)-1)
		a.requests <- r.Clone(context.Background())
		script[n](w, r)
	}))
	t.Cleanup(a.CloseClientConnections)
	t.Cleanup(a.Close)
	return a
}

func (a *api) client(t *testing.T) *source.Client {
	t.Helper()
	return client(t, &rest.Config{Host: a.URL})
}

func client(t *testing.T, cfg *rest.Config) *source.Client {
	t.Helper()
	c, err := source.NewClient(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// status answers with an error as API servers write it.
func status(code int, message string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		fmt.Fprintf(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","message":%q,"code":%d}`, message, code)
	}
}

// events answers a watch with the lines; then it stays open if hold is set.
func events(hold bool, lines ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		for _, l := range lines {
			fmt.Fprintln(w, l)
		}
		w.(http.Flusher).Flush()
		if hold {
			<-r.Context().Done()
		}
	}
}

func change(typ, version, data string) string {
	return fmt.Sprintf(`{"type":%q,"object":{"kind":"Secret","metadata":{"name":"shared-config","resourceVersion":%q},"data":{"config.json.gz":%q}}}`, typ, version, data)
}

// run starts s and returns the offers it makes. It ends with the test.
func run(t *testing.T, s *source.Secret) <-chan string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	offers, ended := make(chan string, 100), make(chan error, 1)
	go func() {
		ended <- s.Run(ctx, func(data []byte) error {
			offers <- string(data)
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

func secret(t *testing.T, c *source.Client) *source.Secret {
	return &source.Secret{
		Client: c, Object: source.Object{Namespace: "scim-system", Name: "shared-config"}, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
		Backoff: source.Backoff{First: time.Millisecond, Max: 5 * time.Millisecond},
	}
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

func expect(t *testing.T, offers <-chan string, want string) {
	t.Helper()
	if got := receive(t, offers); got != want {
		t.Fatalf("offered %q, want %q", got, want)
	}
}

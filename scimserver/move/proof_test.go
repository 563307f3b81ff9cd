package move

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/config"
)

// TestProof: over TLS a server that has the key is believed whatever its certificate, and no other one gets to see a key.
func TestProof(t *testing.T) {
	t.Parallel()
	hello := func(key string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { hello(w, r, key) }
	}
	honest := httptest.NewTLSServer(hello(key))
	t.Cleanup(honest.Close)
	for name, c := range map[string]struct {
		hello  http.HandlerFunc
		proves bool
	}{
		"has the key":     {hello(key), true},
		"has another key": {hello(strings.Repeat("0", 64)), false},
		"says nothing":    {func(http.ResponseWriter, *http.Request) {}, false},
		"knows no move":   {http.NotFound, false},
		"is in the middle": {func(w http.ResponseWriter, r *http.Request) { // and asks the one that has the key
			req, err := http.NewRequestWithContext(r.Context(), http.MethodGet, honest.URL+pathHello, nil)
			if err != nil {
				t.Error(err)
				return
			}
			answer, err := honest.Client().Do(req)
			if err != nil {
				t.Error(err)
				return
			}
			_ = answer.Body.Close()
			w.Header().Set(headerKey, answer.Header.Get(headerKey))
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var seen atomic.Bool
			server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == pathHello {
					c.hello(w, r)
					return
				}
				seen.Store(true)
				_, _ = io.WriteString(w, "{}")
			}))
			t.Cleanup(server.Close)
			m := config.Move{ID: "m1", Peer: server.URL, Key: key}
			from := remote{Party: Party{Move: m, Tenant: tenant, Owner: west}, http: Client(&m)}
			_, err := from.standing(t.Context())
			if (err == nil) != c.proves || !c.proves && !errors.Is(err, errNoProof) || seen.Load() != c.proves {
				t.Errorf("got error %v; a request with the key was sent: %t", err, seen.Load())
			}
		})
	}
}

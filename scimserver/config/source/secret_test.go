package source_test

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/rest"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/config/source"
)

func TestSecretRequest(t *testing.T) {
	t.Parallel()
	a := newAPI(t, events(true, change("ADDED", "5", "b25l")))
	expect(t, run(t, secret(t, a.client(t))), "one")
	r := receive(t, a.requests)
	if r.Method != http.MethodGet || r.URL.Path != "/api/v1/namespaces/scim-system/secrets" {
		t.Errorf("%s %s", r.Method, r.URL.Path)
	}
	got := r.URL.Query()
	got.Del("timeoutSeconds")
	want := url.Values{"watch": {"true"}, "fieldSelector": {"metadata.name=shared-config"}, "allowWatchBookmarks": {"true"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestSecretFollows: changes are offered in order, bookmarks and a deletion are not.
func TestSecretFollows(t *testing.T) {
	t.Parallel()
	a := newAPI(t, events(true,
		change("ADDED", "5", "b25l"),
		`{"type":"BOOKMARK","object":{"kind":"Secret","metadata":{"resourceVersion":"6"}}}`,
		change("MODIFIED", "7", "dHdv"),
		change("DELETED", "8", "dHdv"),
		`{"type":"ADDED","object":{"kind":"Secret","metadata":{"resourceVersion":"9"}}}`,
		change("MODIFIED", "10", "dGhyZWU=")))
	offers := run(t, secret(t, a.client(t)))
	for _, want := range []string{"one", "two", "", "three"} {
		expect(t, offers, want)
	}
}

// TestSecretResumes: after the API server's own end of a watch the next one begins where that ended.
func TestSecretResumes(t *testing.T) {
	t.Parallel()
	a := newAPI(t,
		events(false, change("ADDED", "5", "b25l"), `{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"42"}}}`),
		events(true, change("MODIFIED", "43", "dHdv")))
	offers := run(t, secret(t, a.client(t)))
	expect(t, offers, "one")
	expect(t, offers, "two")
	for _, want := range []string{"", "42"} {
		if got := receive(t, a.requests).URL.Query().Get("resourceVersion"); got != want {
			t.Errorf("watch from %q, want %q", got, want)
		}
	}
}

// TestSecretRecovers: each failure is followed by a watch that begins with the Secret as it is.
func TestSecretRecovers(t *testing.T) {
	t.Parallel()
	for name, failure := range map[string]http.HandlerFunc{
		"forbidden":    status(http.StatusForbidden, `secrets "shared-config" is forbidden`),
		"unauthorized": status(http.StatusUnauthorized, "Unauthorized"),
		"not found":    status(http.StatusNotFound, "namespaces not found"),
		"gone":         status(http.StatusGone, "too old resource version"),
		"too many":     status(http.StatusTooManyRequests, "slow down"),
		"broken":       func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "<html>bad gateway</html>", 502) },
		"error event":  events(false, `{"type":"ERROR","object":{"kind":"Status","code":410,"message":"too old resource version: 5 (99)"}}`),
		"odd error":    events(false, `{"type":"ERROR","object":7}`),
		"cut event":    events(false, `{"type":"MODIFIED","object":{"meta`),
		"garbage":      events(false, `<html>`),
		"wrong object": events(false, `{"type":"MODIFIED","object":{"data":{"config.json.gz":"not base64!"}}}`),
		"lost in stream": func(w http.ResponseWriter, r *http.Request) {
			events(false, `{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"6"}}}`)(w, r)
			panic(http.ErrAbortHandler)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAPI(t, events(false, change("ADDED", "5", "b25l")), failure, failure, events(true, change("ADDED", "9", "dHdv")))
			offers := run(t, secret(t, a.client(t)))
			expect(t, offers, "one")
			expect(t, offers, "two")
			for _, want := range []string{"", "5", "", ""} {
				if got := receive(t, a.requests).URL.Query().Get("resourceVersion"); got != want {
					t.Errorf("watch from %q, want %q", got, want)
				}
			}
		})
	}
}

// TestSecretWaitsForServer: the API server may come up later.
func TestSecretWaitsForServer(t *testing.T) {
	t.Parallel()
	a := newAPI(t, events(true, change("ADDED", "5", "b25l")))
	refused := 3
	c := client(t, &rest.Config{Host: a.URL, WrapTransport: func(next http.RoundTripper) http.RoundTripper {
		return roundTrip(func(r *http.Request) (*http.Response, error) {
			if refused--; refused >= 0 {
				return nil, os.ErrDeadlineExceeded
			}
			return next.RoundTrip(r)
		})
	}})
	expect(t, run(t, secret(t, c)), "one")
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestBackoffGrows(t *testing.T) {
	t.Parallel()
	b := source.Backoff{First: 20 * time.Millisecond, Max: 40 * time.Millisecond}
	var waits []time.Duration
	for range 3 {
		began := time.Now()
		if err := b.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		waits = append(waits, time.Since(began))
	}
	for i, least := range []time.Duration{10, 20, 20} {
		if waits[i] < least*time.Millisecond {
			t.Errorf("wait %d took %s, at least %d ms expected", i, waits[i], least)
		}
	}
}

// TestTokenFile: kubelets replace the token of a service account, so it is the file that counts.
func TestTokenFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("of the file"), 0o600); err != nil {
		t.Fatal(err)
	}
	a := newAPI(t, status(http.StatusUnauthorized, "Unauthorized"))
	run(t, secret(t, client(t, &rest.Config{Host: a.URL, BearerToken: "of the start", BearerTokenFile: file})))
	if got := receive(t, a.requests).Header.Get("Authorization"); got != "Bearer of the file" {
		t.Errorf("Authorization: %s", got)
	}
}

func TestErrorIsShort(t *testing.T) {
	t.Parallel()
	m := &source.StatusConfigMap{Client: client(t, &rest.Config{Host: "http://127.0.0.1:1"}), Object: source.Object{Namespace: "a", Name: "b"}, Clock: time.Now}
	const want = "status ConfigMap a/b: kubernetes API: dial tcp 127.0.0.1:1: connect: connection refused"
	if err := m.Report(t.Context(), config.Report{}); err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestRESTConfig(t *testing.T) {
	t.Parallel()
	if _, err := source.RESTConfig(filepath.Join(t.TempDir(), "none"), "scimserver"); err == nil {
		t.Error("a kubeconfig that is not there was read")
	}
	file := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(file, []byte(kubeconfig), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := source.RESTConfig(file, "scimserver/v1")
	if err != nil || cfg.Host != "https://127.0.0.1:6443" || cfg.BearerToken != "abc" || cfg.UserAgent != "scimserver/v1" {
		t.Errorf("%v, %v", cfg, err)
	}
}

const kubeconfig = `
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "https://127.0.0.1:6443"}}]
users: [{name: u, user: {token: abc}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
current-context: x
`

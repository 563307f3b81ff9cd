package plugin_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
	"k8s.io/client-go/rest"

	"github.com/scim-operator/scim-operator/plugin"
)

// Channels of the exec protocol.
const (
	stdin, stdout, stderr, status, closing = 0, 1, 2, 3, 255
)

// execServer plays the API server: the program copies its input to its output, and ends with a code.
func execServer(t *testing.T, outcome string) (*httptest.Server, *http.Request) {
	t.Helper()
	seen := &http.Request{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*seen = *r
		upgrader := websocket.Upgrader{Subprotocols: []string{"v5.channel.k8s.io"}}
		c, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			t.Errorf("upgrade: %v", err)
			return
		}
		defer func() { _ = c.Close() }()
		send := func(channel byte, text string) {
			if err := c.WriteMessage(websocket.BinaryMessage, append([]byte{channel}, text...)); err != nil {
				t.Errorf("write: %v", err)
			}
		}
		for input := r.URL.Query().Get("stdin") == "true"; input; {
			_, data, err := c.ReadMessage()
			if err != nil {
				t.Errorf("read: %v", err)
				return
			}
			if data[0] == stdin && len(data) > 1 {
				send(stdout, string(data[1:]))
			}
			input = data[0] != closing
		}
		send(stderr, "a word\n")
		send(status, outcome)
		_ = c.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""))
	}))
	t.Cleanup(server.Close)
	return server, seen
}

func TestExec(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		outcome, input string
		code           int
	}{
		"well":   {`{"status": "Success"}`, strings.Repeat("line\n", 50_000), 0},
		"failed": {`{"status": "Failure", "reason": "NonZeroExitCode", "details": {"causes": [{"reason": "ExitCode", "message": "2"}]}}`, "", 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, seen := execServer(t, tc.outcome)
			cluster, err := plugin.Connect(&rest.Config{Host: server.URL}, "acme")
			if err != nil {
				t.Fatal(err)
			}
			var out, problems bytes.Buffer
			streams := plugin.Streams{Out: &out, Err: &problems}
			if tc.input != "" {
				streams.In = io.MultiReader(strings.NewReader(tc.input))
			}
			err = cluster.Executor.Exec(t.Context(), "acme", "acme-0", "scim-server", []string{"/scimserver", "admin", "log"}, streams)
			var code plugin.ExitError
			if errors.As(err, &code); int(code) != tc.code || (tc.code == 0 && err != nil) {
				t.Errorf("error %v, want code %d", err, tc.code)
			}
			if out.String() != tc.input || problems.String() != "a word\n" {
				t.Errorf("%d bytes of output, %q", out.Len(), problems.String())
			}
			if want := "/api/v1/namespaces/acme/pods/acme-0/exec"; seen.URL.Path != want || strings.Join(seen.URL.Query()["command"], " ") != "/scimserver admin log" ||
				seen.URL.Query().Get("container") != "scim-server" {
				t.Errorf("asked for %s", seen.URL)
			}
		})
	}
}

func TestExecRefused(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `{"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": "pods acme-0 is forbidden: no exec", "code": 403}`)
	}))
	defer server.Close()
	cluster, err := plugin.Connect(&rest.Config{Host: server.URL}, "acme")
	if err != nil {
		t.Fatal(err)
	}
	err = cluster.Executor.Exec(t.Context(), "acme", "acme-0", "scim-server", []string{"/scimserver", "admin", "log"}, plugin.Streams{Out: io.Discard, Err: io.Discard})
	if err == nil || !strings.Contains(err.Error(), "run log in pod acme/acme-0") || !strings.Contains(err.Error(), "no exec") {
		t.Errorf("error %v", err)
	}
}

func TestDial(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "config")
	text := `apiVersion: v1
kind: Config
current-context: one
clusters: [{name: c, cluster: {server: "http://127.0.0.1:1"}}]
users: [{name: u, user: {}}]
contexts: [{name: one, context: {cluster: c, user: u}}, {name: two, context: {cluster: c, user: u, namespace: acme}}]
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"": "default", "two": "acme"} {
		c, err := plugin.Dial(plugin.Location{Kubeconfig: file, Context: name})
		if err != nil || c.Namespace != want {
			t.Errorf("context %q: %+v, %v", name, c, err)
		}
	}
	for _, l := range []plugin.Location{{Kubeconfig: file, Context: "three"}, {Kubeconfig: file + "x"}} {
		if _, err := plugin.Dial(l); err == nil || !strings.Contains(err.Error(), "find the cluster") {
			t.Errorf("%+v: %v", l, err)
		}
	}
}

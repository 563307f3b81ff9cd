package main

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"

	"github.com/scim-operator/scim-operator/scimserver/config"
)

const (
	namespace = "scim-system"
	secret    = "shared-config"
)

// cluster is as much of an API server as a SCIM server asks for: watches of Secrets by name, and patches of ConfigMaps.
type cluster struct {
	*httptest.Server
	mu      sync.Mutex
	secrets map[string][]byte
	changed chan struct{} // closed by each write
}

func newCluster() *cluster {
	c := &cluster{secrets: map[string][]byte{}, changed: make(chan struct{})}
	c.Server = httptest.NewServer(c)
	return c
}

// stop ends the watches, which last as long as whoever watches wants.
func (c *cluster) stop() {
	c.CloseClientConnections()
	c.Close()
}

func (c *cluster) write(shard int, data []byte) {
	name := secret
	if shard > 0 {
		name = fmt.Sprintf("%s-%d", secret, shard)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.secrets[name] = data
	close(c.changed)
	c.changed = make(chan struct{})
}

func (c *cluster) see(name string) ([]byte, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.secrets[name], c.changed
}

// ServeHTTP implements http.Handler.
func (c *cluster) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasSuffix(r.URL.Path, "/secrets") {
		_, _ = w.Write([]byte("{}"))
		return
	}
	name := strings.TrimPrefix(r.URL.Query().Get("fieldSelector"), "metadata.name=")
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

const kubeconfig = `apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: %q}}]
contexts: [{name: c, context: {cluster: c, user: u}}]
users: [{name: u, user: {}}]
current-context: c
`

func (c *cluster) kubeconfig(file string) error {
	return os.WriteFile(file, fmt.Appendf(nil, kubeconfig, c.URL), 0o600)
}

package sourcetest

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"

	"github.com/scim-operator/scim-operator/scimserver/config"
)

// Server has Secrets that are written one by one, as the operator writes them.
type Server struct {
	*httptest.Server

	// Patched is called with what a ConfigMap is patched with, unless it is nil. It is to be set before anybody asks.
	Patched func(patch []byte)

	mu       sync.Mutex
	secrets  map[string][]byte // by name
	changed  chan struct{}     // closed by each write
	watching map[string]int
}

// New starts a server on loopback that has nothing.
func New() *Server {
	s := &Server{secrets: map[string][]byte{}, changed: make(chan struct{}), watching: map[string]int{}}
	s.Server = httptest.NewServer(s)
	return s
}

// Stop ends the server, and the watches, which last as long as whoever watches wants.
func (s *Server) Stop() {
	s.CloseClientConnections()
	s.Close()
}

// Write gives a config Secret of several another content; a server's first one has the shard 0.
func (s *Server) Write(secret string, shard int, data []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.secrets[Name(secret, shard)] = data
	close(s.changed)
	s.changed = make(chan struct{})
}

// Name is the name of a config Secret of several.
func Name(secret string, shard int) string {
	if shard == 0 {
		return secret
	}
	return fmt.Sprintf("%s-%d", secret, shard)
}

func (s *Server) see(name string) ([]byte, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.secrets[name], s.changed
}

// Watchers is how many watch a Secret now.
func (s *Server) Watchers(name string) int { return s.watchers(name, 0) }

func (s *Server) watchers(name string, by int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watching[name] += by
	return s.watching[name]
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/secrets") {
		s.watch(w, r)
		return
	}
	if patch, err := io.ReadAll(r.Body); err == nil && s.Patched != nil {
		s.Patched(patch)
	}
	_, _ = w.Write([]byte("{}"))
}

const event = `{"type":"MODIFIED","object":{"metadata":{"resourceVersion":"1"},"data":{%q:%q}}}` + "\n"

// watch sends a Secret as it is, and again whenever it changes.
func (s *Server) watch(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Query().Get("fieldSelector"), "metadata.name=")
	s.watchers(name, 1)
	defer s.watchers(name, -1)
	w.WriteHeader(http.StatusOK)
	w.(http.Flusher).Flush()
	for sent := ""; ; {
		data, changed := s.see(name)
		if data != nil && string(data) != sent {
			sent = string(data)
			_, _ = fmt.Fprintf(w, event, config.SecretKey, base64.StdEncoding.EncodeToString(data))
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

// Kubeconfig writes a file that leads to a server.
func Kubeconfig(file, url string) error {
	return os.WriteFile(file, fmt.Appendf(nil, kubeconfig, url), 0o600)
}

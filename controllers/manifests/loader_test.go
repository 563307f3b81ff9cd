package manifests

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/config"
)

const acme = `
apiVersion: scim-operator.io/v1alpha1
kind: SCIMTenant
metadata: {name: acme, namespace: acme-ns}
spec: {identityProvider: Okta}
`

// folder is a loader with its folders, its clock and what it offers.
type folder struct {
	*testing.T
	dir, data string
	loader    *Loader
	log       *bytes.Buffer
	offers    chan *config.Server

	mu  sync.Mutex
	now time.Time
}

func newFolder(t *testing.T, manifests map[string]string) *folder {
	t.Helper()
	f := &folder{T: t, dir: t.TempDir(), data: t.TempDir(), log: &bytes.Buffer{}, offers: make(chan *config.Server, 100),
		now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	for name, text := range manifests {
		f.write(name, text)
	}
	f.open()
	return f
}

func (f *folder) open() {
	f.Helper()
	l, err := New(Options{
		Dir: f.dir, Data: f.data, BaseURL: "http://localhost:8080", Previous: filepath.Join(f.data, "config.json.gz"),
		Log: slog.New(slog.NewTextHandler(f.log, nil)), Now: f.clock, Poll: time.Millisecond,
	})
	if err != nil {
		f.Fatal(err)
	}
	f.loader = l
}

func (f *folder) clock() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

func (f *folder) advance(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = f.now.Add(d)
}

func (f *folder) write(name, text string) {
	f.Helper()
	if err := os.WriteFile(filepath.Join(f.dir, name), []byte(text), 0o600); err != nil {
		f.Fatal(err)
	}
}

// offer keeps what is offered, as the server does, also on disk.
func (f *folder) offer(data []byte) error {
	s, err := config.Decode(data)
	if err != nil {
		return err
	}
	f.offers <- s
	return os.WriteFile(filepath.Join(f.data, "config.json.gz"), data, 0o600)
}

// once loads once and returns what was offered.
func (f *folder) once() *config.Server {
	f.Helper()
	if err := f.loader.once(f.offer); err != nil {
		f.Fatal(err)
	}
	return <-f.offers
}

func (f *folder) file(parts ...string) string {
	f.Helper()
	text, err := os.ReadFile(filepath.Join(append([]string{f.data, "credentials"}, parts...)...))
	if err != nil {
		f.Fatal(err)
	}
	return string(text)
}

func (f *folder) accepts(s *config.Server, tenant, token string) bool {
	for _, t := range s.Tenants {
		for _, accepted := range t.Tokens {
			if t.Key == tenant && accepted.SHA256 == config.HashToken(token) {
				return true
			}
		}
	}
	return false
}

func TestFirstToken(t *testing.T) {
	t.Parallel()
	f := newFolder(t, map[string]string{"tenant.yaml": acme})
	s := f.once()
	token := f.file("acme-ns", "acme", "token")
	if !config.CheckToken(token) || !f.accepts(s, "acme-ns/acme", token) {
		t.Errorf("the token in the folder is not accepted")
	}
	if got := f.file("acme-ns", "acme", "baseURL"); got != "http://localhost:8080/acme-ns/acme/scim/v2" {
		t.Errorf("baseURL %s", got)
	}
	info, err := os.Stat(filepath.Join(f.data, "credentials", "acme-ns", "acme", "token"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if log := f.log.String(); strings.Contains(log, token) || !strings.Contains(log, filepath.Join("credentials", "acme-ns", "acme")) {
		t.Errorf("the log does not tell where the token is, or shows it: %s", log)
	}
	if again := f.once(); again.Hash() != s.Hash() {
		t.Error("a second look changed something")
	}
	f.open()
	if again := f.once(); again.Hash() != s.Hash() {
		t.Error("a restart changed something")
	}
}

func TestTokenOfTheManifests(t *testing.T) {
	t.Parallel()
	const brings = acme + "  auth: {bearer: {secretRef: {name: mine}}}\n"
	tenant := strings.Replace(brings, "spec: {identityProvider: Okta}", "spec:", 1)
	secret := func(token string) string {
		return "apiVersion: v1\nkind: Secret\nmetadata: {name: mine, namespace: acme-ns}\nstringData: {token: " + token + "}\n"
	}
	f := newFolder(t, map[string]string{"all.yaml": tenant + "---\n" + secret("a-token-of-the-admin")})
	if s := f.once(); !f.accepts(s, "acme-ns/acme", "a-token-of-the-admin") {
		t.Error("the admin's token is not accepted")
	}
	f.write("all.yaml", tenant+"---\n"+secret("another-token-of-the-admin"))
	if s := f.once(); !f.accepts(s, "acme-ns/acme", "another-token-of-the-admin") || f.accepts(s, "acme-ns/acme", "a-token-of-the-admin") {
		t.Error("the admin's new token is not accepted, or the old one is")
	}
	f.write("all.yaml", tenant+"---\n"+secret("short"))
	if s := f.once(); !f.accepts(s, "acme-ns/acme", "another-token-of-the-admin") || !strings.Contains(f.log.String(), "InvalidSecret") {
		t.Error("the last good token is lost")
	}
	f.write("all.yaml", tenant)
	if s := f.once(); !f.accepts(s, "acme-ns/acme", "another-token-of-the-admin") || !strings.Contains(f.log.String(), "SecretNotFound") {
		t.Error("the last good token is lost")
	}
	f.write("all.yaml", acme)
	if s := f.once(); !f.accepts(s, "acme-ns/acme", f.file("acme-ns", "acme", "token")) || !config.CheckToken(f.file("acme-ns", "acme", "token")) {
		t.Error("no token was generated")
	}
}

// TestLastGood: what is wrong changes nothing, neither in one tenant nor in a whole file, nor over a restart.
func TestLastGood(t *testing.T) {
	t.Parallel()
	f := newFolder(t, map[string]string{"acme.yaml": acme, "other.yaml": strings.ReplaceAll(acme, "acme", "other")})
	first := f.once()
	f.write("acme.yaml", strings.Replace(acme, "{identityProvider: Okta}", "{lifecycle: {}, suspended: true}", 1))
	if s := f.once(); s.Hash() != first.Hash() || !strings.Contains(f.log.String(), "NotImplemented") {
		t.Errorf("an invalid tenant changed something, or was not logged: %s", f.log)
	}
	f.write("acme.yaml", "kind: [")
	if err := f.loader.once(f.offer); err == nil || !strings.Contains(err.Error(), "acme.yaml") {
		t.Errorf("error %v", err)
	}
	f.open()
	if f.loader.previous.Hash() != first.Hash() {
		t.Error("a restart forgot the last good configuration")
	}
	f.write("acme.yaml", strings.Replace(acme, "{identityProvider: Okta}", "{lifecycle: {}}", 1))
	if s := f.once(); s.Hash() != first.Hash() {
		t.Error("after a restart the invalid tenant lost its entry")
	}
	if err := os.Remove(filepath.Join(f.dir, "acme.yaml")); err != nil {
		t.Fatal(err)
	}
	if s := f.once(); len(s.Tenants) != 1 || len(s.Purges) != 0 {
		t.Errorf("%d tenants, %d purges after a file is gone", len(s.Tenants), len(s.Purges))
	}
}

func TestAccess(t *testing.T) {
	t.Parallel()
	const server = `
apiVersion: scim-operator.io/v1alpha1
kind: SCIMServer
metadata: {name: shared, namespace: scim}
spec:
  endpoint: {baseURL: https://scim.example.com}
  allowedTenants: {namespaces: {from: Selector, selector: {matchLabels: {scim: "yes"}}}}
`
	tenant := strings.Replace(acme, "spec: {", "spec: {serverRef: {namespace: scim, name: shared}, ", 1)
	namespace := "apiVersion: v1\nkind: Namespace\nmetadata: {name: acme-ns, labels: {scim: \"yes\"}}\n"
	f := newFolder(t, map[string]string{"tenant.yaml": tenant})
	if s := f.once(); len(s.Tenants) != 0 || !strings.Contains(f.log.String(), "ServerNotFound") {
		t.Errorf("%d tenants: %s", len(s.Tenants), f.log)
	}
	f.write("server.yaml", server)
	if s := f.once(); len(s.Tenants) != 0 || !strings.Contains(f.log.String(), "NotAllowedByServer") {
		t.Errorf("%d tenants: %s", len(s.Tenants), f.log)
	}
	f.write("namespace.yaml", namespace)
	if s := f.once(); len(s.Tenants) != 1 || s.BaseURL != "https://scim.example.com" {
		t.Errorf("%d tenants, base URL %s", len(s.Tenants), s.BaseURL)
	}
	f.write("postgres.yaml", strings.Replace(strings.Replace(server, "name: shared", "name: pg", 1), "spec:", "spec:\n  storage: {postgres: {secretRef: {name: x}}}", 1))
	f.write("tenant.yaml", strings.Replace(tenant, "name: shared", "name: pg", 1))
	if s := f.once(); len(s.Tenants) != 1 || !strings.Contains(f.log.String(), "SCIMServer scim/pg is not accepted") {
		t.Errorf("%d tenants: %s", len(s.Tenants), f.log)
	}
	f.write("second.yaml", strings.Replace(strings.Replace(server, "name: shared", "name: second", 1), "scim.example.com", "other.example.com", 1))
	if err := f.loader.once(f.offer); err == nil || !strings.Contains(err.Error(), "several base URLs") {
		t.Errorf("error %v", err)
	}
}

// TestRun: changes of manifests, credentials and time are noticed.
func TestRun(t *testing.T) {
	t.Parallel()
	const rotated = "  auth: {bearer: {rotation: {every: 10h, overlap: 1h}}}\n"
	f := newFolder(t, map[string]string{"acme.yaml": strings.Replace(acme, "spec: {identityProvider: Okta}", "spec:", 1) + rotated})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- f.loader.Run(ctx, f.offer) }()
	await := func(what string, ok func(*config.Server) bool) {
		t.Helper()
		timeout := time.After(20 * time.Second)
		for {
			select {
			case s := <-f.offers:
				if ok(s) {
					return
				}
			case err := <-done:
				t.Fatalf("%s: ended with %v", what, err)
			case <-timeout:
				t.Fatalf("%s: not noticed", what)
			}
		}
	}
	await("start", func(s *config.Server) bool { return len(s.Tenants) == 1 })
	first := f.file("acme-ns", "acme", "token")
	f.write("other.yaml", strings.ReplaceAll(acme, "acme", "other"))
	await("a new file", func(s *config.Server) bool { return len(s.Tenants) == 2 })
	if err := os.Remove(filepath.Join(f.data, "credentials", "acme-ns", "acme", "token")); err != nil {
		t.Fatal(err)
	}
	await("a deleted token", func(s *config.Server) bool {
		return f.accepts(s, "acme-ns/acme", first) && len(s.Tenants[0].Tokens) == 2
	})
	second := f.file("acme-ns", "acme", "token")
	f.advance(9 * time.Hour)
	await("the end of an overlap", func(s *config.Server) bool { return !f.accepts(s, "acme-ns/acme", first) })
	f.advance(time.Hour)
	await("the end of a token", func(s *config.Server) bool {
		return len(s.Tenants[0].Tokens) == 2 && f.accepts(s, "acme-ns/acme", second) && s.Tenants[0].Tokens[0].SHA256 != config.HashToken(second)
	})
	cancel()
	if err := <-done; err != nil {
		t.Errorf("ended with %v", err)
	}
}

func TestRunRefusesToStart(t *testing.T) {
	t.Parallel()
	f := newFolder(t, map[string]string{"acme.yaml": "kind: SCIMTenant\n"})
	if err := f.loader.Run(t.Context(), f.offer); err == nil || !strings.Contains(err.Error(), "acme.yaml:1: apiVersion, kind and metadata.name are needed") {
		t.Errorf("error %v", err)
	}
	f.write("acme.yaml", acme)
	refused := errors.New("not by me")
	if err := f.loader.Run(t.Context(), func([]byte) error { return refused }); !errors.Is(err, refused) {
		t.Errorf("error %v", err)
	}
	for _, dir := range []string{filepath.Join(f.dir, "nowhere"), filepath.Join(f.dir, "acme.yaml")} {
		if _, err := New(Options{Dir: dir, Data: f.data}); err == nil {
			t.Errorf("%s was taken for a folder", dir)
		}
	}
}

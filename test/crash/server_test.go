package crash

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/store/postgres/pgtest"
	"github.com/scim-operator/scim-operator/test/program"
)

// site is where a server runs again and again: its program, its tenant and its data.
type site struct {
	options  program.Options
	tenant   program.Tenant
	postgres *pgtest.Server // nil: the server has a database of its own
}

func newSite(t *testing.T) *site {
	t.Helper()
	dir := t.TempDir()
	binary, err := program.Build(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	manifests := t.TempDir()
	tenant, err := program.WriteManifests(manifests)
	if err == nil {
		err = provision(manifests)
	}
	if err != nil {
		t.Fatal(err)
	}
	s := &site{tenant: tenant, options: program.Options{
		Binary: binary, Manifests: manifests, Data: filepath.Join(dir, "data"), Log: filepath.Join(dir, "server.log"),
	}}
	if os.Getenv("STORE") == "postgres" {
		s.startPostgres(t)
	}
	return s
}

// launch starts a server that ends with the test at the latest.
func (s *site) launch(t *testing.T) *program.Server {
	t.Helper()
	server, err := program.Launch(s.options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		select {
		case <-server.Exited():
		default:
			_ = server.Kill()
		}
	})
	return server
}

// start waits until the server answers.
func (s *site) start(t *testing.T) *program.Server {
	t.Helper()
	server := s.launch(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := server.Ready(ctx, s.tenant); err != nil {
		t.Fatal(err)
	}
	return server
}

// feedToken is what the server has made for the application.
func (s *site) feedToken(t *testing.T) string {
	t.Helper()
	token, err := program.FeedToken(s.options.Data)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func kill(t *testing.T, server *program.Server) {
	t.Helper()
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
}

func stop(t *testing.T, server *program.Server) {
	t.Helper()
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
}

// makeGroups creates the groups of the test.
func makeGroups(t *testing.T, c *client, writers []*writer) {
	t.Helper()
	names := []string{}
	for i := range sharedGroups {
		names = append(names, sharedGroup(i))
	}
	for _, w := range writers {
		names = append(names, w.ownGroup())
		w.acknowledged[groupCell(w.ownGroup())] = w.ownGroup()
	}
	for _, name := range names {
		a, err := c.send(t.Context(), http.MethodPost, "/Groups", groupBody(name, name))
		if err != nil || a.status != http.StatusCreated {
			t.Fatalf("create group %s: %d %s, %v", name, a.status, a.body, err)
		}
	}
}

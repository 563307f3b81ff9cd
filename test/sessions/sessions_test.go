// Package sessions holds what clients say to the server and what they hear, a folder for each client.
package sessions

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/scim-operator/scim-operator/scimserver/servertest"
	"github.com/scim-operator/scim-operator/scimserver/store/memory"
)

var update = flag.Bool("update", false, "record the answers of the sessions anew")

// TestSessions replays every session on every store, each against a tenant of its own.
func TestSessions(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("*", "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("sessions: %d found, %v", len(files), err)
	}
	for name, opts := range map[string][]servertest.Option{
		"sqlite": nil,
		"memory": {servertest.WithStore(memory.New())},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := servertest.New(t, opts...)
			for _, file := range files {
				t.Run(file, func(t *testing.T) {
					t.Parallel()
					run(t, server, file, *update && name == "sqlite")
				})
			}
		})
	}
}

func run(t *testing.T, server *servertest.Server, file string, update bool) {
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	opts, err := servertest.SessionOptions(archive.Comment)
	if err != nil {
		t.Fatal(err)
	}
	tenant := server.NewTenant(t, opts...)
	if !update {
		if err := servertest.Replay(t.Context(), server.Client, tenant.BaseURL, tenant.Token, archive); err != nil {
			t.Error(err)
		}
		return
	}
	recorded, err := servertest.Record(t.Context(), server.Client, tenant.BaseURL, tenant.Token, archive)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, txtar.Format(recorded), 0o644); err != nil {
		t.Fatal(err)
	}
}

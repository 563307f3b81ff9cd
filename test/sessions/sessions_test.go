// Package sessions holds what clients say to the server and what they hear, a folder for each client.
package sessions

import (
	"flag"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/scim-operator/scim-operator/scimserver/httpapi"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
	"github.com/scim-operator/scim-operator/scimserver/servertest"
	"github.com/scim-operator/scim-operator/scimserver/store/memory"
)

var update = flag.Bool("update", false, "record the answers of the sessions anew")

// needed collects the rules that requests needed.
type needed struct {
	mu    sync.Mutex
	rules map[tolerance.Rule]bool
}

// Observe implements httpapi.Observer.
func (n *needed) Observe(e httpapi.Exchange) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, rule := range e.Tolerances {
		n.rules[rule] = true
	}
}

// TestEveryRuleHasASession: what is tolerated is what somebody is known to send, and a session shows it.
func TestEveryRuleHasASession(t *testing.T) {
	t.Parallel()
	n := &needed{rules: map[tolerance.Rule]bool{}}
	server := servertest.New(t, servertest.WithStore(memory.New()), servertest.WithObserver(n))
	files, err := filepath.Glob(filepath.Join("*", "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		run(t, server, file, false)
	}
	for _, info := range tolerance.All() {
		if !n.rules[info.Rule] {
			t.Errorf("no session needs the rule %s", info.Rule)
		}
	}
}

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

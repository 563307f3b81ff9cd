package app

import (
	"context"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/postgres"
	"github.com/scim-operator/scim-operator/scimserver/store/sqlite"
)

// OpenStore opens the database in the folder, which is made if it is not there.
func OpenStore(ctx context.Context, dir string) (store.Store, error) {
	return sqlite.Open(ctx, sqlite.Options{Path: databaseFile(dir)})
}

func databaseFile(dir string) string { return filepath.Join(dir, "scim.db") }

// predecessor is how long a server waits for the end of the one before it on the same volume: where a pod was deleted by force
// the next one starts at once. It is longer than the grace period of a pod with SQLite, and shorter than the startup probe is
// patient. A server that gave up at once would be started again by the kubelet only after ten seconds, then twenty.
const predecessor = 40 * time.Second

// Database says where the data are: in PostgreSQL where a URI, or a file with one, is given, else in the folder.
type Database struct{ Dir, URI, File string }

// OpenDatabase opens a database. One in PostgreSQL need not be there yet: the store says why not, and goes on trying; the file
// is read again when it changes.
func OpenDatabase(ctx context.Context, d Database, log *slog.Logger) (store.Store, error) {
	if d.URI != "" || d.File != "" {
		return postgres.Open(ctx, postgres.Options{URI: d.URI, File: d.File, Log: log})
	}
	return sqlite.Open(ctx, sqlite.Options{Path: databaseFile(d.Dir), LockWait: predecessor, Log: log})
}

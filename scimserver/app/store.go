package app

import (
	"context"
	"log/slog"
	"path/filepath"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/postgres"
	"github.com/scim-operator/scim-operator/scimserver/store/sqlite"
)

// OpenStore opens the database in the folder, which is made if it is not there.
func OpenStore(ctx context.Context, dir string) (store.Store, error) {
	return sqlite.Open(ctx, sqlite.Options{Path: filepath.Join(dir, "scim.db")})
}

// Database says where the data are: in PostgreSQL where a URI, or a file with one, is given, else in the folder.
type Database struct{ Dir, URI, File string }

// OpenDatabase opens a database. One in PostgreSQL need not be there yet: the store says why not, and goes on trying; the file
// is read again when it changes.
func OpenDatabase(ctx context.Context, d Database, log *slog.Logger) (store.Store, error) {
	if d.URI != "" || d.File != "" {
		return postgres.Open(ctx, postgres.Options{URI: d.URI, File: d.File, Log: log})
	}
	return OpenStore(ctx, d.Dir)
}

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

// OpenPostgres opens the database that the URI names, or the one in the file, which is read again when it changes. The
// database need not be there yet: the store says why not, and goes on trying.
func OpenPostgres(ctx context.Context, uri, file string, log *slog.Logger) (store.Store, error) {
	return postgres.Open(ctx, postgres.Options{URI: uri, File: file, Log: log})
}

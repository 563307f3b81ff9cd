package app

import (
	"context"
	"path/filepath"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/sqlite"
)

// OpenStore opens the database in the folder, which is made if it is not there.
func OpenStore(ctx context.Context, dir string) (store.Store, error) {
	return sqlite.Open(ctx, sqlite.Options{Path: filepath.Join(dir, "scim.db")})
}

package sqlite_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/sqlite"
	"github.com/scim-operator/scim-operator/scimserver/store/storetest"
)

func open(tb testing.TB) store.Store {
	tb.Helper()
	s, err := sqlite.Open(context.Background(), sqlite.Options{Path: filepath.Join(tb.TempDir(), "scim.db")})
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func TestConformance(t *testing.T) {
	t.Parallel()
	storetest.Run(t, open)
}

func TestQuery(t *testing.T) {
	t.Parallel()
	storetest.RunQuery(t, open)
}

func TestModel(t *testing.T) {
	t.Parallel()
	storetest.RunModel(t, open)
}

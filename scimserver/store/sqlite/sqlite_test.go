package sqlite

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/storetest"
)

// openChecked makes a store. When the test is done, nothing in its database may be amiss.
func openChecked(tb testing.TB) store.Store {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "scim.db")
	tb.Cleanup(func() { checkDatabase(tb, path) }) // after the test has closed it
	s, err := Open(context.Background(), Options{Path: path})
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func TestConformance(t *testing.T) {
	t.Parallel()
	storetest.Run(t, openChecked)
}

func TestQuery(t *testing.T) {
	t.Parallel()
	storetest.RunQuery(t, openChecked)
}

func TestModel(t *testing.T) {
	t.Parallel()
	storetest.RunModel(t, openChecked)
}

func TestOutboxModel(t *testing.T) {
	t.Parallel()
	storetest.RunOutboxModel(t, openChecked)
}

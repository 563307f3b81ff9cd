package postgres

import (
	"context"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/postgres/pgtest"
	"github.com/scim-operator/scim-operator/scimserver/store/storetest"
)

// openNew makes a store with nothing in it.
func openNew(tb testing.TB) store.Store {
	tb.Helper()
	s, err := Open(context.Background(), Options{URI: pgtest.Database(tb)})
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func TestConformance(t *testing.T) {
	t.Parallel()
	storetest.Run(t, openNew)
}

func TestQuery(t *testing.T) {
	t.Parallel()
	storetest.RunQuery(t, openNew)
}

func TestModel(t *testing.T) {
	t.Parallel()
	storetest.RunModel(t, openNew)
}

func TestOutboxModel(t *testing.T) {
	t.Parallel()
	storetest.RunOutboxModel(t, openNew)
}

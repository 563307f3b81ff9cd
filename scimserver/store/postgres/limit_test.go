package postgres

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/postgres/pgtest"
)

// hog takes connections until the server has no more.
func hog(tb testing.TB, uri string) (taken []*pgx.Conn) {
	tb.Helper()
	for {
		conn, err := pgx.Connect(tb.Context(), uri)
		if sqlstate(err) == connectionLimit {
			return taken
		}
		if err != nil {
			tb.Fatal(err)
		}
		taken = append(taken, conn)
	}
}

func letGo(tb testing.TB, taken ...*pgx.Conn) {
	tb.Helper()
	for _, conn := range taken {
		if err := conn.Close(context.Background()); err != nil {
			tb.Error(err)
		}
	}
}

// TestConnectionLimit: others have all connections of the server. Who has some goes on with them; who has none says what to do, and
// works when there is one.
func TestConnectionLimit(t *testing.T) {
	t.Parallel()
	server, err := pgtest.Start(t.Context(), pgtest.Options{Settings: map[string]string{"max_connections": "8", "superuser_reserved_connections": "0", "max_wal_senders": "0"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	uri := server.URI("postgres")
	early := openFor(t, Options{URI: uri})
	works(t, early)
	taken := hog(t, uri)
	late := openFor(t, Options{URI: uri})
	refused(t, late, store.FaultConnectionLimit)
	if f := store.FaultOf(late.Ping(t.Context())); !strings.Contains(f.Detail, "max_connections") || !strings.Contains(f.Detail, "pool_max_conns") {
		t.Errorf("it says %q", f.Detail)
	}
	var all errgroup.Group
	for range 32 { // many more than there are connections
		all.Go(func() error { return note(t.Context(), early, "x") })
		all.Go(func() error { _, err := noted(t.Context(), early, "x"); return err })
	}
	if err := all.Wait(); err != nil {
		t.Errorf("with few connections: %v", err)
	}
	letGo(t, taken...)
	works(t, late)
}

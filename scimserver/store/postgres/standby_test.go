package postgres

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/postgres/pgtest"
)

func startStandby(tb testing.TB, server *pgtest.Server) *pgtest.Server {
	tb.Helper()
	standby, err := server.Standby(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := standby.Stop(); err != nil {
			tb.Error(err)
		}
	})
	return standby
}

// admit runs statements of the superuser.
func admit(tb testing.TB, server *pgtest.Server, statements ...string) {
	tb.Helper()
	if err := pgtest.Execute(tb.Context(), server.URI("postgres"), statements...); err != nil {
		tb.Fatal(err)
	}
}

// note writes a state of a tenant, and reads it.
func note(ctx context.Context, s *Store, name string) error {
	return s.Update(ctx, "a/b", func(w store.Writer) error { return w.SetState(ctx, name, []byte(name)) })
}

func noted(ctx context.Context, s *Store, name string) (value []byte, err error) {
	err = s.View(ctx, "a/b", func(r store.Reader) error {
		value, err = r.State(ctx, name)
		return err
	})
	return value, err
}

// TestStandby: a standby takes no writes, and says so; when it is promoted, the server goes on by itself. A server whose URI
// names both finds the one that takes writes.
func TestStandby(t *testing.T) {
	t.Parallel()
	primary := startServer(t)
	fresh := startStandby(t, primary)
	refused(t, openFor(t, Options{URI: fresh.URI("postgres")}), store.FaultReadOnly) // there is no table yet

	both, err := url.Parse(primary.URI("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	_, other, _ := strings.Cut(fresh.URI("postgres"), "@")
	other, _, _ = strings.Cut(other, "/")
	both.Host += "," + other
	both.RawQuery += "&target_session_attrs=read-write"
	follows := openFor(t, Options{URI: both.String()})
	works(t, follows)
	if err := note(t.Context(), follows, "before"); err != nil {
		t.Fatal(err)
	}
	stays := openFor(t, Options{URI: fresh.URI("postgres")})
	refused(t, stays, store.FaultReadOnly)

	if err := primary.Kill(); err != nil {
		t.Fatal(err)
	}
	gone(t, follows)
	refused(t, follows, store.FaultUnreachable)
	admit(t, fresh, "SELECT pg_promote()")
	for name, s := range map[string]*Store{"follows": follows, "stays": stays} {
		works(t, s)
		if err := note(t.Context(), s, name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if value, err := noted(t.Context(), s, "before"); err != nil || string(value) != "before" {
			t.Errorf("%s: what was acknowledged before is %q, %v", name, value, err)
		}
	}
}

// gone waits until the last process of a killed server has ended.
func gone(tb testing.TB, s *Store) {
	tb.Helper()
	for s.Ping(tb.Context()) == nil {
		s.written.Store(0)
	}
}

// TestMadeReadOnly: a primary that becomes read-only under way, as it does when its role changes, is given up for one that takes writes.
func TestMadeReadOnly(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	s := openFor(t, Options{URI: server.URI("postgres")})
	works(t, s)
	admit(t, server, "ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()")
	for readOnly := false; !readOnly; { // sessions heed it with their next statement
		readOnly = note(t.Context(), s, "x") != nil
	}
	s.written.Store(0)
	if f := store.FaultOf(s.Ping(t.Context())); f == nil || f.Reason != store.FaultReadOnly || !strings.Contains(f.Detail, "primary") {
		t.Errorf("Ping: %v", f)
	}
	if _, err := noted(t.Context(), s, "x"); store.FaultOf(err) != nil {
		t.Errorf("a read: %v", err)
	}
	admit(t, server, "SET default_transaction_read_only = off", "ALTER SYSTEM RESET ALL", "SELECT pg_reload_conf()")
	works(t, s)
}

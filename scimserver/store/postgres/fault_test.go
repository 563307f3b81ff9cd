package postgres

import (
	"context"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/postgres/pgtest"
)

const secret = "s3cret-of-the-test"

// startServer starts a server for a test that does harm to it.
func startServer(tb testing.TB) *pgtest.Server {
	tb.Helper()
	s, err := pgtest.Start(tb.Context(), pgtest.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Stop(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

func openFor(tb testing.TB, o Options) *Store {
	tb.Helper()
	s, err := Open(tb.Context(), o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = s.Close() })
	return s
}

// refused checks that a store says why it does not work, whatever it is asked, and without the password.
func refused(tb testing.TB, s *Store, want store.FaultReason) {
	tb.Helper()
	ctx := tb.Context()
	for name, err := range map[string]error{
		"Ping":   s.Ping(ctx),
		"View":   s.View(ctx, "a/b", func(r store.Reader) error { _, err := r.Get(ctx, store.TypeUser, "1"); return err }),
		"Update": s.Update(ctx, "a/b", func(w store.Writer) error { _, err := w.NextSequence(ctx); return err }),
	} {
		var f *store.Fault
		if !errors.As(err, &f) || f.Reason != want || !errors.Is(err, store.ErrUnavailable) {
			tb.Errorf("%s: got %v, want a fault with reason %s", name, err, want)
			continue
		}
		if f.Detail == "" || strings.Contains(err.Error(), secret) || strings.Contains(f.Detail, "@h") || strings.Contains(f.Detail, "@127") {
			tb.Errorf("%s: %v", name, err)
		}
	}
}

// works waits until the store does its work.
func works(tb testing.TB, s *Store) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), time.Minute)
	defer cancel()
	for {
		err := s.Update(ctx, "a/b", func(w store.Writer) error {
			return w.AppendLog(ctx, store.LogRow{Time: time.Now(), Entry: []byte("{}")})
		})
		if err == nil {
			return
		}
		if ctx.Err() != nil {
			tb.Fatalf("the store does not work: %v", err)
		}
		s.lookNow()
	}
}

func TestWrongURI(t *testing.T) {
	t.Parallel()
	for _, uri := range []string{"", "postgres://%zz:" + secret + "@h/d", "mysql", "postgres://u:" + secret + "@h:port/d", "postgres://u:" + secret + "@h/d?sslmode=maybe"} {
		refused(t, openFor(t, Options{URI: uri}), store.FaultURIInvalid)
	}
	refused(t, openFor(t, Options{File: filepath.Join(t.TempDir(), "absent")}), store.FaultURIInvalid)
}

func TestFaults(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	for name, tc := range map[string]struct {
		sql  []string // as superuser; ROLE is a role of the case's own, with the database of its name
		edit func(u *url.URL)
		want store.FaultReason
	}{
		"wrong password":   {edit: func(u *url.URL) { u.User = url.UserPassword(u.User.Username(), secret+"x") }, want: store.FaultLoginRefused},
		"unknown user":     {edit: func(u *url.URL) { u.User = url.UserPassword("nobody", secret) }, want: store.FaultLoginRefused},
		"unknown database": {edit: func(u *url.URL) { u.Path = "/absent" }, want: store.FaultNotFound},
		"nobody listens":   {edit: func(u *url.URL) { u.Host = "127.0.0.1:1" }, want: store.FaultUnreachable},
		"no such host":     {edit: func(u *url.URL) { u.Host = "absent.invalid:5432" }, want: store.FaultUnreachable},
		"no TLS":           {edit: func(u *url.URL) { u.RawQuery = "sslmode=require" }, want: store.FaultUnreachable},
		"no right to make": {sql: []string{"ALTER DATABASE ROLE OWNER TO postgres"}, want: store.FaultRightsMissing},
		"no schema":        {edit: func(u *url.URL) { u.RawQuery += "&search_path=absent" }, want: store.FaultRightsMissing},
		"read-only":        {sql: []string{"ALTER ROLE ROLE SET default_transaction_read_only = on"}, want: store.FaultReadOnly},
		"connection limit": {sql: []string{"ALTER ROLE ROLE CONNECTION LIMIT 0"}, want: store.FaultConnectionLimit},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			role := "role_" + strings.NewReplacer(" ", "_", "-", "_").Replace(strings.ToLower(name))
			admin := server.URI("postgres")
			sql := []string{"CREATE ROLE ROLE LOGIN PASSWORD '" + secret + "'", "CREATE DATABASE ROLE OWNER ROLE"}
			for _, statement := range append(sql, tc.sql...) {
				replaced := strings.Replace(statement, "ROLE ROLE", "ROLE "+role, 1)
				replaced = strings.ReplaceAll(strings.ReplaceAll(replaced, "DATABASE ROLE", "DATABASE "+role), "OWNER ROLE", "OWNER "+role)
				if err := pgtest.Execute(t.Context(), admin, replaced); err != nil {
					t.Fatal(err)
				}
			}
			u, err := url.Parse(server.URIFor(url.UserPassword(role, secret), role))
			if err != nil {
				t.Fatal(err)
			}
			if tc.edit != nil {
				tc.edit(u)
			}
			refused(t, openFor(t, Options{URI: u.String()}), tc.want)
		})
	}
}

func TestNewerSchema(t *testing.T) {
	t.Parallel()
	uri := pgtest.Database(t)
	if err := openFor(t, Options{URI: uri}).Close(); err != nil {
		t.Fatal(err)
	}
	set := func(sql string) {
		if err := pgtest.Execute(t.Context(), uri, sql); err != nil {
			t.Fatal(err)
		}
	}
	set("UPDATE scim_schema SET version = 999") // which this program can still use
	works(t, openFor(t, Options{URI: uri}))
	set("UPDATE scim_schema SET oldest = 999")
	s := openFor(t, Options{URI: uri})
	refused(t, s, store.FaultSchemaTooNew)
	set("UPDATE scim_schema SET oldest = 1")
	works(t, s)
}

func TestForeignTables(t *testing.T) {
	t.Parallel()
	uri := pgtest.Database(t)
	if err := pgtest.Execute(t.Context(), uri, "CREATE TABLE tenant (id int)"); err != nil {
		t.Fatal(err)
	}
	refused(t, openFor(t, Options{URI: uri}), store.FaultMigrationFailed)
}

// TestMigrateAtOnce has several processes find an empty database.
func TestMigrateAtOnce(t *testing.T) {
	t.Parallel()
	uri := pgtest.Database(t)
	done := make(chan *Store)
	for range 8 {
		go func() {
			s, err := Open(t.Context(), Options{URI: uri})
			if err != nil {
				t.Error(err)
			}
			done <- s
		}()
	}
	for range 8 {
		s := <-done
		works(t, s)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestOlderSchema migrates what an earlier version of the program has left, with another one at work.
func TestOlderSchema(t *testing.T) {
	t.Parallel()
	uri := pgtest.Database(t)
	steps, err := readMigrations(migrations)
	if err != nil {
		t.Fatal(err)
	}
	old := openFor(t, Options{URI: uri})
	works(t, old)
	next := append(steps, migration{version: len(steps) + 1, oldest: 1, sql: "CREATE TABLE added (tenant bigint PRIMARY KEY)"})
	s, err := open(t.Context(), Options{URI: uri}, next)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	works(t, s)
	works(t, old)
	works(t, openFor(t, Options{URI: uri}))
	if err := pgtest.Execute(t.Context(), uri, "SELECT tenant FROM added"); err != nil {
		t.Error(err)
	}
}

func TestRestart(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	if err := server.Shutdown(); err != nil {
		t.Fatal(err)
	}
	s := openFor(t, Options{URI: server.URI("postgres")})
	refused(t, s, store.FaultUnreachable)
	for _, end := range []func() error{server.Shutdown, server.Kill} {
		if err := server.Launch(t.Context()); err != nil {
			t.Fatal(err)
		}
		works(t, s)
		if err := end(); err != nil {
			t.Fatal(err)
		}
		s.written.Store(0)
		silent(t, s)
		refused(t, s, store.FaultUnreachable)
	}
	if err := server.Launch(t.Context()); err != nil {
		t.Fatal(err)
	}
	works(t, s)
}

// silent waits until the sessions have noticed that their server was killed.
func silent(t *testing.T, s *Store) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for range 5000 {
		if s.Ping(t.Context()) != nil {
			return
		}
		<-tick.C
	}
	t.Error("the server is gone, and answers all the same")
}

// TestConnectionsCut has the server end all connections: who asks next gets new ones.
func TestConnectionsCut(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	s := openFor(t, Options{URI: server.URI("postgres")})
	works(t, s)
	for range 3 {
		if err := pgtest.Execute(t.Context(), server.URI("postgres"), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'scimserver'"); err != nil {
			t.Fatal(err)
		}
		err := s.View(t.Context(), "a/b", func(r store.Reader) error { _, err := r.Get(t.Context(), store.TypeUser, "1"); return err })
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("View: %v", err)
		}
		if err := s.Update(t.Context(), "a/b", func(w store.Writer) error { return w.SetState(t.Context(), "a", []byte("b")) }); err != nil {
			t.Errorf("Update: %v", err)
		}
	}
}

// TestRotation changes the file of the URI under way.
func TestRotation(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	file := filepath.Join(t.TempDir(), "uri")
	write := func(uri string) {
		if err := os.WriteFile(file, []byte(uri+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	admin := server.URI("postgres")
	if err := pgtest.Execute(t.Context(), admin, "CREATE ROLE scim LOGIN PASSWORD 'one'", "CREATE DATABASE scim OWNER scim"); err != nil {
		t.Fatal(err)
	}
	s := openFor(t, Options{File: file})
	refused(t, s, store.FaultURIInvalid)
	write(server.URIFor(url.UserPassword("scim", "one"), "scim"))
	works(t, s)
	if err := pgtest.Execute(t.Context(), admin, "ALTER ROLE scim PASSWORD 'two'", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'scim'"); err != nil {
		t.Fatal(err)
	}
	s.written.Store(0)
	refused(t, s, store.FaultLoginRefused)
	write(server.URIFor(url.UserPassword("scim", "two"), "scim"))
	works(t, s)
}

func TestMigrationsAreNumbered(t *testing.T) {
	t.Parallel()
	steps, err := readMigrations(migrations)
	if err != nil || len(steps) == 0 {
		t.Fatalf("%d migrations, %v", len(steps), err)
	}
	names, err := fs.Glob(migrations, "migration/*")
	if err != nil || len(names) != len(steps) {
		t.Errorf("there are %d files for %d migrations, %v", len(names), len(steps), err)
	}
}

package pgtest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

func TestDatabasesAreApart(t *testing.T) {
	t.Parallel()
	for range 2 {
		uri := Database(t)
		execute(t, uri, "CREATE TABLE mine (id int)")
		conn, err := pgx.Connect(t.Context(), uri)
		if err != nil {
			t.Fatal(err)
		}
		var tables int
		err = conn.QueryRow(t.Context(), "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()").Scan(&tables)
		if err != nil || tables != 1 {
			t.Errorf("there are %d tables, %v; want 1", tables, err)
		}
		if err := conn.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func TestKillAndLaunch(t *testing.T) {
	t.Parallel()
	s, err := Start(t.Context(), Options{Durable: true, Settings: map[string]string{"max_connections": "20"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := Execute(t.Context(), s.URI("postgres"), "CREATE TABLE kept (id int)"); err != nil {
		t.Fatal(err)
	}
	for _, end := range []func() error{s.Kill, s.Shutdown} {
		if err := end(); err != nil {
			t.Fatal(err)
		}
		if s.PID() != 0 && Execute(t.Context(), s.URI("postgres"), "SELECT 1") == nil {
			t.Error("the server answers after its end")
		}
		if err := s.Launch(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := Execute(t.Context(), s.URI("postgres"), "INSERT INTO kept VALUES (1)"); err != nil {
			t.Error(err)
		}
	}
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(s.Dir()); !os.IsNotExist(err) {
		t.Errorf("the data are there after Stop: %v", err)
	}
}

// TestInstall runs where the packages can be had and are not too much to fetch.
func TestInstall(t *testing.T) {
	t.Parallel()
	archive := os.Getenv("TEST_POSTGRES_ARCHIVE")
	if archive == "" {
		t.Skip("TEST_POSTGRES_ARCHIVE names no package")
	}
	data, err := os.ReadFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "postgres")
	for range 2 {
		if err := place(data, dir); err != nil {
			t.Fatal(err)
		}
	}
	if !complete(filepath.Join(dir, "bin")) {
		t.Error("programs are missing")
	}
	out, err := execOutput(t.Context(), filepath.Join(dir, "bin", "postgres"), "--version")
	if err != nil || !strings.Contains(out, "17.6") {
		t.Errorf("postgres --version: %q, %v", out, err)
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	for name, a := range archives {
		if err := verify(name, []byte("something else"), a.sum); err == nil {
			t.Errorf("%s: another content passed", name)
		}
	}
}

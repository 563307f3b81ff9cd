package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// pragma sets a pragma of the writer, which has nothing to do meanwhile.
func pragma(t *testing.T, s *Store, text string) {
	t.Helper()
	if err := s.writer.session.conn.Exec("PRAGMA " + text); err != nil {
		t.Fatal(err)
	}
}

// bigUser is a transaction that adds a user whose document fills pages.
func bigUser(id string, pages int) func(*tx) error {
	return func(t *tx) error {
		r := crashRecord(store.TypeUser, id, "name of "+id)
		r.Doc = fmt.Appendf(nil, `{"fill":%q}`, strings.Repeat("x", pages*4096))
		_, err := t.Insert(context.Background(), r)
		return err
	}
}

// TestFull limits the size of the file.
func TestFull(t *testing.T) {
	t.Parallel()
	s := openTemp(t)
	pragma(t, s, "max_page_count = 100")
	if err := run(s, bigUser("big", 200)); !errors.Is(err, store.ErrUnavailable) {
		t.Fatalf("got error %v, want ErrUnavailable", err)
	}
	errs := together(t, s, insertUser("a"), bigUser("big", 200), insertUser("b"))
	for i, err := range errs {
		if errors.Is(err, store.ErrUnavailable) != (i == 1) || (err != nil) != (i == 1) {
			t.Errorf("transaction %d: got error %v", i, err)
		}
	}
	equal(t, "users", present(t, s, "a", "b", "big"), []string{"a", "b"})
	fillUp(t, s)
	checkDatabase(t, s.path)
	pragma(t, s, "max_page_count = 4294967294")
	if err := run(s, bigUser("big", 200)); err != nil {
		t.Errorf("with room again: %v", err)
	}
	checkDatabase(t, s.path)
}

// fillUp adds users until there is no room, and looks whether those acknowledged are there.
func fillUp(t *testing.T, s *Store) {
	t.Helper()
	var added []string
	for n := range 10_000 {
		id := fmt.Sprint("fill-", n)
		if err := run(s, bigUser(id, 1)); err != nil {
			if !errors.Is(err, store.ErrUnavailable) {
				t.Fatalf("got error %v, want ErrUnavailable", err)
			}
			break
		}
		added = append(added, id)
	}
	equal(t, "users", present(t, s, added...), added)
	counts, err := s.Counts(context.Background(), crashTenant)
	if err != nil || counts.Users != int64(len(added)+2) {
		t.Errorf("Counts: got %d users and error %v, want %d", counts.Users, err, len(added)+2)
	}
}

func TestReadOnly(t *testing.T) {
	t.Parallel()
	s := openTemp(t)
	if err := run(s, insertUser("a")); err != nil {
		t.Fatal(err)
	}
	pragma(t, s, "query_only = 1")
	s.written.Store(0)
	for name, err := range map[string]error{
		"insert": run(s, insertUser("b")),
		"purge":  s.Purge(context.Background(), crashTenant, "1"),
		"ping":   s.Ping(context.Background()),
	} {
		if !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("%s: got error %v, want ErrUnavailable", name, err)
		}
	}
	equal(t, "users", present(t, s, "a", "b"), []string{"a"})
	pragma(t, s, "query_only = 0")
	if err := errors.Join(s.Ping(context.Background()), run(s, insertUser("b"))); err != nil {
		t.Errorf("writable again: %v", err)
	}
}

// TestOpenErrors opens what cannot be opened. The error says what is wrong.
func TestOpenErrors(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		prepare     func(t *testing.T, path string) string
		want        string
		unavailable bool
	}{
		"no directory can be made": {func(*testing.T, string) string { return "/proc/scim/scim.db" }, "/proc/scim", true},
		"a file in place of the directory": {func(t *testing.T, path string) string {
			writeFile(t, path, "")
			return filepath.Join(path, "scim.db")
		}, "not a directory", true},
		"a directory in place of the file": {func(t *testing.T, path string) string {
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
			return path
		}, "is a directory", true},
		"no database": {func(t *testing.T, path string) string {
			writeFile(t, path, strings.Repeat("this is no database ", 1000))
			return path
		}, "file is not a database", true},
		"cut":             {cutFile, "", true},
		"damaged schema":  {damageFile, "malformed", true},
		"another program": {otherProgram, "another program", false},
		"a newer schema":  {newerSchema, "schema has version 99 and this program knows ", false},
		"in use":          {inUse, "another process uses the database", true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := tc.prepare(t, filepath.Join(t.TempDir(), "scim.db"))
			s, err := Open(context.Background(), Options{Path: path})
			if err == nil {
				s.Close()
				t.Fatal("want an error")
			}
			if !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("got error %q, want one with %q and the path", err, tc.want)
			}
			if got := errors.Is(err, store.ErrUnavailable); got != tc.unavailable {
				t.Errorf("ErrUnavailable: got %v in %v", got, err)
			}
		})
	}
}

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// makeFile makes a database and closes it.
func makeFile(t *testing.T, path string) []byte {
	t.Helper()
	s, err := Open(context.Background(), Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	for n := range 100 {
		if err := run(s, insertUser(fmt.Sprint(n))); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func cutFile(t *testing.T, path string) string {
	b := makeFile(t, path)
	writeFile(t, path, string(b[:3*4096+100]))
	return path
}

func damageFile(t *testing.T, path string) string {
	b := makeFile(t, path)
	copy(b[100:4096], strings.Repeat("x", 4096))
	writeFile(t, path, string(b))
	return path
}

func otherProgram(t *testing.T, path string) string {
	execSQL(t, path, "CREATE TABLE note (text TEXT)")
	return path
}

func newerSchema(t *testing.T, path string) string {
	makeFile(t, path)
	execSQL(t, path, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)")
	return path
}

func inUse(t *testing.T, path string) string {
	s, err := Open(context.Background(), Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return path
}

func execSQL(t *testing.T, path, text string) {
	t.Helper()
	db, err := sql.Open("sqlite", dsn(path))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(text); err != nil {
		t.Fatal(err)
	}
}

// TestDamagedPages opens a database in which rows cannot be read: what touches them fails, and says
// that it is no fault of the request.
func TestDamagedPages(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "scim.db")
	b := makeFile(t, path)
	for i := 20 * 4096; i < len(b); i++ {
		b[i] = 0xaa
	}
	writeFile(t, path, string(b))
	s, err := Open(context.Background(), Options{Path: path})
	if err == nil {
		defer s.Close()
		err = s.View(context.Background(), crashTenant, func(r store.Reader) error {
			_, err := r.Find(context.Background(), store.Query{Type: store.TypeUser, Limit: 1000})
			return err
		})
	}
	if !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("got error %v, want ErrUnavailable", err)
	}
}

// TestReopen holds that everything is there when the file is opened again, also by another path.
func TestReopen(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new", "dir with ?#% in it")
	path := filepath.Join(dir, "scim.db")
	makeFile(t, path)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "mode of the file", info.Mode().Perm(), os.FileMode(0o600))
	s, err := Open(context.Background(), Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	equal(t, "users", present(t, s, "0", "99", "100"), []string{"0", "99"})
	if err := s.Ping(context.Background()); err != nil {
		t.Error(err)
	}
	if since := time.Since(time.Unix(0, s.written.Load())); since > time.Minute {
		t.Errorf("Ping wrote nothing: the last commit was %v ago", since)
	}
}

package crash

import (
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	_ "modernc.org/sqlite" // the driver
)

// checkDatabase has SQLite look through a copy of the database, so that the server's own repair at its next start is not
// done for it.
func (s *site) checkDatabase(t *testing.T) {
	t.Helper()
	if s.postgres != nil { // which looks after itself when it starts after a kill
		return
	}
	data := s.options.Data
	dir := t.TempDir()
	for _, suffix := range []string{"", "-wal"} {
		copyFile(t, filepath.Join(data, database+suffix), filepath.Join(dir, database+suffix))
	}
	db, err := sql.Open("sqlite", filepath.Join(dir, database))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	expectRows(t, db, "PRAGMA integrity_check", "ok")
	expectRows(t, db, `SELECT "table" FROM pragma_foreign_key_check`)
}

// database is the name of the file in the data folder; its write-ahead log lies beside it while there is one.
const database = "scim.db"

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if errors.Is(err, fs.ErrNotExist) && filepath.Ext(from) != ".db" {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func expectRows(t *testing.T, db *sql.DB, query string, want ...string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	var got []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		got = append(got, text)
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	if len(got) != len(want) || (len(want) > 0 && got[0] != want[0]) {
		t.Errorf("%s: %q, want %q", query, got, want)
	}
}

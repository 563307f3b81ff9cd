package sqlite

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/store/sqlite/conn"
)

var update = flag.Bool("update", false, "write the golden files")

// TestSchema holds what the migrations come to. A migration that was released does not change: a
// difference here calls for a new one.
func TestSchema(t *testing.T) {
	t.Parallel()
	s := openTemp(t)
	var lines []string
	c, err := conn.Open(s.path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	rows(t, c, `SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'goose_%' ORDER BY name`,
		func(st *conn.Stmt) { lines = append(lines, st.Text(0)+";") })
	rows(t, c, "SELECT tbl, idx, stat FROM sqlite_stat1 ORDER BY tbl, idx", func(st *conn.Stmt) {
		lines = append(lines, "-- "+st.Text(0)+" "+st.Text(1)+": "+st.Text(2))
	})
	rows(t, c, "SELECT id, name FROM symbol ORDER BY id", func(st *conn.Stmt) {
		lines = append(lines, "-- symbol "+st.Text(0)+": "+st.Text(1))
	})
	golden(t, "schema.sql", strings.Join(lines, "\n")+"\n")
	for what, want := range map[string]int64{
		"PRAGMA application_id":                                applicationID,
		"SELECT max(version_id) FROM goose_db_version":         steps(t),
		"SELECT journal_mode = 'wal' FROM pragma_journal_mode": 1,
		"SELECT count(*) FROM pragma_table_list WHERE strict = 0 AND schema = 'main' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'goose_%'": 0,
	} {
		if got := count(t, c, what); got != want {
			t.Errorf("%s: got %d, want %d", what, got, want)
		}
	}
}

// steps is the number of migrations.
func steps(t *testing.T) int64 {
	t.Helper()
	files, err := migrations.ReadDir("migration")
	if err != nil {
		t.Fatal(err)
	}
	return int64(len(files))
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, path, got, string(want))
}

// TestPragmas holds how the connections are set up.
func TestPragmas(t *testing.T) {
	t.Parallel()
	s := openTemp(t)
	reader, err := s.readers.open()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.close()
	for name, c := range map[string]*conn.Conn{"writer": s.writer.session.conn, "checkpointer": s.writer.log.session.conn, "reader": reader.conn} {
		want := map[string]int64{"busy_timeout": 5000, "foreign_keys": 0, "temp_store": 2, "query_only": 0, "synchronous": 2}
		if name == "reader" {
			want["query_only"] = 1
		}
		for pragma, want := range want {
			if got := count(t, c, "PRAGMA "+pragma); got != want {
				t.Errorf("%s: PRAGMA %s: got %d, want %d", name, pragma, got, want)
			}
		}
	}
}

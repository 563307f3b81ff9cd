package conn

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func number(t *testing.T, c *Conn, sql string) int64 {
	t.Helper()
	s := prepare(t, c, sql)
	defer s.Close()
	n, err := s.Int()
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return n
}

// openDelayed opens a database in WAL mode, in whose log nothing is synced but what SQLite needs.
func openDelayed(t *testing.T) (c *Conn, path string) {
	t.Helper()
	c = open(t)
	for _, sql := range []string{
		"PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "PRAGMA cache_size = 20", "CREATE TABLE x (n INTEGER PRIMARY KEY, fill)",
	} {
		exec(t, c, sql)
	}
	if err := c.DelaySync(); err != nil {
		t.Fatal(err)
	}
	s := prepare(t, c, "SELECT file FROM pragma_database_list")
	defer s.Close()
	step(t, s)
	return c, s.Text(0)
}

// TestDelaySync holds that a commit is complete for other connections, also if it is larger than what is gathered and than the
// cache, which spills it then, and that what is rolled back is not there.
func TestDelaySync(t *testing.T) {
	t.Parallel()
	c, path := openDelayed(t)
	other, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	const insert = "INSERT INTO x (fill) WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < %d) SELECT hex(randomblob(1500)) FROM i"
	want := int64(0)
	for i, rows := range []int{1, 40, 500, 3, 200} {
		exec(t, c, "BEGIN")
		exec(t, c, fmt.Sprintf(insert, rows))
		exec(t, c, "UPDATE x SET fill = fill || 'x' WHERE n % 7 = 0")
		if i%2 == 1 {
			exec(t, c, "ROLLBACK")
		} else {
			exec(t, c, "COMMIT")
			want += int64(rows)
		}
		for name, c := range map[string]*Conn{"writer": c, "reader": other} {
			if got := number(t, c, "SELECT count(*) FROM x WHERE length(fill) >= 3000"); got != want {
				t.Errorf("after %d rows: the %s sees %d, want %d", rows, name, got, want)
			}
		}
		if i == 2 { // the log begins anew
			exec(t, other, "PRAGMA wal_checkpoint(PASSIVE)")
		}
	}
	s := prepare(t, other, "PRAGMA integrity_check")
	defer s.Close()
	step(t, s)
	if diff := cmp.Diff("ok", s.Text(0)); diff != "" {
		t.Error(diff)
	}
}

func TestDelaySyncNeedsALog(t *testing.T) {
	t.Parallel()
	c := open(t)
	exec(t, c, "CREATE TABLE x (n INTEGER PRIMARY KEY)")
	if err := c.DelaySync(); err == nil || !strings.Contains(err.Error(), "write-ahead log") {
		t.Errorf("got error %v, want one for a database without a log", err)
	}
}

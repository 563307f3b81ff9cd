package conn

import (
	"os"
	"testing"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// fewPages lets the tests of this package run with hardly any.
const fewPages = 40

func TestMain(m *testing.M) {
	ReservePages(fewPages)
	os.Exit(m.Run())
}

// TestReservedPages holds that SQLite takes its pages from what was reserved, and that it still reads and writes when they
// are used up.
func TestReservedPages(t *testing.T) {
	t.Parallel()
	c := open(t)
	exec(t, c, "CREATE TABLE x (n INTEGER PRIMARY KEY, fill)")
	for range 2 {
		exec(t, c, "INSERT INTO x (fill) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) SELECT randomblob(2000) FROM n")
		s := prepare(t, c, "SELECT count(*) FROM x WHERE length(fill) = 2000")
		if n, err := s.Int(); err != nil || n == 0 || n%500 != 0 {
			t.Fatalf("%d rows, error %v", n, err)
		}
		s.Close()
	}
	if most := mostPagesUsed(t); most == 0 || most > fewPages {
		t.Errorf("%d reserved pages were used, want some of %d", most, fewPages)
	}
	ReservePages(2 * fewPages) // too late
}

func mostPagesUsed(t *testing.T) int {
	t.Helper()
	tls := libc.NewTLS()
	defer tls.Close()
	out := tls.Alloc(2 * word)
	defer tls.Free(2 * word)
	if rc := sqlite3.Xsqlite3_status64(tls, sqlite3.SQLITE_STATUS_PAGECACHE_USED, out, out+uintptr(word), 0); rc != sqlite3.SQLITE_OK {
		t.Fatalf("status: %d", rc)
	}
	return int(*(*int64)(pointer(out + uintptr(word))))
}

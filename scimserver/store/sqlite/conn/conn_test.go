package conn

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	sqlite3 "modernc.org/sqlite/lib"
)

func open(t *testing.T, functions ...*Function) *Conn {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.db")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Open(path, functions...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func exec(t *testing.T, c *Conn, sql string) {
	t.Helper()
	if err := c.Exec(sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func prepare(t *testing.T, c *Conn, sql string) *Stmt {
	t.Helper()
	s, err := c.Prepare(sql)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return s
}

// step runs to the next row, which must be there.
func step(t *testing.T, s *Stmt) {
	t.Helper()
	if row, err := s.Step(); !row || err != nil {
		t.Fatalf("Step: got %v and error %v, want a row", row, err)
	}
}

// TestValues binds values of all kinds and reads them back, many times, as the memory they are kept
// in is used again.
func TestValues(t *testing.T) {
	t.Parallel()
	c := open(t)
	s := prepare(t, c, "SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, typeof(?3), typeof(?4), typeof(?5), typeof(?6)")
	for _, size := range []int{1, 10, 300, 5000, 3, 100_000, 20} {
		text, blob := strings.Repeat("é", size), []byte(strings.Repeat("\x00\xff", size))
		s.BindInt64(1, -1<<63)
		s.BindFloat64(2, 1.5)
		s.BindText(3, text)
		s.BindBlob(4, blob)
		s.BindTextBytes(5, []byte(text))
		s.BindText(6, "")
		s.BindBool(7, true)
		step(t, s)
		got := []any{s.Int64(0), s.Text(1), s.Text(2), string(s.Bytes(3)), s.Text(4), s.Text(5), s.Int64(6), s.Text(7), s.Text(8), s.Text(9), s.Text(10)}
		want := []any{int64(-1 << 63), "1.5", text, string(blob), text, "", int64(1), "text", "blob", "text", "text"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("size %d (-want +got):\n%s", size, diff)
		}
		if s.IsBlob(0) || !s.IsBlob(3) {
			t.Error("IsBlob is wrong")
		}
		s.Reset()
	}
}

func TestNull(t *testing.T) {
	t.Parallel()
	c := open(t)
	s := prepare(t, c, "SELECT ?1 IS NULL, ?1")
	s.BindText(1, "before")
	step(t, s)
	s.Reset()
	s.BindNull(1)
	step(t, s)
	if s.Int64(0) != 1 || s.Peek(1) != nil || s.Text(1) != "" {
		t.Error("NULL was not bound")
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	c := open(t)
	exec(t, c, "CREATE TABLE t (x INTEGER PRIMARY KEY, y TEXT NOT NULL) STRICT")
	exec(t, c, "INSERT INTO t VALUES (1, 'a')")
	for sql, want := range map[string]int{
		"INSERT INTO t VALUES (1, 'b')":  sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY,
		"INSERT INTO t VALUES (2, NULL)": sqlite3.SQLITE_CONSTRAINT_NOTNULL,
		"SELECT * FROM u":                sqlite3.SQLITE_ERROR,
		"SELEC":                          sqlite3.SQLITE_ERROR,
	} {
		err := c.Exec(sql)
		if Code(err) != want {
			t.Errorf("%s: got error %v with the code %d, want %d", sql, err, Code(err), want)
		}
	}
	if err := c.Exec("-- nothing"); err == nil {
		t.Error("a text without a statement: want an error")
	}
	s := prepare(t, c, "SELECT ?1")
	s.BindInt64(2, 1)
	if _, err := s.Step(); Code(err) != sqlite3.SQLITE_RANGE {
		t.Errorf("a parameter that is not there: got error %v", err)
	}
	s.Reset()
	step(t, s)
	if Code(errors.New("other")) != 0 || Code(nil) != 0 {
		t.Error("Code of another error is not 0")
	}
}

func TestOpenMissing(t *testing.T) {
	t.Parallel()
	if _, err := Open(filepath.Join(t.TempDir(), "missing.db")); Code(err)&0xff != sqlite3.SQLITE_CANTOPEN {
		t.Errorf("got error %v, want SQLITE_CANTOPEN", err)
	}
}

func TestTransaction(t *testing.T) {
	t.Parallel()
	c := open(t)
	exec(t, c, "CREATE TABLE t (x)")
	if c.InTransaction() {
		t.Error("a transaction is open at the start")
	}
	exec(t, c, "BEGIN")
	exec(t, c, "INSERT INTO t VALUES (1), (2)")
	if !c.InTransaction() || c.Changes() != 2 || c.LastInsertID() != 2 {
		t.Errorf("got transaction %v, %d changes, last id %d", c.InTransaction(), c.Changes(), c.LastInsertID())
	}
	exec(t, c, "ROLLBACK")
	s := prepare(t, c, "SELECT count(*) FROM t")
	if n, err := s.Int(); n != 0 || err != nil || c.InTransaction() {
		t.Errorf("after the rollback: %d rows, error %v", n, err)
	}
}

// TestInterrupt stops a statement that would never end.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	started := make(chan struct{}, 1)
	c := open(t, &Function{Name: "started", Args: 0, Call: func(*Call) {
		select {
		case started <- struct{}{}:
		default:
		}
	}})
	go func() {
		<-started
		c.Interrupt()
	}()
	err := c.Exec("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(i + started()) FROM n")
	if Code(err) != sqlite3.SQLITE_INTERRUPT {
		t.Errorf("got error %v, want SQLITE_INTERRUPT", err)
	}
	exec(t, c, "SELECT 1")
}

func TestFunctions(t *testing.T) {
	t.Parallel()
	twice := &Function{Name: "twice", Args: 1, Call: func(c *Call) {
		if c.IsText(0) {
			c.Text(string(c.Bytes(0)) + string(c.Bytes(0)))
		}
	}}
	kinds := &Function{Name: "kind", Args: 1, Call: func(c *Call) {
		switch string(c.Bytes(0)) {
		case "int":
			c.Int64(1 << 62)
		case "float":
			c.Float64(0.5)
		case "bool":
			c.Bool(true)
		case "blob":
			c.Blob([]byte{0, 1})
		case "no blob":
			c.Blob(nil)
		case "same":
			c.Same(0)
		}
	}}
	c := open(t, twice, kinds)
	for sql, want := range map[string]string{
		"quote(twice('aé'))":                  "'aéaé'",
		"quote(twice(''))":                    "''",
		"quote(twice(1))":                     "NULL",
		"quote(twice(NULL))":                  "NULL",
		"length(twice(hex(zeroblob(50000))))": "200000",
		"quote(kind('int'))":                  "4611686018427387904",
		"quote(kind('float'))":                "0.5",
		"quote(kind('bool'))":                 "1",
		"quote(kind('blob'))":                 "X'0001'",
		"quote(kind('no blob'))":              "X''",
		"quote(kind('same'))":                 "'same'",
		"quote(kind('none'))":                 "NULL",
	} {
		s := prepare(t, c, "SELECT "+sql)
		step(t, s)
		if got := s.Text(0); got != want {
			t.Errorf("%s: got %s, want %s", sql, got, want)
		}
		s.Close()
		s.Close()
	}
}

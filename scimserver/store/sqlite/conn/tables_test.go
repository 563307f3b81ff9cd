package conn

import "testing"

func TestStatementsTellTheirTables(t *testing.T) {
	t.Parallel()
	c := open(t)
	for _, sql := range []string{
		"CREATE TABLE a (id INTEGER PRIMARY KEY, x INTEGER)", "CREATE TABLE b (id INTEGER PRIMARY KEY, x INTEGER)",
		"CREATE TABLE k (x INTEGER PRIMARY KEY) WITHOUT ROWID", "CREATE INDEX b_x ON b (x)",
	} {
		exec(t, c, sql)
	}
	a, b, k := TablesNamed("a"), TablesNamed("b"), TablesNamed("k")
	tests := map[string]struct{ reads, writes Tables }{
		"SELECT 1":                                 {},
		"BEGIN":                                    {},
		"SELECT x FROM a":                          {reads: a},
		"SELECT count(*) FROM a":                   {reads: a},
		"SELECT 1 FROM a":                          {reads: a},
		"SELECT EXISTS (SELECT 1 FROM k)":          {reads: k},
		"SELECT x FROM b INDEXED BY b_x":           {reads: b},
		"SELECT z.x FROM a z, b WHERE z.id = b.id": {reads: a | b},
		"SELECT x FROM a UNION ALL SELECT NULL":    {reads: a},
		"WITH w AS (SELECT x FROM k) SELECT x FROM a WHERE x IN w": {reads: a | k},
		"INSERT INTO a (x) VALUES (1)":                             {writes: a},
		"INSERT INTO a (x) SELECT x FROM b":                        {reads: b, writes: a},
		"UPDATE a SET x = (SELECT max(x) FROM k)":                  {reads: k, writes: a},
		"DELETE FROM k WHERE x IN (SELECT x FROM b)":               {reads: b | k, writes: k},
		"DELETE FROM k": {writes: k},
	}
	for sql, want := range tests {
		s := prepare(t, c, sql)
		if s.Reads()&want.reads != want.reads || s.Writes() != want.writes {
			t.Errorf("%s: reads %b, writes %b; want %b, %b", sql, s.Reads(), s.Writes(), want.reads, want.writes)
		}
		if more := s.Reads() &^ (want.reads | want.writes); more != 0 {
			t.Errorf("%s: reads %b too much", sql, more)
		}
	}
}

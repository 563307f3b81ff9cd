package sqlite

import (
	"fmt"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/store/sqlite/conn"
)

// checks are statements that count what must not be.
var checks = map[string]string{
	"tallies that are wrong": `SELECT count(*) FROM (
		SELECT tenant, type, sum(total) AS total, sum(active) AS active, sum(stated) AS stated FROM (
			SELECT tenant, type, count(*) AS total, sum(active > 0) AS active, sum(active = 1) AS stated FROM resource GROUP BY tenant, type
			UNION ALL SELECT m.tenant, y.id, count(*), sum(m.active), 0 FROM member m, symbol y WHERE y.name = 'Member' GROUP BY m.tenant
			UNION ALL SELECT tenant, type, -total, -active, -stated FROM tally) GROUP BY tenant, type)
		WHERE total <> 0 OR active <> 0 OR stated <> 0`,
	"blocks that are wrong": `SELECT count(*) FROM (
		SELECT tenant, type, number, sum(total) AS total, sum(stated) AS stated FROM (
			SELECT tenant, type, seq >> 10 AS number, count(*) AS total, sum(active = 1) AS stated FROM resource GROUP BY tenant, type, seq >> 10
			UNION ALL SELECT tenant, type, number, -total, -stated FROM block) GROUP BY tenant, type, number)
		WHERE total <> 0 OR stated <> 0`,
	"spans that are wrong": `SELECT count(*) FROM (
		SELECT tenant, type, number, sum(total) AS total, sum(stated) AS stated FROM (
			SELECT tenant, type, number >> 5 AS number, total, stated FROM block
			UNION ALL SELECT tenant, type, number, -total, -stated FROM span) GROUP BY tenant, type, number)
		WHERE total <> 0 OR stated <> 0`,
	"lookups of the wrong kind": `SELECT count(*) FROM lookup l LEFT JOIN symbol y ON y.id = l.attr
		WHERE y.id IS NULL OR (y.name LIKE 'Member %') = (typeof(l.resource) = 'integer')`,
	"lookups of another tenant": `SELECT count(*) FROM lookup l
		LEFT JOIN resource r ON typeof(l.resource) = 'integer' AND r.seq = l.resource
		LEFT JOIN member m ON m.tenant = l.tenant AND m.id = l.resource
		WHERE coalesce(r.tenant, m.tenant) IS NOT l.tenant`,
	"members of another tenant": `SELECT count(*) FROM membership m JOIN resource g ON g.seq = m.grp JOIN resource x ON x.seq = m.member
		WHERE g.tenant <> x.tenant`,
	"resources of nobody": `SELECT count(*) FROM resource r LEFT JOIN tenant t ON t.id = r.tenant WHERE t.id IS NULL`,
	"streams that are wrong": `SELECT count(*) FROM stream s WHERE s.pending <> (SELECT count(*) FROM event WHERE tenant = s.tenant AND state = 1)
		OR s.parked <> (SELECT count(*) FROM event WHERE tenant = s.tenant AND state = 2)
		OR s.last - s.pruned <> (SELECT count(*) FROM event WHERE tenant = s.tenant)`,
	"events of nobody": `SELECT count(*) FROM event e LEFT JOIN stream s ON s.tenant = e.tenant
		WHERE s.tenant IS NULL OR e.id >> 40 <> e.tenant OR e.id & ((1 << 40) - 1) > s.last`,
	"log rows of nobody": `SELECT count(*) FROM log l LEFT JOIN stream s ON s.tenant = l.id >> 40 WHERE s.tenant IS NULL`,
	"pending events nobody comes to": `SELECT count(*) FROM event e WHERE state = 1 AND due IS NULL
		AND NOT EXISTS (SELECT 1 FROM event p WHERE p.tenant = e.tenant AND p.member = e.member AND p.id < e.id AND p.state = 1)`,
	"holds of nobody":         `SELECT count(*) FROM hold h LEFT JOIN member m ON m.tenant = h.tenant AND m.id = h.member WHERE m.id IS NULL`,
	"foreign keys":            `SELECT count(*) FROM pragma_foreign_key_check`,
	"damages":                 `SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'`,
	"documents that are cut":  `SELECT count(*) FROM resource WHERE NOT json_valid(doc)`,
	"detached tenants' parts": `SELECT count(*) FROM tenant WHERE key IS NULL`,
}

// checkDatabase looks for anything in the file that does not fit together.
func checkDatabase(tb testing.TB, path string) {
	tb.Helper()
	c, err := conn.Open(path, functions...)
	if err != nil {
		tb.Fatal(err)
	}
	defer c.Close()
	for what, sql := range checks {
		if n := count(tb, c, sql); n != 0 {
			tb.Errorf("the database has %d %s", n, what)
		}
	}
	checkLookups(tb, c)
}

func count(tb testing.TB, c *conn.Conn, sql string) int64 {
	tb.Helper()
	st, err := c.Prepare(sql)
	if err != nil {
		tb.Fatal(err)
	}
	defer st.Close()
	n, err := st.Int()
	if err != nil {
		tb.Fatal(err)
	}
	return n
}

// checkLookups compares the columns keys with the table lookup.
func checkLookups(tb testing.TB, c *conn.Conn) {
	tb.Helper()
	want := map[string]bool{}
	const columns = "SELECT tenant, quote(seq), keys FROM resource UNION ALL SELECT tenant, quote(id), keys FROM member"
	rows(tb, c, columns, func(st *conn.Stmt) {
		keys, err := parseKeys(st.Bytes(2))
		if err != nil {
			tb.Fatal(err)
		}
		for _, k := range keys {
			want[fmt.Sprint(st.Int64(0), st.Text(1), k)] = true
		}
	})
	rows(tb, c, "SELECT tenant, quote(resource), attr, value FROM lookup", func(st *conn.Stmt) {
		row := fmt.Sprint(st.Int64(0), st.Text(1), lookupKey{attr: st.Int64(2), value: st.Text(3)})
		if !want[row] {
			tb.Errorf("lookup has %s, which is no key of it", row)
		}
		delete(want, row)
	})
	for row := range want {
		tb.Errorf("lookup lacks %s", row)
	}
}

func rows(tb testing.TB, c *conn.Conn, sql string, f func(*conn.Stmt)) {
	tb.Helper()
	st, err := c.Prepare(sql)
	if err != nil {
		tb.Fatal(err)
	}
	defer st.Close()
	for {
		row, err := st.Step()
		if err != nil {
			tb.Fatal(err)
		}
		if !row {
			return
		}
		f(st)
	}
}

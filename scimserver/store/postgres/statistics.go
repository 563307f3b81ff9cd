package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// Of a table that nobody has analysed PostgreSQL thinks that one index is as good as another, and may read all rows of a tenant
// for each change. It looks at new tables by itself within a minute or so, which is long for the first import into a new database.

// firstRows is how many resources of one tenant make it worth while to analyse new tables.
const firstRows = 64

const analyseWithin = 10 * time.Second

const (
	unknownSQL = "SELECT count(*) FROM pg_class WHERE oid = to_regclass('resource') AND reltuples < $1"
	analyseSQL = "ANALYZE resource, lookup, member, member_key, event, log"
)

// analyse tells the database about its tables once the batch has brought the first rows, unless they are known. Nothing depends
// on it: an engine that does it in another way is left alone.
func (b *batch) analyse() {
	s := b.s
	if b.before.seq >= firstRows || b.row.seq < firstRows || s.analysed.Swap(true) {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), analyseWithin)
	defer cancel()
	var unknown int64
	err := send(ctx, b.conn.Conn(), nil, ask{sql: unknownSQL, args: []any{firstRows}, scan: func(rows pgx.Rows) error { return rows.Scan(&unknown) }})
	if err == nil && unknown > 0 {
		err = send(ctx, b.conn.Conn(), nil, ask{sql: analyseSQL})
	}
	if err != nil {
		s.log.Warn("new tables could not be analysed; the first changes may take longer", "problem", cause(err))
	}
}

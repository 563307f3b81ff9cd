package postgres

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

const insertLogSQL = "INSERT INTO log (tenant, sequence, at, subject, usr, entry) VALUES ($1, $2, $3, $4, $5, $6)"

// AppendLog implements store.Writer.
func (t *tx) AppendLog(ctx context.Context, r store.LogRow) error {
	if err := t.writable(ctx); err != nil {
		return err
	}
	t.b.row.logs++
	t.b.told = true
	t.write(insertLogSQL, t.b.row.logs, r.Time.UnixMilli(), r.Subject, optional(r.UserID), string(r.Entry))
	return nil
}

const (
	logSQL = `SELECT sequence, at, subject, coalesce(usr, ''), entry FROM log WHERE tenant = ` + own + ` AND sequence > $2 AND at >= $3
		AND ($4::boolean OR usr = $5 OR (subject = $6 AND subject <> 0)) ORDER BY sequence`
	oldestLogSQL = logSQL + " LIMIT $7"
	newestLogSQL = logSQL + " DESC LIMIT $7"
)

func scanLog(rows pgx.Rows) (r store.LogRow, err error) {
	var at int64
	err = rows.Scan(&r.Sequence, &at, &r.Subject, &r.UserID, &r.Entry)
	r.Time = timeOf(at)
	return r, err
}

// QueryLog implements store.Store. It reads the rows of the tenant one by one: their number is bounded, and an index for
// each of them would cost every change.
func (s *Store) QueryLog(ctx context.Context, tenant string, q store.LogQuery) (rows []store.LogRow, err error) {
	sql := oldestLogSQL
	if q.Newest {
		sql = newestLogSQL
	}
	args := []any{text(tenant), q.After, sinceMS(q.Since), q.UserID == "" && q.Subject == 0, text(q.UserID), q.Subject, q.Limit}
	err = s.single(ctx, ask{sql: sql, args: args, scan: func(found pgx.Rows) error {
		r, err := scanLog(found)
		rows = append(rows, r)
		return err
	}})
	if q.Newest {
		slices.Reverse(rows)
	}
	return rows, err
}

const (
	oldestLogsSQL = "SELECT sequence, at FROM log WHERE tenant = " + own + " ORDER BY sequence LIMIT $2"
	pruneLogSQL   = "DELETE FROM log WHERE tenant = $1 AND sequence <= $2"
)

// PruneLog implements store.Store.
func (s *Store) PruneLog(ctx context.Context, tenant string, before time.Time, keep int64, limit int) (n int64, err error) {
	err = s.update(ctx, tenant, writing, func(t *tx) error {
		if err := t.writable(ctx); err != nil {
			return err
		}
		var last int64
		done := false
		n = 0
		err := t.query(ctx, oldestLogsSQL, func(rows pgx.Rows) error {
			var sequence, at int64
			err := rows.Scan(&sequence, &at)
			if done = done || at >= before.UnixMilli() && sequence > t.b.row.logs-keep; !done {
				n++
				last = sequence
			}
			return err
		}, limit)
		if err == nil && n > 0 {
			t.write(pruneLogSQL, last)
		}
		return err
	})
	return n, err
}

package sqlite

import (
	"context"
	"slices"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

const insertLogSQL = "INSERT INTO log (id, at, subject, user, entry) VALUES (?1, ?2, ?3, ?4, ?5)"

// AppendLog implements store.Writer.
func (t *tx) AppendLog(ctx context.Context, r store.LogRow) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s, err := t.stream()
	if err != nil {
		return err
	}
	st, err := t.write(insertLogSQL)
	if err != nil {
		return err
	}
	s.logs++
	st.BindInt64(1, streamID(t.tenant, s.logs))
	st.BindInt64(2, r.Time.UnixMilli())
	st.BindInt64(3, r.Subject)
	if r.UserID == "" {
		st.BindNull(4)
	} else {
		bindID(st, 4, r.UserID)
	}
	st.BindTextBytes(5, r.Entry)
	return t.failed(st.Exec())
}

const (
	logWhere = ` FROM log WHERE id > ?1 AND id < ?2 AND at >= ?3
		AND (?4 = 0 OR user = ?5 OR (subject = ?6 AND subject <> 0)) ORDER BY id`
	oldestLogSQL = "SELECT id, at, subject, user, entry" + logWhere + " LIMIT ?7"
	newestLogSQL = "SELECT id, at, subject, user, entry" + logWhere + " DESC LIMIT ?7"
)

// QueryLog implements store.Store. It reads the rows of the tenant one by one: their number is bounded, and an index for
// each of them would cost every change.
func (s *Store) QueryLog(ctx context.Context, tenant string, q store.LogQuery) (rows []store.LogRow, err error) {
	sql := oldestLogSQL
	if q.Newest {
		sql = newestLogSQL
	}
	err = s.read(ctx, tenant, func(v *snapshot) error {
		st, err := v.prepare(sql)
		if err != nil {
			return err
		}
		defer st.Reset()
		st.BindInt64(1, streamID(v.tenant, q.After))
		st.BindInt64(2, streamID(v.tenant+1, 0))
		st.BindInt64(3, sinceMS(q.Since))
		st.BindBool(4, q.UserID != "" || q.Subject != 0)
		bindID(st, 5, q.UserID)
		st.BindInt64(6, q.Subject)
		st.BindInt64(7, int64(q.Limit))
		return v.each(ctx, st, func() error {
			rows = append(rows, store.LogRow{
				Sequence: sequenceOf(st.Int64(0)), Time: timeOf(st.Int64(1)), Subject: st.Int64(2), UserID: idAt(st, 3), Entry: st.Bytes(4),
			})
			return nil
		})
	})
	if q.Newest {
		slices.Reverse(rows)
	}
	return rows, err
}

// sinceMS is 0 for the zero time, whose milliseconds are far below.
func sinceMS(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

const (
	oldestLogsSQL = "SELECT id, at FROM log WHERE id > ?1 AND id < ?2 ORDER BY id LIMIT ?3"
	pruneLogSQL   = "DELETE FROM log WHERE id > ?1 AND id <= ?2"
)

// PruneLog implements store.Store.
func (s *Store) PruneLog(ctx context.Context, tenant string, before time.Time, keep int64, limit int) (n int64, err error) {
	err = s.change(ctx, tenant, func(t *tx) error {
		n = 0
		if t.tenant == 0 {
			return nil
		}
		stream, err := t.stream()
		if err != nil {
			return err
		}
		st, err := t.prepare(oldestLogsSQL)
		if err != nil {
			return err
		}
		var last int64
		err = t.scanIDs(ctx, st, 0, limit, func() bool {
			sequence := sequenceOf(st.Int64(0))
			if st.Int64(1) >= before.UnixMilli() && sequence > stream.logs-keep {
				return false
			}
			n++
			last = sequence
			return true
		})
		if err != nil || n == 0 {
			return err
		}
		return t.writeInts(pruneLogSQL, streamID(t.tenant, 0), streamID(t.tenant, last))
	})
	return n, err
}

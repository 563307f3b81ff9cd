package postgres

import (
	"context"
	"crypto/rand"

	"github.com/jackc/pgx/v5"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// sweepRows is how many rows are deleted in one transaction.
const sweepRows = 1000

const (
	addPurgeSQL     = "INSERT INTO purge (tenant, uid) SELECT key, $2 FROM tenant WHERE id = $1 ON CONFLICT DO NOTHING"
	dropClaimsSQL   = "DELETE FROM claim WHERE tenant IN (SELECT key FROM tenant WHERE id = $1)"
	dropBucketsSQL  = "DELETE FROM bucket WHERE tenant IN (SELECT key FROM tenant WHERE id = $1)"
	detachTenantSQL = "UPDATE tenant SET key = NULL WHERE id = $1"
)

// Purge implements store.Store. The tenant loses its key at once, and with it all data for everybody who looks; then the rows go. They
// also go when the purge of another tenant finds them left over.
func (s *Store) Purge(ctx context.Context, tenant, uid string) error {
	err := s.update(ctx, tenant, purging, func(t *tx) error {
		var added int64
		t.b.alone = true // who comes after is to find no tenant
		if err := t.change(ctx, addPurgeSQL, &added, text(uid)); err != nil || added == 0 {
			return err
		}
		t.write(dropClaimsSQL)
		t.write(dropBucketsSQL)
		t.write(detachTenantSQL)
		return nil
	})
	for more := err == nil; more && err == nil; {
		if err = ctx.Err(); err == nil {
			more, err = s.sweep(ctx)
		}
	}
	return err
}

// detachedSQL locks a tenant without a key, unless another process does, and sweeps it.
const detachedSQL = "SELECT id FROM tenant WHERE key IS NULL LIMIT 1 FOR UPDATE SKIP LOCKED"

// sweepSQL delete some rows each of what a tenant has.
var sweepSQL = []string{
	"DELETE FROM lookup WHERE tenant = $1 AND (attr, value, resource) IN (SELECT attr, value, resource FROM lookup WHERE tenant = $1 LIMIT $2)",
	"DELETE FROM membership WHERE tenant = $1 AND (grp, pos) IN (SELECT grp, pos FROM membership WHERE tenant = $1 LIMIT $2)",
	"DELETE FROM password WHERE tenant = $1 AND resource IN (SELECT resource FROM password WHERE tenant = $1 LIMIT $2)",
	"DELETE FROM resource WHERE tenant = $1 AND seq IN (SELECT seq FROM resource WHERE tenant = $1 LIMIT $2)",
	"DELETE FROM block WHERE tenant = $1 AND (kind, number) IN (SELECT kind, number FROM block WHERE tenant = $1 LIMIT $2)",
	"DELETE FROM event WHERE tenant = $1 AND sequence IN (SELECT sequence FROM event WHERE tenant = $1 LIMIT $2)",
	"DELETE FROM log WHERE tenant = $1 AND sequence IN (SELECT sequence FROM log WHERE tenant = $1 LIMIT $2)",
	"DELETE FROM member_key WHERE tenant = $1 AND (field, value, member) IN (SELECT field, value, member FROM member_key WHERE tenant = $1 LIMIT $2)",
	"DELETE FROM member WHERE tenant = $1 AND id IN (SELECT id FROM member WHERE tenant = $1 LIMIT $2)",
	"DELETE FROM hold WHERE tenant = $1 AND (member, name) IN (SELECT member, name FROM hold WHERE tenant = $1 LIMIT $2)",
	"DELETE FROM work WHERE tenant = $1 AND usr IN (SELECT usr FROM work WHERE tenant = $1 LIMIT $2)",
	"DELETE FROM intent WHERE tenant = $1 AND id IN (SELECT id FROM intent WHERE tenant = $1 LIMIT $2)",
	"DELETE FROM offboarding WHERE tenant = $1 AND at IN (SELECT at FROM offboarding WHERE tenant = $1 LIMIT $2)",
	"DELETE FROM state WHERE tenant = $1 AND name IN (SELECT name FROM state WHERE tenant = $1 LIMIT $2)",
	"DELETE FROM tenant WHERE id = $1 AND $2 > 0",
}

// sweep deletes some rows of a tenant without a key. It tells whether there was one.
func (s *Store) sweep(ctx context.Context) (more bool, err error) {
	err = s.onConn(ctx, func(conn *pgx.Conn) error {
		return pgx.BeginFunc(ctx, conn, func(db pgx.Tx) error {
			more = false
			var id int64
			err := db.QueryRow(ctx, detachedSQL).Scan(&id)
			if err == pgx.ErrNoRows { //nolint:errorlint // as Scan returns it
				return nil
			}
			more = true
			for left := int64(sweepRows); err == nil && left > 0; {
				left, err = sweepSome(ctx, db, id, left)
			}
			return err
		})
	})
	return more, err
}

// sweepSome deletes rows of the first table that has any, and returns how many are still to be deleted.
func sweepSome(ctx context.Context, db pgx.Tx, id, left int64) (int64, error) {
	for i, sql := range sweepSQL {
		tag, err := db.Exec(ctx, sql, id, left)
		if err != nil {
			return 0, err
		}
		if n := tag.RowsAffected(); n > 0 && i < len(sweepSQL)-1 {
			return left - n, nil
		}
	}
	return 0, nil
}

const (
	secretSQL    = "SELECT value FROM secret WHERE name = $1"
	addSecretSQL = "INSERT INTO secret (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING"
)

// Secret implements store.Store.
func (s *Store) Secret(ctx context.Context, name string) (value []byte, err error) {
	look := ask{sql: secretSQL, args: []any{name}, scan: func(rows pgx.Rows) error { return rows.Scan(&value) }}
	if err := s.single(ctx, look); err != nil || value != nil {
		return value, err
	}
	made := make([]byte, store.SecretSize)
	_, _ = rand.Read(made) // it never fails
	if err := s.single(ctx, ask{sql: addSecretSQL, args: []any{name, made}}); err != nil {
		return nil, err
	}
	err = s.single(ctx, look)
	return value, err
}

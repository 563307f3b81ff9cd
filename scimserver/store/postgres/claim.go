package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// Shared implements store.Store.
func (s *Store) Shared() bool { return true }

// The clock of the database, which all processes have in common.
const (
	nowMillis = "ceil(extract(epoch FROM clock_timestamp()) * 1000)::bigint"
	nowMicros = "(extract(epoch FROM now()) * 1000000)::bigint"
)

const (
	takeClaimSQL = `INSERT INTO claim (tenant, work, holder, until) VALUES ($1, $2, $3, ` + nowMillis + ` + $4)
		ON CONFLICT (tenant, work) DO UPDATE SET holder = excluded.holder, until = excluded.until
		WHERE claim.holder = excluded.holder OR claim.until <= ` + nowMillis
	releaseClaimSQL = "DELETE FROM claim WHERE tenant = $1 AND work = $2 AND holder = $3"
)

// Claim implements store.Store.
func (s *Store) Claim(ctx context.Context, tenant, work, holder string, ttl time.Duration) (bool, error) {
	var taken int64
	err := s.single(ctx, ask{sql: takeClaimSQL, args: []any{text(tenant), text(work), text(holder), ttl.Milliseconds()}, rows: &taken})
	return err == nil && taken > 0, err
}

// Release implements store.Store.
func (s *Store) Release(ctx context.Context, tenant, work, holder string) error {
	return s.single(ctx, ask{sql: releaseClaimSQL, args: []any{text(tenant), text(work), text(holder)}})
}

// The bucket as it is now, and what can be taken from it.
const (
	fullBucket = "least($4::double precision, bucket.tokens + $3 * greatest(0, " + nowMicros + " - bucket.at) / 1000000.0)"
	grantSQL   = `INSERT INTO bucket (tenant, name, tokens, at, granted) VALUES ($1, $2, $4::bigint - least($4::bigint, $5::bigint), ` + nowMicros + `, least($4::bigint, $5::bigint))
		ON CONFLICT (tenant, name) DO UPDATE SET at = greatest(bucket.at, ` + nowMicros + `),
			granted = least($5::bigint, floor(` + fullBucket + `)::bigint),
			tokens = ` + fullBucket + ` - least($5::bigint, floor(` + fullBucket + `)::bigint)
		RETURNING granted`
	// looselySQL spares the disk's sync: what a crash forgets are a few tokens.
	looselySQL = "SET LOCAL synchronous_commit = off"
)

// Grant implements store.Store.
func (s *Store) Grant(ctx context.Context, tenant, bucket string, rate, burst, want int) (granted int, err error) {
	take := ask{
		sql: grantSQL, args: []any{text(tenant), text(bucket), float64(rate), float64(burst), max(want, 0)},
		scan: func(rows pgx.Rows) error { return rows.Scan(&granted) },
	}
	err = s.onConn(ctx, func(conn *pgx.Conn) error {
		return send(ctx, conn, []ask{{sql: "BEGIN"}, {sql: looselySQL}}, take, ask{sql: "COMMIT"})
	})
	if err != nil {
		return 0, err
	}
	return granted, nil
}

const headsSQL = "SELECT key, last, logs FROM tenant WHERE key = ANY ($1::text[]) AND (last > 0 OR logs > 0)"

// Heads implements store.Store.
func (s *Store) Heads(ctx context.Context, tenants []string) (map[string]store.Head, error) {
	heads := map[string]store.Head{}
	err := s.single(ctx, ask{sql: headsSQL, args: []any{texts(tenants)}, scan: func(rows pgx.Rows) error {
		var key string
		var h store.Head
		err := rows.Scan(&key, &h.Event, &h.Log)
		heads[key] = h
		return err
	}})
	return heads, err
}

// dueTenantsSQL goes from one tenant to the next in the index, however many events each has.
const dueTenantsSQL = `WITH RECURSIVE waiting (tenant, due) AS (
		(SELECT tenant, due FROM event WHERE due IS NOT NULL ORDER BY tenant, due LIMIT 1)
		UNION ALL
		SELECT x.tenant, x.due FROM waiting w CROSS JOIN LATERAL (
			SELECT e.tenant, e.due FROM event e WHERE e.due IS NOT NULL AND e.tenant > w.tenant ORDER BY e.tenant, e.due LIMIT 1) x)
	SELECT n.key FROM waiting w JOIN tenant n ON n.id = w.tenant WHERE w.due <= $1 AND n.key IS NOT NULL ORDER BY w.due, n.key LIMIT $2`

// DueTenants implements store.Store.
func (s *Store) DueTenants(ctx context.Context, now time.Time, limit int) (keys []string, err error) {
	err = s.single(ctx, ask{sql: dueTenantsSQL, args: []any{now.UnixMilli(), limit}, scan: func(rows pgx.Rows) error {
		var key string
		err := rows.Scan(&key)
		keys = append(keys, key)
		return err
	}})
	return keys, err
}

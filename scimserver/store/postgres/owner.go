package postgres

import (
	"context"
	"slices"
	"sync"

	"github.com/jackc/pgx/v5"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// selves are whom the process acts as, by tenant.
type selves struct {
	mu sync.RWMutex
	m  map[string]string
}

func (s *selves) of(key string) string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.m[key]
}

func (s *selves) act(owner string, keys []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.m == nil {
		s.m = make(map[string]string)
	}
	for _, key := range keys {
		s.m[key] = owner
	}
}

const (
	ownersSQL     = "SELECT key, coalesce(owner, ''), coalesce(mark, '') FROM tenant WHERE key = ANY ($1::text[]) ORDER BY key"
	ownersLockSQL = ownersSQL + " FOR UPDATE"
	takeOwnersSQL = "UPDATE tenant SET owner = $1, mark = NULL WHERE key = ANY ($2::text[])"
	makeOwnedSQL  = `INSERT INTO tenant (id, key, owner, epoch, version, token, seq, users, active_users, stated_users, groups, members,
		active_members, last, pruned, pending, parked, logs)
		SELECT k.id, k.key, $1, k.epoch, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 FROM unnest($2::bigint[], $3::text[], $4::text[]) k (id, key, epoch)
		ON CONFLICT DO NOTHING`
)

func ownersInto(owners map[string]store.Ownership) func(pgx.Rows) error {
	return func(rows pgx.Rows) error {
		var key string
		var o store.Ownership
		err := rows.Scan(&key, &o.Owner, &o.Mark)
		owners[key] = o
		return err
	}
}

// Own implements store.Store.
func (s *Store) Own(ctx context.Context, owner string, tenants map[string]string) (map[string]store.Ownership, error) {
	keys := make([]string, 0, len(tenants))
	for key := range tenants {
		keys = append(keys, text(key))
	}
	slices.Sort(keys) // so that two processes lock them in the same order
	s.selves.act(owner, keys)
	owners := map[string]store.Ownership{}
	if err := s.single(ctx, ask{sql: ownersSQL, args: []any{keys}, scan: ownersInto(owners)}); err != nil {
		return nil, err
	}
	for tries := 1; len(free(owner, tenants, owners)) > 0; tries++ {
		clear(owners)
		err := s.onConn(ctx, func(conn *pgx.Conn) error { return takeOwners(ctx, conn, owner, tenants, keys, owners) })
		if err != nil && (!passes(err) || tries == maxTries) {
			return nil, err
		}
	}
	others := map[string]store.Ownership{}
	for key := range tenants {
		if o := owners[key]; o != (store.Ownership{Owner: owner}) {
			others[key] = o
		}
	}
	return others, nil
}

// free are the tenants that owner may take.
func free(owner string, tenants map[string]string, owners map[string]store.Ownership) (keys []string) {
	for key, from := range tenants {
		if owners[key].Free(owner, from) {
			keys = append(keys, key)
		}
	}
	return keys
}

// takeOwners takes all that may be taken, in one transaction, and sets owners to what is then.
func takeOwners(ctx context.Context, conn *pgx.Conn, owner string, tenants map[string]string, keys []string, owners map[string]store.Ownership) error {
	return pgx.BeginFunc(ctx, conn, func(pgx.Tx) error {
		limit := []ask{{sql: limitIdleSQL}}
		if err := send(ctx, conn, limit, ask{sql: ownersLockSQL, args: []any{keys}, scan: ownersInto(owners)}); err != nil {
			return err
		}
		var there, missing, epochs []string
		var ids []int64
		for _, key := range free(owner, tenants, owners) {
			if _, ok := owners[key]; ok {
				there = append(there, key)
				continue
			}
			row := newTenant(owner)
			missing, ids, epochs = append(missing, key), append(ids, row.id), append(epochs, row.epoch)
		}
		var made int64
		err := send(ctx, conn, []ask{{sql: takeOwnersSQL, args: []any{owner, there}}}, ask{sql: makeOwnedSQL, args: []any{owner, ids, missing, epochs}, rows: &made})
		if err != nil || made < int64(len(missing)) { // another process makes some: the next look shows whose they are
			return err
		}
		for _, key := range slices.Concat(there, missing) {
			owners[key] = store.Ownership{Owner: owner}
		}
		return nil
	})
}

// Owner implements store.Store.
func (s *Store) Owner(ctx context.Context, tenant string) (store.Ownership, error) {
	owners := map[string]store.Ownership{}
	err := s.single(ctx, ask{sql: ownersSQL, args: []any{[]string{text(tenant)}}, scan: ownersInto(owners)})
	return owners[text(tenant)], err
}

const (
	passOwnerSQL  = "UPDATE tenant SET owner = $2, mark = $3 WHERE key = $1 AND coalesce(owner, '') = $4 AND coalesce(mark, '') = $5"
	makePassedSQL = `INSERT INTO tenant (id, key, owner, mark, epoch, version, token, seq, users, active_users, stated_users, groups, members,
		active_members, last, pruned, pending, parked, logs)
		VALUES ($1, $2, $3, $4, $5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0) ON CONFLICT DO NOTHING`
)

// PassOwner implements store.Store. The row is locked by whoever writes the tenant, until the commit.
func (s *Store) PassOwner(ctx context.Context, tenant string, from, to store.Ownership) (bool, error) {
	key := text(tenant)
	var passed int64
	err := s.single(ctx, ask{
		sql: passOwnerSQL, rows: &passed, args: []any{key, optional(to.Owner), optional(to.Mark), text(from.Owner), text(from.Mark)},
	})
	if err != nil || passed > 0 || from != (store.Ownership{}) {
		return passed > 0 && err == nil, err
	}
	row := newTenant("")
	err = s.single(ctx, ask{sql: makePassedSQL, rows: &passed, args: []any{row.id, key, optional(to.Owner), optional(to.Mark), row.epoch}})
	return passed > 0 && err == nil, err
}

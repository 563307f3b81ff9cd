package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// table is how rows of a kind are read: a statement for all of them, the conditions for some by their keys, and the order.
type table struct {
	sql, some, order string
	numbers          bool // keys are numbers
	scan             func(rows pgx.Rows) (store.Row, error)
}

var tables = map[string]table{
	store.RowResource: {
		sql: `SELECT r.id, ` + typeColumn + `, r.version, r.created, r.modified, r.active, coalesce(r.name, ''), r.name_unique IS NOT NULL,
			coalesce(r.display, ''), coalesce(r.external, ''), r.keys, coalesce(p.hash, ''), r.doc
			FROM resource r LEFT JOIN password p ON p.tenant = r.tenant AND p.resource = r.seq WHERE r.tenant = ` + own,
		some: "r.id = ANY ($2::text[])", order: "r.seq", scan: dumpResource,
	},
	store.RowMembership: {
		sql: `SELECT g.id, x.id FROM membership m JOIN resource g ON g.tenant = m.tenant AND g.seq = m.grp
			JOIN resource x ON x.tenant = m.tenant AND x.seq = m.member WHERE m.tenant = ` + own,
		some: "g.id = ANY ($2::text[])", order: "m.grp, m.pos", scan: dumpMembership,
	},
	store.RowMember: {
		sql: "SELECT " + memberColumns + ", keys FROM member WHERE tenant = " + own, some: "id = ANY ($2::text[])", order: "id", scan: dumpMember,
	},
	store.RowEvent: {
		sql:     "SELECT " + eventColumns + ", coalesce(e.next, 0) FROM event e JOIN tenant n ON n.id = e.tenant WHERE e.tenant = " + own,
		numbers: true, some: "e.sequence = ANY ($2::bigint[])", order: "e.sequence", scan: dumpEvent,
	},
	store.RowLog: {
		sql:     "SELECT sequence, at, subject, coalesce(usr, ''), entry FROM log WHERE tenant = " + own,
		numbers: true, some: "sequence = ANY ($2::bigint[])", order: "sequence", scan: dumpLog,
	},
	store.RowIntent: {
		sql: "SELECT id, member, usr, created, seq, body FROM intent WHERE tenant = " + own, some: "id = ANY ($2::text[])", order: "id", scan: dumpIntent,
	},
	store.RowWork: {sql: "SELECT usr FROM work WHERE tenant = " + own, some: "usr = ANY ($2::text[])", order: "usr", scan: dumpWork},
	store.RowOffboarding: {
		sql: "SELECT at, total FROM offboarding WHERE tenant = " + own, numbers: true, some: "at = ANY ($2::bigint[])", order: "at", scan: dumpOffboarding,
	},
	store.RowState: {sql: "SELECT name, value FROM state WHERE tenant = " + own, some: "name = ANY ($2::text[])", order: "name", scan: dumpState},
	store.RowStream: {
		sql:  "SELECT epoch, last, pruned, logs FROM tenant WHERE key = $1 AND (last > 0 OR pruned > 0 OR logs > 0)",
		some: "cardinality($2::text[]) > 0", order: "id", scan: dumpStream,
	},
	store.RowPurge: {sql: "SELECT uid FROM purge WHERE tenant = $1", some: "uid = ANY ($2::text[])", order: `uid COLLATE "C"`, scan: dumpPurge},
}

// Dump implements store.Store.
func (s *Store) Dump(ctx context.Context, tenant string, yield func(store.Row) error) error {
	return s.read(ctx, tenant, func(v *view) error {
		for _, kind := range store.RowKinds {
			t := tables[kind]
			if err := v.dump(ctx, kind, t.sql+" ORDER BY "+t.order, nil, yield); err != nil {
				return err
			}
		}
		return nil
	})
}

// Rows implements store.Store.
func (s *Store) Rows(ctx context.Context, tenant, kind string, keys []string, yield func(store.Row) error) error {
	t, known := tables[kind]
	if !known || len(keys) == 0 {
		return nil
	}
	arg, err := t.arg(kind, keys)
	if err != nil {
		return err
	}
	return s.read(ctx, tenant, func(v *view) error {
		found := make(map[string]store.Row, len(keys))
		err := v.dump(ctx, kind, t.sql+" AND "+t.some+" ORDER BY "+t.order, []any{arg}, func(r store.Row) error {
			found[r.Key] = r
			return nil
		})
		if err != nil {
			return err
		}
		for _, key := range keys {
			if r, ok := found[key]; ok {
				if err := yield(r); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// arg is the list of keys as the statement has it.
func (t table) arg(kind string, keys []string) (any, error) {
	if !t.numbers {
		return texts(keys), nil
	}
	numbers := make([]int64, len(keys))
	for i, key := range keys {
		n, err := (store.RowKey{Kind: kind, Key: key}).Number()
		if err != nil {
			return nil, err
		}
		numbers[i] = n
	}
	return numbers, nil
}

// dump yields the rows of a kind. Those of memberships become one for each group.
func (v *view) dump(ctx context.Context, kind, sql string, args []any, yield func(store.Row) error) error {
	holds := map[string][]store.Hold{}
	if kind == store.RowMember {
		all, err := v.Holds(ctx, "")
		if err != nil {
			return err
		}
		for _, h := range all {
			holds[h.MemberID] = append(holds[h.MemberID], h)
		}
	}
	var group store.Row
	give := func(r store.Row) error {
		if err := yield(r); err != nil {
			return callerError{err}
		}
		return ctx.Err()
	}
	err := v.query(ctx, sql, func(rows pgx.Rows) error {
		r, err := tables[kind].scan(rows)
		switch {
		case err != nil:
			return err
		case kind == store.RowMember:
			m, _ := r.MemberRecord()
			keys := r.Member.Keys
			r = store.MemberRowOf(m, holds[m.ID])
			r.Member.Keys = keys
		case kind == store.RowMembership:
			if group.Key == r.Key {
				group.Members = append(group.Members, r.Members...)
				return nil
			}
			r, group = group, r
			if r.Key == "" {
				return nil
			}
		}
		return give(r)
	}, args...)
	if err == nil && group.Key != "" {
		return yield(group)
	}
	return err
}

// rowVals are the pairs of a column keys.
func rowVals(typ string, keys []string) []store.RowVal {
	var list []store.Key
	for i := 0; i < len(keys); i += 2 {
		list = append(list, store.Key{Path: keys[i][len(typ)+1:], Value: keys[i+1]})
	}
	return store.RowVals(list)
}

func rowKey(kind, key string) store.RowKey { return store.RowKey{Kind: kind, Key: key} }

func dumpResource(rows pgx.Rows) (store.Row, error) {
	r, x := store.Row{RowKey: rowKey(store.RowResource, "")}, &store.ResourceRow{}
	var keys []string
	err := rows.Scan(&r.Key, &x.Type, &x.Version, &x.Created, &x.Modified, &x.Active, &x.Name, &x.NameUnique, &x.Display, &x.ExternalID,
		&keys, &x.Password, &x.Doc)
	x.Keys = rowVals(x.Type, keys)
	r.Resource = x
	return r, err
}

func dumpMembership(rows pgx.Rows) (store.Row, error) {
	r := store.Row{RowKey: rowKey(store.RowMembership, ""), Members: make([]string, 1)}
	return r, rows.Scan(&r.Key, &r.Members[0])
}

func dumpMember(rows pgx.Rows) (store.Row, error) {
	var keys []string
	m, err := scanMember(rows, &keys)
	r := store.MemberRowOf(m, nil)
	r.Member.Keys = rowVals(memberType, keys)
	return r, err
}

func dumpEvent(rows pgx.Rows) (store.Row, error) {
	var next int64
	e, err := scanEvent(rows, &next)
	return store.EventRowOf(e, next), err
}

func dumpLog(rows pgx.Rows) (store.Row, error) {
	r, err := scanLog(rows)
	return store.LogRowOf(r), err
}

func dumpIntent(rows pgx.Rows) (store.Row, error) {
	i, err := scanIntent(rows)
	return store.IntentRowOf(i), err
}

func dumpWork(rows pgx.Rows) (store.Row, error) {
	r := store.Row{RowKey: rowKey(store.RowWork, "")}
	err := rows.Scan(&r.Key)
	return r, err
}

func dumpOffboarding(rows pgx.Rows) (store.Row, error) {
	var at int64
	x := &store.OffboardingRow{}
	err := rows.Scan(&at, &x.Total)
	return store.Row{RowKey: rowKey(store.RowOffboarding, store.RowNumber(at)), Offboarding: x}, err
}

func dumpState(rows pgx.Rows) (store.Row, error) {
	r := store.Row{RowKey: rowKey(store.RowState, ""), State: &store.StateRow{}}
	err := rows.Scan(&r.Key, &r.State.Value)
	return r, err
}

func dumpStream(rows pgx.Rows) (store.Row, error) {
	x := &store.StreamRow{}
	err := rows.Scan(&x.Epoch, &x.Last, &x.Pruned, &x.Logs)
	return store.Row{RowKey: rowKey(store.RowStream, store.StreamKey), Stream: x}, err
}

func dumpPurge(rows pgx.Rows) (store.Row, error) {
	r := store.Row{RowKey: rowKey(store.RowPurge, "")}
	err := rows.Scan(&r.Key)
	return r, err
}

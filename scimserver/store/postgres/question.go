package postgres

import (
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// What is read for several transactions is one statement of each kind. The planner does not see how long its arrays are, so that it
// need not plan the statement each time, and has no choice but to look each of them up by an index.
const (
	rowsSQL = `SELECT q.* FROM (SELECT $2::text[] AS ids, $3::smallint[] AS kinds OFFSET 0) a, unnest(a.ids, a.kinds) k (id, kind),
	LATERAL (` + rowOfSQL + ` AND r.id = k.id AND r.kind = k.kind LIMIT 1) q`
	freeNamesSQL = `SELECT k.n FROM (SELECT $2::text[] AS ids, $3::smallint[] AS kinds, $4::text[] AS names OFFSET 0) a,
	unnest(a.ids, a.kinds, a.names) WITH ORDINALITY k (id, kind, name, n)
	WHERE (SELECT o.seq FROM resource o WHERE o.tenant = ` + own + ` AND o.id = k.id LIMIT 1) IS NULL
	AND (SELECT o.seq FROM resource o WHERE o.tenant = ` + own + ` AND o.kind = k.kind AND o.name = k.name AND o.name_unique = 1 LIMIT 1) IS NULL`
	candidatesSQL = `SELECT q.* FROM (SELECT $3::text[] AS ids OFFSET 0) a, unnest(a.ids) k (id), LATERAL (` + resolveSQL + `k.id LIMIT 1) q`
)

// question is what is to be read ahead in one round trip.
type question struct {
	reader
	into    *readAhead
	rows    []resourceKey
	news    []newKey
	members map[string][]string // by group
}

// row asks for the row of a resource that is there.
func (q *question) row(a *store.Ahead) {
	key := resourceKey{kindOf(a.Type), text(a.ID)}
	if _, known := q.into.rows[key]; !a.Insert && !known && !slices.Contains(q.rows, key) {
		q.rows = append(q.rows, key)
	}
}

// more asks for what else a transaction reads.
func (q *question) more(a *store.Ahead) {
	id := text(a.ID)
	if a.Insert {
		q.news = append(q.news, newKey{resourceKey{kindOf(a.Type), id}, text(a.Name)})
	}
	if n := len(a.Members); n == 0 || n > maxAhead {
		return
	}
	if q.members == nil {
		q.members = make(map[string][]string)
	}
	q.members[id] = append(q.members[id], texts(a.Members)...)
}

func (q *question) asks() (asks []ask) {
	if len(q.rows) > 0 {
		asks = append(asks, q.rowsAsk())
	}
	if len(q.news) > 0 {
		asks = append(asks, q.freeAsk())
	}
	for id, members := range q.members {
		asks = append(asks, q.memberAsks(id, members)...)
	}
	return asks
}

func (q *question) rowsAsk() ask {
	if q.into.rows == nil {
		q.into.rows = make(map[resourceKey]rowRead)
	}
	scan := func(rows pgx.Rows) error {
		var read rowRead
		err := rows.Scan(read.places()...)
		q.into.rows[resourceKey{int16(read.w.seq >> kindShift), read.w.record.ID}] = read
		return err
	}
	if len(q.rows) == 1 {
		return q.ask(rowSQL, scan, q.rows[0].id, q.rows[0].kind)
	}
	ids, kinds := make([]string, len(q.rows)), make([]int16, len(q.rows))
	for i, key := range q.rows {
		ids[i], kinds[i] = key.id, key.kind
	}
	return q.ask(rowsSQL, scan, ids, kinds)
}

func (q *question) freeAsk() ask {
	if q.into.free == nil {
		q.into.free = make(map[newKey]struct{})
	}
	ids, kinds, names := make([]string, len(q.news)), make([]int16, len(q.news)), make([]string, len(q.news))
	for i, key := range q.news {
		ids[i], kinds[i], names[i] = key.id, key.kind, key.name
	}
	return q.ask(freeNamesSQL, func(rows pgx.Rows) error {
		var n int64
		err := rows.Scan(&n)
		if err == nil {
			q.into.free[q.news[n-1]] = struct{}{}
		}
		return err
	}, ids, kinds, names)
}

// memberAsks ask for a group, unless it is known, and for those who are to join or to leave it.
func (q *question) memberAsks(id string, members []string) (asks []ask) {
	if q.into.groups == nil {
		q.into.groups = make(map[string]*groupRead)
	}
	if q.into.groups[id] == nil {
		asks = append(asks, q.ask(groupSQL, func(rows pgx.Rows) error {
			g := &groupRead{candidates: make(map[string]candidate)}
			q.into.groups[id] = g
			return rows.Scan(&g.seq, &g.pos)
		}, id))
	}
	return append(asks, q.ask(candidatesSQL, func(rows pgx.Rows) error {
		var member string
		var c candidate
		err := rows.Scan(&member, &c.seq, &c.member)
		if g := q.into.groups[id]; g != nil {
			g.candidates[member] = c
		}
		return err
	}, id, members))
}

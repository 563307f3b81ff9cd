package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

const groupsOfSQL = `SELECT x.id, g.id, coalesce(g.display, ''), EXISTS (SELECT 1 FROM membership p WHERE p.tenant = g.tenant AND p.member = g.seq)
	FROM resource x JOIN membership m ON m.tenant = x.tenant AND m.member = x.seq JOIN resource g ON g.tenant = m.tenant AND g.seq = m.grp
	WHERE x.tenant = ` + own + ` AND x.id = `

// GroupsOf implements store.Reader. What the statements before have found out spares most Views a further one.
func (v *reader) GroupsOf(ctx context.Context, ids []string) (map[string][]store.GroupRef, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var wanted []string
	for i, id := range ids {
		if !v.hasNoGroups(i, id) {
			wanted = append(wanted, text(id))
		}
	}
	if len(wanted) == 0 {
		return nil, nil
	}
	groups := make(map[string][]store.GroupRef)
	if v.tops == nil {
		v.tops = make(map[string]bool)
	}
	sql, list := oneOf(groupsOfSQL, "$2", wanted)
	err := v.query(ctx, sql+" ORDER BY m.grp", func(rows pgx.Rows) error {
		var member string
		var ref store.GroupRef
		var held bool
		if err := rows.Scan(&member, &ref.ID, &ref.DisplayName, &held); err != nil {
			return err
		}
		groups[member] = append(groups[member], ref)
		if !held {
			v.tops[ref.ID] = true
		}
		return nil
	}, list)
	if err != nil {
		return nil, err
	}
	return groups, nil
}

// oneOf ends a statement with a parameter that is one of the texts. PostgreSQL makes a new plan each time for a list, which takes
// longer than to look one up, and keeps that for a single text.
func oneOf(sql, parameter string, list []string) (string, any) {
	if len(list) == 1 {
		return sql + parameter + "::text", list[0]
	}
	return sql + "ANY (" + parameter + "::text[])", list
}

// hasNoGroups tells whether it is known that no group holds a resource; i is its place on the page if it is on one.
func (v *reader) hasNoGroups(i int, id string) bool {
	return i < len(v.found) && v.found[i].id == id && v.found[i].alone || v.tops[id]
}

const membersSQL = `SELECT r.id, ` + typeColumn + `, coalesce(r.display, '') FROM membership m JOIN resource r ON r.tenant = m.tenant AND r.seq = m.member
	WHERE m.tenant = ` + own + ` AND m.grp = (SELECT g.seq FROM resource g WHERE g.tenant = ` + own + ` AND g.id = $2 AND g.kind = 2)
	ORDER BY m.pos`

// Members implements store.Reader. The rows are read as they come.
func (v *reader) Members(ctx context.Context, groupID string, yield func(store.Member) error) error {
	return v.query(ctx, membersSQL, func(rows pgx.Rows) error {
		var m store.Member
		if err := rows.Scan(&m.ID, &m.Type, &m.Display); err != nil {
			return err
		}
		if err := yield(m); err != nil {
			return callerError{err}
		}
		return ctx.Err()
	}, text(groupID))
}

const membersInSQL = `SELECT r.id FROM resource r JOIN membership m ON m.tenant = r.tenant AND m.member = r.seq
	WHERE r.tenant = ` + own + ` AND m.grp = (SELECT g.seq FROM resource g WHERE g.tenant = ` + own + ` AND g.id = $2 AND g.kind = 2) AND r.id = `

// MembersIn implements store.Reader.
func (v *reader) MembersIn(ctx context.Context, groupID string, ids []string) ([]string, error) {
	is := make(map[string]bool, len(ids))
	sql, list := oneOf(membersInSQL, "$3", texts(ids))
	err := v.query(ctx, sql, func(rows pgx.Rows) error {
		var id string
		err := rows.Scan(&id)
		is[id] = true
		return err
	}, text(groupID), list)
	var in []string
	for _, id := range ids {
		if is[id] {
			in = append(in, id)
		}
	}
	return in, err
}

// texts makes every text one that PostgreSQL takes.
func texts(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = text(s)
	}
	return out
}

const passwordSQL = `SELECT p.hash FROM resource r JOIN password p ON p.tenant = r.tenant AND p.resource = r.seq
	WHERE r.tenant = ` + own + ` AND r.id = $2 AND r.kind = $3`

// Password implements store.Reader.
func (v *reader) Password(ctx context.Context, typ, id string) (hash string, err error) {
	err = v.query(ctx, passwordSQL, func(rows pgx.Rows) error { return rows.Scan(&hash) }, text(id), kindOf(typ))
	return hash, err
}

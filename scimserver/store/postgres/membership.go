package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// candidate is a resource that is to be in a group, or not.
type candidate struct {
	seq    int64
	member bool
}

const (
	groupSQL = "SELECT g.seq, coalesce((SELECT max(m.pos) FROM membership m WHERE m.tenant = g.tenant AND m.grp = g.seq), 0) " +
		"FROM resource g WHERE g.tenant = " + own + " AND g.id = $2 AND g.kind = 2"
	resolveSQL = `SELECT r.id, r.seq, EXISTS (SELECT 1 FROM membership m WHERE m.tenant = r.tenant AND m.member = r.seq
			AND m.grp = (SELECT g.seq FROM resource g WHERE g.tenant = ` + own + ` AND g.id = $2 AND g.kind = 2))
		FROM resource r WHERE r.tenant = ` + own + ` AND r.id = `
)

// resolve finds a group, the place of its last member, and resources by id.
func (t *tx) resolve(ctx context.Context, groupID string, ids []string) (group, pos int64, found map[string]candidate, err error) {
	if err := t.writable(ctx); err != nil {
		return 0, 0, nil, err
	}
	if g, found, ok := t.groupAhead(ctx, groupID, ids); ok {
		return g.seq, g.pos, found, nil
	}
	asks := []ask{t.ask(groupSQL, func(rows pgx.Rows) error { return rows.Scan(&group, &pos) }, text(groupID))}
	found = make(map[string]candidate, len(ids))
	if len(ids) > 0 {
		sql, list := oneOf(resolveSQL, "$3", texts(ids))
		asks = append(asks, t.ask(sql, func(rows pgx.Rows) error {
			var id string
			var c candidate
			err := rows.Scan(&id, &c.seq, &c.member)
			found[id] = c
			return err
		}, text(groupID), list))
	}
	if err = t.run(ctx, asks...); err == nil && group == 0 {
		err = store.ErrNotFound
	}
	return group, pos, found, err
}

// AddMembers implements store.Writer.
func (t *tx) AddMembers(ctx context.Context, groupID string, ids []string) (added int, unknown []string, err error) {
	group, pos, found, err := t.resolve(ctx, groupID, ids)
	if err != nil {
		return 0, nil, err
	}
	seqs, unknown := split(ids, found)
	return t.append(group, pos, seqs), unknown, nil
}

// split divides ids into those of no resource, each once, and the numbers of resources that are not members yet.
func split(ids []string, found map[string]candidate) (seqs []int64, unknown []string) {
	seen := make(map[string]struct{}, len(ids))
	for _, id := range ids {
		if _, again := seen[id]; again {
			continue
		}
		seen[id] = struct{}{}
		c, ok := found[id]
		switch {
		case !ok:
			unknown = append(unknown, id)
		case !c.member:
			seqs = append(seqs, c.seq)
		}
	}
	return seqs, unknown
}

const addMembersSQL = `INSERT INTO membership (tenant, grp, pos, member)
	SELECT $1, $2, $3 + k.n, k.member FROM unnest($4::bigint[]) WITH ORDINALITY k (member, n)`

// append adds resources behind the last member.
func (t *tx) append(group, pos int64, seqs []int64) int {
	t.recent.alone = false
	if len(seqs) > 0 {
		t.b.ahead.moved(group, seqs, true)
		t.write(addMembersSQL, group, pos, seqs)
	}
	return len(seqs)
}

// RemoveMembers implements store.Writer.
func (t *tx) RemoveMembers(ctx context.Context, groupID string, ids []string) (removed int, err error) {
	group, _, found, err := t.resolve(ctx, groupID, ids)
	if err != nil {
		return 0, err
	}
	var seqs []int64
	for _, c := range found {
		if c.member {
			seqs = append(seqs, c.seq)
		}
	}
	return t.remove(group, seqs), nil
}

const removeMembersSQL = "DELETE FROM membership WHERE tenant = $1 AND grp = $2 AND member = ANY ($3::bigint[])"

func (t *tx) remove(group int64, seqs []int64) int {
	if len(seqs) > 0 {
		t.b.ahead.moved(group, seqs, false)
		t.write(removeMembersSQL, group, seqs)
	}
	return len(seqs)
}

// ReplaceMembers implements store.Writer.
func (t *tx) ReplaceMembers(ctx context.Context, groupID string, ids []string) (added, removed int, unknown []string, err error) {
	group, pos, found, err := t.resolve(ctx, groupID, ids)
	if err != nil {
		return 0, 0, nil, err
	}
	gone, err := t.membersBut(ctx, group, found)
	if err != nil {
		return 0, 0, nil, err
	}
	seqs, unknown := split(ids, found)
	return t.append(group, pos, seqs), t.remove(group, gone), unknown, nil
}

const memberSeqsSQL = "SELECT member FROM membership WHERE tenant = " + own + " AND grp = $2"

// membersBut returns the members that are not among the resources to keep.
func (t *tx) membersBut(ctx context.Context, group int64, keep map[string]candidate) (others []int64, err error) {
	kept := make(map[int64]struct{}, len(keep))
	for _, c := range keep {
		kept[c.seq] = struct{}{}
	}
	err = t.query(ctx, memberSeqsSQL, func(rows pgx.Rows) error {
		var seq int64
		err := rows.Scan(&seq)
		if _, ok := kept[seq]; !ok {
			others = append(others, seq)
		}
		return err
	}, group)
	return others, err
}

// ClearMembers implements store.Writer.
func (t *tx) ClearMembers(ctx context.Context, groupID string) (removed int, err error) {
	group, _, _, err := t.resolve(ctx, groupID, nil)
	if err != nil {
		return 0, err
	}
	var n int64
	err = t.change(ctx, clearGroupSQL, &n, group)
	return int(n), err
}

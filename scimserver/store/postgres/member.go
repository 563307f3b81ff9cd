package postgres

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

const memberColumns = "id, coalesce(usr, ''), active, role, sequence, created, modified, name, coalesce(external, ''), pending, in_groups, fields"

func scanMember(rows pgx.Rows, more ...any) (m store.MemberRecord, err error) {
	var created, modified int64
	err = rows.Scan(append([]any{&m.ID, &m.UserID, &m.Active, &m.Role, &m.Sequence, &created, &modified, &m.UserName, &m.ExternalID,
		&m.Pending, &m.Groups, &m.Fields}, more...)...)
	m.Created, m.Modified = timeOf(created), timeOf(modified)
	return m, err
}

const (
	memberFrom       = "SELECT " + memberColumns + " FROM member WHERE tenant = " + own
	memberSQL        = memberFrom + " AND id = $2"
	memberUserSQL    = memberFrom + " AND usr = $2"
	lostExternalSQL  = memberFrom + " AND external = $2 AND usr IS NULL ORDER BY modified DESC, id DESC LIMIT 1"
	lostNameSQL      = memberFrom + " AND lost_name = $2 AND lost_name IS NOT NULL ORDER BY modified DESC, id DESC LIMIT 1"
	memberPageSQL    = memberFrom + " AND id > $2 ORDER BY id LIMIT $3"
	memberHoldersSQL = memberFrom + " AND id IN (SELECT k.member FROM member_key k WHERE k.tenant = " + own + " AND k.field = $2 AND k.value = $3) ORDER BY id"
)

// memberList reads the members that a query finds.
func (v *reader) memberList(ctx context.Context, sql string, args ...any) (list []store.MemberRecord, err error) {
	err = v.query(ctx, sql, func(rows pgx.Rows) error {
		m, err := scanMember(rows)
		list = append(list, m)
		return err
	}, args...)
	return list, err
}

func (v *reader) oneMember(ctx context.Context, sql, value string) (store.MemberRecord, error) {
	list, err := v.memberList(ctx, sql, text(value))
	if err == nil && len(list) == 0 {
		err = store.ErrNotFound
	}
	if err != nil {
		return store.MemberRecord{}, err
	}
	return list[0], nil
}

// Member implements store.Reader.
func (v *reader) Member(ctx context.Context, id string) (store.MemberRecord, error) {
	return v.oneMember(ctx, memberSQL, id)
}

// MemberOf implements store.Reader.
func (v *reader) MemberOf(ctx context.Context, userID string) (store.MemberRecord, error) {
	return v.oneMember(ctx, memberUserSQL, userID)
}

// Unlinked implements store.Reader.
func (v *reader) Unlinked(ctx context.Context, userName, externalID string) (m store.MemberRecord, err error) {
	err = store.ErrNotFound
	if externalID != "" {
		m, err = v.oneMember(ctx, lostExternalSQL, externalID)
	}
	if name := filter.Fold(userName); err == store.ErrNotFound && name != "" { //nolint:errorlint // as oneMember returns it
		m, err = v.oneMember(ctx, lostNameSQL, name)
	}
	return m, err
}

// Holders implements store.Reader.
func (v *reader) Holders(ctx context.Context, k store.Key) ([]store.MemberRecord, error) {
	return v.memberList(ctx, memberHoldersSQL, attrName(memberType, k.Path), text(k.Value))
}

// memberType is what the fields of members are named after.
const memberType = "Member"

// MemberPage implements store.Reader.
func (v *reader) MemberPage(ctx context.Context, after string, limit int) ([]store.MemberRecord, error) {
	return v.memberList(ctx, memberPageSQL, text(after), limit)
}

// oldMember is what of a member other rows depend on.
type oldMember struct {
	known  bool
	active bool
	keys   []string
	taken  bool // another member has the user
}

// memberStateSQL also looks for another member of a user. This is safe as the tenant has no other writer.
const memberStateSQL = `SELECT coalesce(m.active, false), m.keys, m.id IS NOT NULL,
	EXISTS (SELECT 1 FROM member o WHERE o.tenant = ` + own + ` AND o.usr = $3 AND o.id <> $2)
	FROM (SELECT 1) one LEFT JOIN member m ON m.tenant = ` + own + ` AND m.id = $2`

// memberState reads what is known of a member.
func (t *tx) memberState(ctx context.Context, id, userID string) (old oldMember, err error) {
	if err := t.writable(ctx); err != nil {
		return old, err
	}
	err = t.query(ctx, memberStateSQL, func(rows pgx.Rows) error {
		return rows.Scan(&old.active, &old.keys, &old.known, &old.taken)
	}, text(id), optional(userID))
	return old, err
}

const (
	insertMemberSQL = `INSERT INTO member (tenant, id, usr, active, role, sequence, modified, name, external, lost_name, pending, in_groups, keys, fields, created)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`
	replaceMemberSQL = `UPDATE member SET usr = $3, active = $4, role = $5, sequence = $6, modified = $7, name = $8, external = $9, lost_name = $10,
		pending = $11, in_groups = $12, keys = $13, fields = $14 WHERE tenant = $1 AND id = $2`
	addMemberKeysSQL    = "INSERT INTO member_key (tenant, field, value, member) SELECT $1, k.field, k.value, $2 FROM unnest($3::text[], $4::text[]) k (field, value)"
	removeMemberKeysSQL = `DELETE FROM member_key m USING unnest($3::text[], $4::text[]) k (field, value)
		WHERE m.tenant = $1 AND m.field = k.field AND m.value = k.value AND m.member = $2`
)

// memberArgs are the parameters that both statements have.
func memberArgs(m *store.MemberRecord, keys []string) []any {
	var lost any
	if m.UserID == "" {
		lost = optional(filter.Fold(m.UserName))
	}
	return []any{text(m.ID), optional(m.UserID), m.Active, text(m.Role), m.Sequence, m.Modified.UnixMilli(), text(m.UserName),
		optional(m.ExternalID), lost, optionalBytes(m.Pending), optionalBytes(m.Groups), keys, string(m.Fields)}
}

// InsertMember implements store.Writer.
func (t *tx) InsertMember(ctx context.Context, m store.MemberRecord) error {
	old, err := t.memberState(ctx, m.ID, m.UserID)
	switch {
	case err != nil:
		return err
	case old.taken:
		return &store.UniquenessError{Attribute: "user"}
	case old.known:
		return &store.UniquenessError{Attribute: "id"}
	}
	t.insertMember(&m, pairs(memberType, m.Keys))
	return nil
}

func (t *tx) insertMember(m *store.MemberRecord, keys []string) {
	t.write(insertMemberSQL, append(memberArgs(m, keys), m.Created.UnixMilli())...)
	t.changeMemberKeys(m.ID, nil, keys)
	t.b.row.members++
	t.b.row.activeMembers += units(m.Active)
}

// ReplaceMember implements store.Writer.
func (t *tx) ReplaceMember(ctx context.Context, m store.MemberRecord) error {
	old, err := t.memberState(ctx, m.ID, m.UserID)
	switch {
	case err != nil:
		return err
	case !old.known:
		return store.ErrNotFound
	case old.taken:
		return &store.UniquenessError{Attribute: "user"}
	}
	keys := pairs(memberType, m.Keys)
	t.write(replaceMemberSQL, memberArgs(&m, keys)...)
	t.changeMemberKeys(m.ID, old.keys, keys)
	t.b.row.activeMembers += units(m.Active) - units(old.active)
	return nil
}

// changeMemberKeys replaces the keys of a member.
func (t *tx) changeMemberKeys(id string, old, keys []string) {
	if slices.Equal(old, keys) {
		return
	}
	if fields, values := without(old, keys); len(fields) > 0 {
		t.write(removeMemberKeysSQL, text(id), fields, values)
	}
	if fields, values := without(keys, old); len(fields) > 0 {
		t.write(addMemberKeysSQL, text(id), fields, values)
	}
}

const (
	deleteMemberSQL = "DELETE FROM member WHERE tenant = $1 AND id = $2"
	dropHoldsSQL    = "DELETE FROM hold WHERE tenant = $1 AND member = $2"
)

// DeleteMember implements store.Writer.
func (t *tx) DeleteMember(ctx context.Context, id string) error {
	old, err := t.memberState(ctx, id, "")
	switch {
	case err != nil:
		return err
	case !old.known:
		return store.ErrNotFound
	}
	t.removeMember(id, old.active, old.keys)
	return nil
}

func (t *tx) removeMember(id string, active bool, keys []string) {
	t.changeMemberKeys(id, keys, nil)
	t.write(dropHoldsSQL, text(id))
	t.write(deleteMemberSQL, text(id))
	t.b.row.members--
	t.b.row.activeMembers -= units(active)
}

const (
	holdColumns = "SELECT member, name, reason, created FROM hold WHERE tenant = " + own
	holdsSQL    = holdColumns + " AND member = $2 ORDER BY name"
	allHoldsSQL = holdColumns + " AND $2 = '' ORDER BY member, name"
)

// Holds implements store.Reader.
func (v *reader) Holds(ctx context.Context, memberID string) (holds []store.Hold, err error) {
	sql := holdsSQL
	if memberID == "" {
		sql = allHoldsSQL
	}
	err = v.query(ctx, sql, func(rows pgx.Rows) error {
		var h store.Hold
		var created int64
		err := rows.Scan(&h.MemberID, &h.Name, &h.Reason, &created)
		h.Created = timeOf(created)
		holds = append(holds, h)
		return err
	}, text(memberID))
	return holds, err
}

const (
	putHoldSQL = `INSERT INTO hold (tenant, member, name, reason, created) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (tenant, member, name) DO UPDATE SET reason = excluded.reason, created = excluded.created`
	deleteHoldSQL = "DELETE FROM hold WHERE tenant = $1 AND member = $2 AND name = $3"
)

// PutHold implements store.Writer.
func (t *tx) PutHold(ctx context.Context, h store.Hold) error {
	old, err := t.memberState(ctx, h.MemberID, "")
	if err == nil && !old.known {
		err = store.ErrNotFound
	}
	if err == nil {
		t.write(putHoldSQL, text(h.MemberID), text(h.Name), text(h.Reason), h.Created.UnixMilli())
	}
	return err
}

// DeleteHold implements store.Writer.
func (t *tx) DeleteHold(ctx context.Context, memberID, name string) (bool, error) {
	var n int64
	err := t.change(ctx, deleteHoldSQL, &n, text(memberID), text(name))
	return n > 0, err
}

package sqlite

import (
	"context"
	"slices"

	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/sqlite/conn"
)

const (
	insertMemberSQL = `INSERT INTO member (tenant, id, user, active, role, sequence, created, modified, name, external,
		lost_name, pending, keys, in_groups, fields)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)`
	replaceMemberSQL = `UPDATE member SET user = ?3, active = ?4, role = ?5, sequence = ?6, modified = ?8, name = ?9, external = ?10,
		lost_name = ?11, pending = ?12, keys = ?13, in_groups = ?14, fields = ?15
		WHERE tenant = ?1 AND id = ?2`
)

// InsertMember implements store.Writer.
func (t *tx) InsertMember(ctx context.Context, m store.MemberRecord) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := t.needTenant(); err != nil {
		return err
	}
	if err := t.checkLink(&m); err != nil {
		return err
	}
	keys, err := t.memberKeys(m.Keys)
	if err != nil {
		return err
	}
	if err := t.writeMember(insertMemberSQL, &m, keys); err != nil {
		return err
	}
	t.inserted = ""
	typ, err := t.symbol(memberSymbol)
	if err != nil {
		return err
	}
	t.ledger.addTally(tallyOf(t.tenant, typ, 1, m.Active))
	return t.changeMemberKeys(m.ID, nil, keys)
}

func tallyOf(tenant, typ, sign int64, active bool) tally {
	c := tally{tenant: tenant, typ: typ, total: sign}
	if active {
		c.active = sign
	}
	return c
}

func (t *tx) writeMember(sql string, m *store.MemberRecord, keys []lookupKey) error {
	st, err := t.write(sql)
	if err != nil {
		return err
	}
	if m.UserID == "" {
		t.ledger.setLinked(t.tenant, false)
	}
	st.BindInt64(1, t.tenant)
	bindID(st, 2, m.ID)
	bindMember(st, m, keys)
	if err := st.Exec(); isConstraint(err) {
		return &store.UniquenessError{Attribute: "id"}
	} else if err != nil {
		return t.failed(err)
	}
	return nil
}

// bindMember sets the parameters from 3 on.
func bindMember(st *conn.Stmt, m *store.MemberRecord, keys []lookupKey) {
	if m.UserID == "" {
		st.BindNull(3)
		bindOptional(st, 11, filter.Fold(m.UserName))
	} else {
		bindID(st, 3, m.UserID)
		st.BindNull(11)
	}
	st.BindBool(4, m.Active)
	st.BindText(5, m.Role)
	st.BindInt64(6, m.Sequence)
	st.BindInt64(7, m.Created.UnixMilli())
	st.BindInt64(8, m.Modified.UnixMilli())
	st.BindText(9, m.UserName)
	bindOptional(st, 10, m.ExternalID)
	bindBytes(st, 12, m.Pending)
	if len(keys) > 0 {
		st.BindBlob(13, encodeKeys(keys))
	} else {
		st.BindNull(13)
	}
	bindBytes(st, 14, m.Groups)
	st.BindTextBytes(15, m.Fields)
}

// bindBytes binds NULL for what is empty.
func bindBytes(st *conn.Stmt, i int, text []byte) {
	if len(text) == 0 {
		st.BindNull(i)
		return
	}
	st.BindTextBytes(i, text)
}

const (
	linkedOwnSQL   = "SELECT 1 FROM member WHERE tenant = ?1 AND id = ?2 AND user = id AND id <> ?3"
	linkedOtherSQL = "SELECT 1 FROM member WHERE tenant = ?1 AND user = ?2 AND user <> id AND id <> ?3"
)

// checkLink looks for another member of the user, unless the user has only come with this transaction. This is safe as
// there is no other writer.
func (t *tx) checkLink(m *store.MemberRecord) error {
	if m.UserID == "" || m.UserID == t.inserted {
		return nil
	}
	for _, sql := range []string{linkedOtherSQL, linkedOwnSQL} {
		if sql == linkedOwnSQL && m.ID == m.UserID {
			return nil
		}
		st, err := t.prepare(sql)
		if err != nil {
			return err
		}
		st.BindInt64(1, t.tenant)
		bindID(st, 2, m.UserID)
		bindID(st, 3, m.ID)
		switch taken, err := st.Int(); {
		case err != nil:
			return t.failed(err)
		case taken == 1:
			return &store.UniquenessError{Attribute: "user"}
		}
	}
	return nil
}

// ReplaceMember implements store.Writer.
func (t *tx) ReplaceMember(ctx context.Context, m store.MemberRecord) error {
	old, err := t.memberRow(ctx, m.ID)
	if err != nil {
		return err
	}
	if m.UserID != old.user {
		if err := t.checkLink(&m); err != nil {
			return err
		}
	}
	keys, err := t.memberKeys(m.Keys)
	if err != nil {
		return err
	}
	if err := t.writeMember(replaceMemberSQL, &m, keys); err != nil {
		return err
	}
	typ, err := t.symbol(memberSymbol)
	if err != nil {
		return err
	}
	if old.active != m.Active {
		t.ledger.addTally(tally{tenant: t.tenant, typ: typ, active: units(m.Active) - units(old.active)})
	}
	return t.changeMemberKeys(m.ID, old.keys, keys)
}

const memberRowSQL = "SELECT active, user, keys FROM member WHERE tenant = ?1 AND id = ?2"

// memberRow is what of a member other rows depend on.
type memberRow struct {
	active bool
	user   string // id, empty where it is linked to none
	keys   []lookupKey
}

func (t *tx) memberRow(ctx context.Context, id string) (m memberRow, err error) {
	st, err := t.memberQuery(ctx, memberRowSQL)
	if err != nil {
		return m, err
	}
	defer st.Reset()
	bindID(st, 2, id)
	switch row, err := st.Step(); {
	case err != nil:
		return m, t.failed(err)
	case !row:
		return m, store.ErrNotFound
	}
	m.active, m.user = st.Int64(0) != 0, idAt(st, 1)
	m.keys, err = parseKeys(st.Bytes(2))
	return m, t.failed(err)
}

const (
	deleteMemberSQL = "DELETE FROM member WHERE tenant = ?1 AND id = ?2"
	dropHoldsSQL    = "DELETE FROM hold WHERE tenant = ?1 AND member = ?2"
)

// DeleteMember implements store.Writer.
func (t *tx) DeleteMember(ctx context.Context, id string) error {
	old, err := t.memberRow(ctx, id)
	if err != nil {
		return err
	}
	if err := t.changeMemberKeys(id, old.keys, nil); err != nil {
		return err
	}
	for _, sql := range []string{deleteMemberSQL, dropHoldsSQL} {
		st, err := t.write(sql)
		if err != nil {
			return err
		}
		st.BindInt64(1, t.tenant)
		bindID(st, 2, id)
		if err := st.Exec(); err != nil {
			return t.failed(err)
		}
	}
	typ, err := t.symbol(memberSymbol)
	if err != nil {
		return err
	}
	t.ledger.addTally(tallyOf(t.tenant, typ, -1, old.active))
	return nil
}

// memberKeys gives the fields their symbols, each value once.
func (t *tx) memberKeys(list []store.Key) ([]lookupKey, error) {
	var keys []lookupKey
	for _, v := range list {
		field, err := t.symbol(attrName(memberSymbol, v.Path))
		if err != nil {
			return nil, err
		}
		if k := (lookupKey{attr: field, value: v.Value}); !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
	}
	return keys, nil
}

// changeMemberKeys replaces the keys of a member.
func (t *tx) changeMemberKeys(id string, old, keys []lookupKey) error {
	return t.changeKeys(old, keys, func(st *conn.Stmt) { bindID(st, 4, id) })
}

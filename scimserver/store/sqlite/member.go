package sqlite

import (
	"context"
	"errors"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/sqlite/conn"
)

// memberSymbol is what members are counted under.
const memberSymbol = "Member"

const memberColumns = "id, user, active, role, sequence, created, modified, name, external, pending, in_groups, fields"

func scanMember(st *conn.Stmt) store.MemberRecord {
	return store.MemberRecord{
		ID: idAt(st, 0), UserID: idAt(st, 1), Active: st.Int64(2) != 0, Role: st.Text(3), Sequence: st.Int64(4),
		Created: timeOf(st.Int64(5)), Modified: timeOf(st.Int64(6)), UserName: st.Text(7), ExternalID: st.Text(8),
		Pending: st.Bytes(9), Groups: st.Bytes(10), Fields: st.Bytes(11),
	}
}

// idAt reads an id, empty where the column is NULL.
func idAt(st *conn.Stmt, i int) string {
	if st.IsBlob(i) {
		return unpackUUID(st.Peek(i))
	}
	return st.Text(i)
}

const (
	memberSQL     = "SELECT " + memberColumns + " FROM member WHERE tenant = ?1 AND id = ?2"
	memberOwnSQL  = memberSQL + " AND user = id"
	memberUserSQL = "SELECT " + memberColumns + " FROM member WHERE tenant = ?1 AND user = ?2 AND user <> id"
)

// Member implements store.Reader.
func (v *snapshot) Member(ctx context.Context, id string) (store.MemberRecord, error) {
	return v.memberBy(ctx, memberSQL, id)
}

// MemberOf implements store.Reader.
func (v *snapshot) MemberOf(ctx context.Context, userID string) (store.MemberRecord, error) {
	m, err := v.memberBy(ctx, memberOwnSQL, userID)
	if errors.Is(err, store.ErrNotFound) {
		return v.memberBy(ctx, memberUserSQL, userID)
	}
	return m, err
}

func (v *snapshot) memberBy(ctx context.Context, sql, id string) (store.MemberRecord, error) {
	st, err := v.memberQuery(ctx, sql)
	if err != nil {
		return store.MemberRecord{}, err
	}
	defer st.Reset()
	bindID(st, 2, id)
	return v.firstMember(st)
}

// memberQuery prepares a statement whose first parameter is the tenant.
func (v *snapshot) memberQuery(ctx context.Context, sql string) (*conn.Stmt, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	st, err := v.prepare(sql)
	if err != nil {
		return nil, err
	}
	st.BindInt64(1, v.tenant)
	return st, nil
}

func (v *snapshot) firstMember(st *conn.Stmt) (store.MemberRecord, error) {
	switch row, err := st.Step(); {
	case err != nil:
		return store.MemberRecord{}, v.failed(err)
	case !row:
		return store.MemberRecord{}, store.ErrNotFound
	}
	return scanMember(st), nil
}

const (
	holdersSQL = "SELECT resource FROM lookup WHERE tenant = ?1 AND attr = ?2 AND value = ?3 ORDER BY resource"
	pageSQL    = "SELECT " + memberColumns + " FROM member WHERE tenant = ?1 AND id > ?2 ORDER BY id LIMIT ?3"
)

// Holders implements store.Reader.
func (v *snapshot) Holders(ctx context.Context, k store.Key) ([]store.MemberRecord, error) {
	st, err := v.memberQuery(ctx, holdersSQL)
	if err != nil {
		return nil, err
	}
	st.BindInt64(2, v.findSymbol(attrName(memberSymbol, k.Path)))
	st.BindText(3, k.Value)
	var ids []string
	err = v.each(ctx, st, func() error {
		ids = append(ids, idAt(st, 0))
		return nil
	})
	st.Reset()
	var members []store.MemberRecord
	for _, id := range ids {
		m, err := v.Member(ctx, id)
		if err != nil {
			return nil, err
		}
		members = append(members, m)
	}
	return members, err
}

// MemberPage implements store.Reader.
func (v *snapshot) MemberPage(ctx context.Context, after string, limit int) (page []store.MemberRecord, err error) {
	st, err := v.memberQuery(ctx, pageSQL)
	if err != nil {
		return nil, err
	}
	defer st.Reset()
	bindID(st, 2, after)
	st.BindInt64(3, int64(limit))
	err = v.each(ctx, st, func() error {
		page = append(page, scanMember(st))
		return nil
	})
	return page, err
}

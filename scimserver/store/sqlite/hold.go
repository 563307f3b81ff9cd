package sqlite

import (
	"context"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/sqlite/conn"
)

const (
	holdsSQL    = "SELECT member, name, reason, created FROM hold WHERE tenant = ?1 AND member = ?2 ORDER BY name"
	allHoldsSQL = "SELECT member, name, reason, created FROM hold WHERE tenant = ?1 ORDER BY member, name"
)

// Holds implements store.Reader.
func (v *snapshot) Holds(ctx context.Context, memberID string) (holds []store.Hold, err error) {
	sql := holdsSQL
	if memberID == "" {
		sql = allHoldsSQL
	}
	st, err := v.memberQuery(ctx, sql)
	if err != nil {
		return nil, err
	}
	defer st.Reset()
	if memberID != "" {
		bindID(st, 2, memberID)
	}
	err = v.each(ctx, st, func() error {
		holds = append(holds, store.Hold{MemberID: idAt(st, 0), Name: st.Text(1), Reason: st.Text(2), Created: timeOf(st.Int64(3))})
		return nil
	})
	return holds, err
}

const (
	putHoldSQL = `INSERT INTO hold (tenant, member, name, reason, created) VALUES (?1, ?2, ?3, ?4, ?5)
		ON CONFLICT DO UPDATE SET reason = excluded.reason, created = excluded.created`
	deleteHoldSQL = "DELETE FROM hold WHERE tenant = ?1 AND member = ?2 AND name = ?3"
)

// PutHold implements store.Writer.
func (t *tx) PutHold(ctx context.Context, h store.Hold) error {
	if _, err := t.memberRow(ctx, h.MemberID); err != nil {
		return err
	}
	st, err := t.holdStmt(putHoldSQL, h.MemberID, h.Name)
	if err != nil {
		return err
	}
	st.BindText(4, h.Reason)
	st.BindInt64(5, h.Created.UnixMilli())
	return t.failed(st.Exec())
}

// DeleteHold implements store.Writer.
func (t *tx) DeleteHold(ctx context.Context, memberID, name string) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	st, err := t.holdStmt(deleteHoldSQL, memberID, name)
	if err != nil {
		return false, err
	}
	err = t.failed(st.Exec())
	return err == nil && t.session.conn.Changes() > 0, err
}

func (t *tx) holdStmt(sql, memberID, name string) (*conn.Stmt, error) {
	st, err := t.write(sql)
	if err != nil {
		return nil, err
	}
	st.BindInt64(1, t.tenant)
	bindID(st, 2, memberID)
	st.BindText(3, name)
	return st, nil
}

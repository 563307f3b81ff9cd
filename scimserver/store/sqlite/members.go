package sqlite

import (
	"context"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/sqlite/conn"
)

const groupSeqSQL = "SELECT seq FROM resource WHERE tenant = ?1 AND id = ?2 AND type = ?3"

// groupSeq returns the number of a group, 0 if the tenant has no such one.
func (v *snapshot) groupSeq(ctx context.Context, id string) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	st, err := v.prepare(groupSeqSQL)
	if err != nil {
		return 0, err
	}
	v.bindResource(st, store.TypeGroup, id)
	seq, err := st.Int()
	return seq, v.failed(err)
}

const membersSQL = `SELECT r.id, r.type, r.display FROM membership m JOIN resource r ON r.seq = m.member
	WHERE m.grp = ?1 ORDER BY m.pos`

// Members implements store.Reader.
func (v *snapshot) Members(ctx context.Context, groupID string, yield func(store.Member) error) error {
	seq, err := v.groupSeq(ctx, groupID)
	if err != nil || seq == 0 {
		return err
	}
	st, err := v.prepare(membersSQL)
	if err != nil {
		return err
	}
	defer st.Reset()
	st.BindInt64(1, seq)
	return v.each(ctx, st, func() error {
		typ, err := v.symbolText(st.Int64(1))
		if err != nil {
			return err
		}
		return yield(store.Member{ID: firstID(st), Type: typ, Display: st.Text(2)})
	})
}

// checkEvery is how many rows pass between looks at the context.
const checkEvery = 256

// each calls f for every row of the statement.
func (v *snapshot) each(ctx context.Context, st *conn.Stmt, f func() error) error {
	for n := 0; ; n++ {
		if n%checkEvery == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if row, err := v.step(st); err != nil || !row {
			return err
		}
		if err := f(); err != nil {
			return err
		}
	}
}

const isMemberSQL = `SELECT 1 FROM resource r JOIN membership m ON m.member = r.seq
	WHERE r.tenant = ?1 AND r.id = ?2 AND m.grp = ?3`

// MembersIn implements store.Reader.
func (v *snapshot) MembersIn(ctx context.Context, groupID string, ids []string) ([]string, error) {
	seq, err := v.groupSeq(ctx, groupID)
	if err != nil || seq == 0 {
		return nil, err
	}
	st, err := v.prepare(isMemberSQL)
	if err != nil {
		return nil, err
	}
	var found []string
	for i, id := range ids {
		if i%checkEvery == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		st.BindInt64(1, v.tenant)
		bindID(st, 2, id)
		st.BindInt64(3, seq)
		switch is, err := st.Int(); {
		case err != nil:
			return nil, v.failed(err)
		case is == 1:
			found = append(found, id)
		}
	}
	return found, nil
}

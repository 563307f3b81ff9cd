package sqlite

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/sqlite/conn"
)

const usersAfterSQL = "SELECT " + recordColumns + ` FROM resource r INDEXED BY resource_order
	WHERE r.tenant = ?1 AND r.type = ?2 AND r.seq > ?3 ORDER BY r.seq LIMIT ?4`

// UsersAfter implements store.Reader. A position is a seq.
func (v *snapshot) UsersAfter(ctx context.Context, position string, limit int) (users []store.Record, last string, err error) {
	var after int64
	if position != "" {
		if after, err = strconv.ParseInt(position, 10, 64); err != nil {
			return nil, "", fmt.Errorf("position of a user: %w", err)
		}
	}
	st, err := v.memberQuery(ctx, usersAfterSQL)
	if err != nil {
		return nil, "", err
	}
	defer st.Reset()
	st.BindInt64(2, v.findSymbol(store.TypeUser))
	st.BindInt64(3, after)
	st.BindInt64(4, int64(limit))
	err = v.each(ctx, st, func() error {
		var r store.Record
		scanRecord(st, &r, store.TypeUser)
		users, after = append(users, r), st.Int64(6)
		return nil
	})
	return users, strconv.FormatInt(after, 10), err
}

const workSQL = "SELECT user FROM work WHERE tenant = ?1 LIMIT ?2"

// Work implements store.Reader.
func (v *snapshot) Work(ctx context.Context, limit int) (ids []string, err error) {
	st, err := v.memberQuery(ctx, workSQL)
	if err != nil {
		return nil, err
	}
	defer st.Reset()
	st.BindInt64(2, int64(limit))
	err = v.each(ctx, st, func() error {
		ids = append(ids, idAt(st, 0))
		return nil
	})
	return ids, err
}

const intentsSQL = "SELECT id, member, user, created, seq, body FROM intent WHERE tenant = ?1 ORDER BY created, id"

// Intents implements store.Reader.
func (v *snapshot) Intents(ctx context.Context) (list []store.Intent, err error) {
	st, err := v.memberQuery(ctx, intentsSQL)
	if err != nil {
		return nil, err
	}
	defer st.Reset()
	err = v.each(ctx, st, func() error {
		list = append(list, store.Intent{
			ID: st.Text(0), MemberID: st.Text(1), UserID: st.Text(2), Created: timeOf(st.Int64(3)), Sequence: st.Int64(4), Body: st.Bytes(5),
		})
		return nil
	})
	return list, err
}

const offboardingsSQL = "SELECT total(total) FROM offboarding WHERE tenant = ?1 AND at >= ?2"

// Offboardings implements store.Reader.
func (v *snapshot) Offboardings(ctx context.Context, since time.Time) (int64, error) {
	st, err := v.memberQuery(ctx, offboardingsSQL)
	if err != nil {
		return 0, err
	}
	st.BindInt64(2, sinceMS(since))
	n, err := st.Int()
	return n, v.failed(err)
}

const stateSQL = "SELECT value FROM state WHERE tenant = ?1 AND name = ?2"

// State implements store.Reader.
func (v *snapshot) State(ctx context.Context, name string) ([]byte, error) {
	st, err := v.memberQuery(ctx, stateSQL)
	if err != nil {
		return nil, err
	}
	defer st.Reset()
	st.BindText(2, name)
	row, err := st.Step()
	if err != nil || !row {
		return nil, v.failed(err)
	}
	return st.Bytes(0), nil
}

const (
	addWorkSQL    = "INSERT INTO work (tenant, user) VALUES (?1, ?2) ON CONFLICT DO NOTHING"
	removeWorkSQL = "DELETE FROM work WHERE tenant = ?1 AND user = ?2"
	workBelowSQL  = `WITH RECURSIVE below (seq) AS (
			SELECT member FROM membership WHERE grp = ?2
			UNION
			SELECT m.member FROM below b JOIN membership m ON m.grp = b.seq)
		INSERT INTO work (tenant, user) SELECT ?1, r.id FROM below b JOIN resource r ON r.seq = b.seq WHERE r.type = ?3
		ON CONFLICT DO NOTHING`
)

// AddWork implements store.Writer.
func (t *tx) AddWork(ctx context.Context, userIDs []string) error {
	return t.eachWork(ctx, addWorkSQL, userIDs)
}

// RemoveWork implements store.Writer.
func (t *tx) RemoveWork(ctx context.Context, userIDs []string) error {
	return t.eachWork(ctx, removeWorkSQL, userIDs)
}

func (t *tx) eachWork(ctx context.Context, sql string, userIDs []string) error {
	if err := t.needTenant(); err != nil {
		return err
	}
	for i, id := range userIDs {
		if i%checkEvery == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
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
	return nil
}

// AddWorkBelow implements store.Writer.
func (t *tx) AddWorkBelow(ctx context.Context, groupID string) error {
	group, err := t.groupSeq(ctx, groupID)
	if err != nil || group == 0 {
		return err
	}
	return t.writeInts(workBelowSQL, t.tenant, group, t.findSymbol(store.TypeUser))
}

const (
	putIntentSQL    = "INSERT OR REPLACE INTO intent (tenant, id, member, user, created, seq, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
	deleteIntentSQL = "DELETE FROM intent WHERE tenant = ?1 AND id = ?2"
)

// PutIntent implements store.Writer.
func (t *tx) PutIntent(ctx context.Context, i store.Intent) error {
	st, err := t.ownWrite(ctx, putIntentSQL)
	if err != nil {
		return err
	}
	st.BindText(2, i.ID)
	st.BindText(3, i.MemberID)
	st.BindText(4, i.UserID)
	st.BindInt64(5, i.Created.UnixMilli())
	st.BindInt64(6, i.Sequence)
	st.BindTextBytes(7, i.Body)
	return t.failed(st.Exec())
}

// ownWrite prepares a statement whose first parameter is the tenant, which it makes if need be.
func (t *tx) ownWrite(ctx context.Context, sql string) (*conn.Stmt, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := t.needTenant(); err != nil {
		return nil, err
	}
	st, err := t.write(sql)
	if err != nil {
		return nil, err
	}
	st.BindInt64(1, t.tenant)
	return st, nil
}

// DeleteIntent implements store.Writer.
func (t *tx) DeleteIntent(ctx context.Context, id string) error {
	st, err := t.ownWrite(ctx, deleteIntentSQL)
	if err != nil {
		return err
	}
	st.BindText(2, id)
	return t.failed(st.Exec())
}

const (
	bookSQL   = "INSERT INTO offboarding (tenant, at, total) VALUES (?1, ?2, 1) ON CONFLICT DO UPDATE SET total = total + 1"
	forgetSQL = "DELETE FROM offboarding WHERE tenant = ?1 AND at < ?2"
)

// BookOffboarding implements store.Writer.
func (t *tx) BookOffboarding(ctx context.Context, at, oldest time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := t.needTenant(); err != nil {
		return err
	}
	if err := t.writeInts(forgetSQL, t.tenant, sinceMS(oldest)); err != nil {
		return err
	}
	return t.writeInts(bookSQL, t.tenant, at.UnixMilli())
}

const (
	setStateSQL  = "INSERT OR REPLACE INTO state (tenant, name, value) VALUES (?1, ?2, ?3)"
	dropStateSQL = "DELETE FROM state WHERE tenant = ?1 AND name = ?2"
)

// SetState implements store.Writer.
func (t *tx) SetState(ctx context.Context, name string, value []byte) error {
	sql := setStateSQL
	if value == nil {
		sql = dropStateSQL
	}
	st, err := t.ownWrite(ctx, sql)
	if err != nil {
		return err
	}
	st.BindText(2, name)
	if value != nil {
		st.BindBlob(3, value)
	}
	return t.failed(st.Exec())
}

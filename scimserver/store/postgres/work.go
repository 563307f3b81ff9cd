package postgres

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

const usersAfterSQL = "SELECT " + recordColumns + " FROM resource r WHERE r.tenant = " + own + " AND r.seq > $2 AND r.seq < $3 ORDER BY r.seq LIMIT $4"

// UsersAfter implements store.Reader. A position is a seq.
func (v *reader) UsersAfter(ctx context.Context, position string, limit int) (users []store.Record, last string, err error) {
	after := int64(kindUser) << kindShift
	if position != "" {
		if after, err = strconv.ParseInt(position, 10, 64); err != nil {
			return nil, "", fmt.Errorf("position of a user: %w", err)
		}
	}
	err = v.query(ctx, usersAfterSQL, func(rows pgx.Rows) error {
		var w recordRow
		err := rows.Scan(w.into()...)
		users, after = append(users, w.of(store.TypeUser)), w.seq
		return err
	}, after, int64(kindGroup)<<kindShift, limit)
	return users, strconv.FormatInt(after, 10), err
}

const workSQL = "SELECT usr FROM work WHERE tenant = " + own + " LIMIT $2"

// Work implements store.Reader.
func (v *reader) Work(ctx context.Context, limit int) (ids []string, err error) {
	err = v.query(ctx, workSQL, func(rows pgx.Rows) error {
		var id string
		err := rows.Scan(&id)
		ids = append(ids, id)
		return err
	}, limit)
	return ids, err
}

const intentsSQL = "SELECT id, member, usr, created, seq, body FROM intent WHERE tenant = " + own + " ORDER BY created, id"

func scanIntent(rows pgx.Rows) (i store.Intent, err error) {
	var created int64
	err = rows.Scan(&i.ID, &i.MemberID, &i.UserID, &created, &i.Sequence, &i.Body)
	i.Created = timeOf(created)
	return i, err
}

// Intents implements store.Reader.
func (v *reader) Intents(ctx context.Context) (list []store.Intent, err error) {
	err = v.query(ctx, intentsSQL, func(rows pgx.Rows) error {
		i, err := scanIntent(rows)
		list = append(list, i)
		return err
	})
	return list, err
}

const offboardingsSQL = "SELECT coalesce(sum(total), 0)::bigint FROM offboarding WHERE tenant = " + own + " AND at >= $2"

// Offboardings implements store.Reader.
func (v *reader) Offboardings(ctx context.Context, since time.Time) (n int64, err error) {
	err = v.query(ctx, offboardingsSQL, func(rows pgx.Rows) error { return rows.Scan(&n) }, sinceMS(since))
	return n, err
}

// sinceMS is 0 for the zero time, whose milliseconds are far below.
func sinceMS(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

const stateSQL = "SELECT value FROM state WHERE tenant = " + own + " AND name = $2"

// State implements store.Reader.
func (v *reader) State(ctx context.Context, name string) (value []byte, err error) {
	err = v.query(ctx, stateSQL, func(rows pgx.Rows) error { return rows.Scan(&value) }, text(name))
	return value, err
}

const (
	addWorkSQL    = "INSERT INTO work (tenant, usr) SELECT $1, k.id FROM unnest($2::text[]) k (id) ON CONFLICT DO NOTHING"
	removeWorkSQL = "DELETE FROM work WHERE tenant = $1 AND usr = ANY ($2::text[])"
	workBelowSQL  = `WITH RECURSIVE below (seq) AS (
			SELECT m.member FROM membership m WHERE m.tenant = $1 AND m.grp = (SELECT g.seq FROM resource g WHERE g.tenant = $1 AND g.id = $2 AND g.kind = 2)
			UNION
			SELECT m.member FROM below b JOIN membership m ON m.tenant = $1 AND m.grp = b.seq)
		INSERT INTO work (tenant, usr) SELECT $1, r.id FROM below b JOIN resource r ON r.tenant = $1 AND r.seq = b.seq WHERE r.kind = 1
		ON CONFLICT DO NOTHING`
)

// later puts a change off.
func (t *tx) later(ctx context.Context, sql string, args ...any) error {
	err := t.writable(ctx)
	if err == nil {
		t.write(sql, args...)
	}
	return err
}

// AddWork implements store.Writer.
func (t *tx) AddWork(ctx context.Context, userIDs []string) error {
	return t.later(ctx, addWorkSQL, texts(userIDs))
}

// RemoveWork implements store.Writer.
func (t *tx) RemoveWork(ctx context.Context, userIDs []string) error {
	return t.later(ctx, removeWorkSQL, texts(userIDs))
}

// AddWorkBelow implements store.Writer.
func (t *tx) AddWorkBelow(ctx context.Context, groupID string) error {
	return t.later(ctx, workBelowSQL, text(groupID))
}

const (
	putIntentSQL = `INSERT INTO intent (tenant, id, member, usr, created, seq, body) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (tenant, id) DO UPDATE SET member = excluded.member, usr = excluded.usr, created = excluded.created, seq = excluded.seq, body = excluded.body`
	deleteIntentSQL = "DELETE FROM intent WHERE tenant = $1 AND id = $2"
)

// PutIntent implements store.Writer.
func (t *tx) PutIntent(ctx context.Context, i store.Intent) error {
	return t.later(ctx, putIntentSQL, text(i.ID), text(i.MemberID), text(i.UserID), i.Created.UnixMilli(), i.Sequence, string(i.Body))
}

// DeleteIntent implements store.Writer.
func (t *tx) DeleteIntent(ctx context.Context, id string) error {
	return t.later(ctx, deleteIntentSQL, text(id))
}

const (
	bookSQL   = "INSERT INTO offboarding (tenant, at, total) VALUES ($1, $2, 1) ON CONFLICT (tenant, at) DO UPDATE SET total = offboarding.total + 1"
	forgetSQL = "DELETE FROM offboarding WHERE tenant = $1 AND at < $2"
)

// BookOffboarding implements store.Writer.
func (t *tx) BookOffboarding(ctx context.Context, at, oldest time.Time) error {
	if err := t.later(ctx, forgetSQL, sinceMS(oldest)); err != nil {
		return err
	}
	return t.later(ctx, bookSQL, at.UnixMilli())
}

const (
	setStateSQL  = "INSERT INTO state (tenant, name, value) VALUES ($1, $2, $3) ON CONFLICT (tenant, name) DO UPDATE SET value = excluded.value"
	dropStateSQL = "DELETE FROM state WHERE tenant = $1 AND name = $2"
)

// SetState implements store.Writer.
func (t *tx) SetState(ctx context.Context, name string, value []byte) error {
	if value == nil {
		return t.later(ctx, dropStateSQL, text(name))
	}
	return t.later(ctx, setStateSQL, text(name), value)
}

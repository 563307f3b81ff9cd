package postgres

import (
	"context"
	"hash/fnv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// runner runs statements in a transaction, in one round trip. Its errors are classified.
type runner interface {
	run(ctx context.Context, asks ...ask) error
}

// reader implements store.Reader with statements whose first parameter is the tenant's key.
type reader struct {
	db      runner
	key     string          // of the tenant
	writing bool            // in a transaction that writes
	found   []found         // what Get or Find has returned last, in its order
	tops    map[string]bool // ids of groups that no group holds
}

// found is a resource that was returned.
type found struct {
	id    string
	seq   int64
	alone bool // it is known that no group holds it
}

// query runs one statement of the tenant.
func (v *reader) query(ctx context.Context, sql string, scan func(pgx.Rows) error, args ...any) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return v.db.run(ctx, v.ask(sql, scan, args...))
}

// light runs a statement that takes a moment. If it runs again, begin is called before.
func (v *reader) light(ctx context.Context, a ask, begin func()) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	a.light, a.begin = true, begin
	return v.db.run(ctx, a)
}

func (v *reader) ask(sql string, scan func(pgx.Rows) error, args ...any) ask {
	return ask{sql: sql, args: append([]any{v.key}, args...), scan: scan}
}

// own is the number of the tenant.
const own = "(SELECT id FROM tenant WHERE key = $1)"

// The kinds of resources, which are the upper bits of their seq.
const (
	kindUser  int16 = 1
	kindGroup int16 = 2

	kindShift = 48
)

// kindOf is the kind of a type. Those that this store does not count share what is left of the numbers; their rows have the
// type, too.
func kindOf(typ string) int16 {
	switch typ {
	case store.TypeUser:
		return kindUser
	case store.TypeGroup:
		return kindGroup
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(typ)) // it never fails
	return kindGroup + 1 + int16(h.Sum32()%30_000)
}

// otherType is the column type: NULL for users and groups.
func otherType(typ string) any {
	if kindOf(typ) <= kindGroup {
		return nil
	}
	return text(typ)
}

const typeColumn = "coalesce(r.type, CASE r.kind WHEN 1 THEN 'User' ELSE 'Group' END)"

// recordColumns are the columns that scanRecord reads.
const (
	recordColumns = "r.id, r.version, r.created, r.modified, r.active, r.doc, r.seq"
	aloneColumn   = ", NOT EXISTS (SELECT 1 FROM membership m WHERE m.tenant = r.tenant AND m.member = r.seq)"
)

// recordRow is a row of recordColumns.
type recordRow struct {
	record            store.Record
	created, modified int64
	active            int64
	seq               int64
}

// into are the places for recordColumns, and more.
func (w *recordRow) into(more ...any) []any {
	return append([]any{&w.record.ID, &w.record.Version, &w.created, &w.modified, &w.active, &w.record.Doc, &w.seq}, more...)
}

// of makes the record.
func (w *recordRow) of(typ string) store.Record {
	r := w.record
	r.Type, r.Active = typ, w.active != store.Inactive
	r.Created, r.Modified = timeOf(w.created), timeOf(w.modified)
	return r
}

func timeOf(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

const getSQL = "SELECT " + recordColumns + aloneColumn + " FROM resource r WHERE r.tenant = " + own + " AND r.id = $2 AND r.kind = $3"

// Get implements store.Reader. It asks at once whether there are groups to be read.
func (v *reader) Get(ctx context.Context, typ, id string) (store.Record, error) {
	var row recordRow
	var alone, is bool
	err := v.light(ctx, v.ask(getSQL, func(rows pgx.Rows) error {
		is = true
		return rows.Scan(row.into(&alone)...)
	}, text(id), kindOf(typ)), func() { is = false })
	switch {
	case err != nil:
		return store.Record{}, err
	case !is:
		return store.Record{}, store.ErrNotFound
	}
	v.found = []found{{id: row.record.ID, seq: row.seq, alone: alone}}
	return row.of(typ), nil
}

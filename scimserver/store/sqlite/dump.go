package sqlite

import (
	"context"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/sqlite/conn"
)

// dumper reads rows of one tenant, of one kind after the other.
type dumper struct {
	*snapshot
	ctx   context.Context
	yield func(store.Row) error
}

// table is how rows of a kind are read: all of them, and one by its key. The first parameter is the tenant, or what stands
// for it; the second one the key.
type table struct {
	all, one string
	bindKey  func(st *conn.Stmt, key string) error
	scan     func(d *dumper, st *conn.Stmt) (store.Row, error)
}

const (
	resourceDump = `SELECT r.id, r.type, r.version, r.created, r.modified, r.active, r.name, r.name_unique, r.display, r.external, r.keys,
		p.hash, r.doc FROM resource r LEFT JOIN password p ON p.resource = r.seq WHERE r.tenant = ?1`
	membershipDump = `SELECT r.id, r.seq FROM resource r WHERE r.tenant = ?1`
	memberDump     = "SELECT " + memberColumns + ", keys FROM member WHERE tenant = ?1"
	eventDump      = "SELECT " + eventColumns + ", next FROM event WHERE id > ?1 << 40 AND id < (?1 + 1) << 40"
	logDump        = "SELECT id, at, subject, user, entry FROM log WHERE id > ?1 << 40 AND id < (?1 + 1) << 40"
	intentDump     = "SELECT id, member, user, created, seq, body FROM intent WHERE tenant = ?1"
	workDump       = "SELECT user FROM work WHERE tenant = ?1"
	bookedDump     = "SELECT at, total FROM offboarding WHERE tenant = ?1"
	stateDump      = "SELECT name, value FROM state WHERE tenant = ?1"
	streamDump     = "SELECT epoch, last, pruned, logs FROM stream WHERE tenant = ?1"
	purgeDump      = "SELECT uid FROM purge WHERE tenant = ?1"
)

var tables = map[string]table{
	store.RowResource: {
		all: resourceDump + " ORDER BY r.type, r.seq", one: resourceDump + " AND r.id = ?2", bindKey: bindIDKey, scan: (*dumper).resource,
	},
	store.RowMembership: {
		all: membershipDump + " AND EXISTS (SELECT 1 FROM membership m WHERE m.grp = r.seq) ORDER BY r.type, r.seq",
		one: membershipDump + " AND r.id = ?2", bindKey: bindIDKey, scan: (*dumper).membership,
	},
	store.RowMember: {all: memberDump + " ORDER BY id", one: memberDump + " AND id = ?2", bindKey: bindIDKey, scan: (*dumper).member},
	store.RowEvent:  {all: eventDump + " ORDER BY id", one: eventDump + " AND id = (?1 << 40) + ?2", bindKey: bindNumber, scan: (*dumper).event},
	store.RowLog:    {all: logDump + " ORDER BY id", one: logDump + " AND id = (?1 << 40) + ?2", bindKey: bindNumber, scan: (*dumper).logRow},
	store.RowIntent: {all: intentDump + " ORDER BY id", one: intentDump + " AND id = ?2", bindKey: bindText, scan: (*dumper).intent},
	store.RowWork:   {all: workDump + " ORDER BY user", one: workDump + " AND user = ?2", bindKey: bindIDKey, scan: (*dumper).work},
	store.RowOffboarding: {
		all: bookedDump + " ORDER BY at", one: bookedDump + " AND at = ?2", bindKey: bindNumber, scan: (*dumper).offboarding,
	},
	store.RowState:  {all: stateDump + " ORDER BY name", one: stateDump + " AND name = ?2", bindKey: bindText, scan: (*dumper).state},
	store.RowStream: {all: streamDump, one: streamDump + " AND ?2 <> ''", bindKey: bindText, scan: (*dumper).streamRow},
	store.RowPurge:  {all: purgeDump + " ORDER BY uid", one: purgeDump + " AND uid = ?2", bindKey: bindText, scan: (*dumper).purge},
}

func bindIDKey(st *conn.Stmt, key string) error {
	bindID(st, 2, key)
	return nil
}

func bindText(st *conn.Stmt, key string) error {
	st.BindText(2, key)
	return nil
}

func bindNumber(st *conn.Stmt, key string) error {
	n, err := (store.RowKey{Kind: "row", Key: key}).Number()
	st.BindInt64(2, n)
	return err
}

// Dump implements store.Store.
func (s *Store) Dump(ctx context.Context, tenant string, yield func(store.Row) error) error {
	return s.read(ctx, tenant, func(v *snapshot) error {
		d := &dumper{snapshot: v, ctx: ctx, yield: yield}
		for _, kind := range store.RowKinds {
			t := tables[kind]
			st, err := d.open(kind, t.all)
			if err != nil {
				return err
			}
			if err := d.rows(t, st); err != nil {
				return err
			}
		}
		return nil
	})
}

// Rows implements store.Store.
func (s *Store) Rows(ctx context.Context, tenant, kind string, keys []string, yield func(store.Row) error) error {
	t, known := tables[kind]
	if !known {
		return nil
	}
	return s.read(ctx, tenant, func(v *snapshot) error {
		d := &dumper{snapshot: v, ctx: ctx, yield: yield}
		for _, key := range keys {
			st, err := d.open(kind, t.one)
			if err != nil {
				return err
			}
			if err := t.bindKey(st, key); err != nil {
				st.Reset()
				return err
			}
			if err := d.rows(t, st); err != nil {
				return err
			}
		}
		return nil
	})
}

// open prepares a statement. The tenants of purges have their keys, for they outlive their numbers.
func (d *dumper) open(kind, sql string) (*conn.Stmt, error) {
	if err := d.ctx.Err(); err != nil {
		return nil, err
	}
	st, err := d.prepare(sql)
	if err != nil {
		return nil, err
	}
	if kind == store.RowPurge {
		st.BindText(1, d.key)
	} else {
		st.BindInt64(1, d.tenant)
	}
	return st, nil
}

func (d *dumper) rows(t table, st *conn.Stmt) error {
	defer st.Reset()
	return d.each(d.ctx, st, func() error {
		row, err := t.scan(d, st)
		if err != nil || row.Key == "" {
			return err
		}
		return d.yield(row)
	})
}

func (d *dumper) resource(st *conn.Stmt) (store.Row, error) {
	row := store.Row{RowKey: store.RowKey{Kind: store.RowResource, Key: idAt(st, 0)}}
	typ, err := d.symbolText(st.Int64(1))
	if err != nil {
		return row, err
	}
	keys, err := d.rowVals(typ, st.Bytes(10))
	if err != nil {
		return row, err
	}
	x := &store.ResourceRow{
		Type: typ, Version: st.Int64(2), Created: st.Int64(3), Modified: st.Int64(4), Active: st.Int64(5),
		Name: st.Text(6), NameUnique: st.Int64(7) != 0, Display: st.Text(8), ExternalID: st.Text(9), Keys: keys,
		Password: st.Text(11), Doc: st.Bytes(12),
	}
	row.Resource = x
	return row, nil
}

// rowVals names what the column keys has.
func (v *snapshot) rowVals(typ string, encoded []byte) ([]store.RowVal, error) {
	keys, err := parseKeys(encoded)
	if err != nil {
		return nil, v.failed(err)
	}
	var named []store.Key
	for _, k := range keys {
		name, err := v.symbolText(k.attr)
		if err != nil {
			return nil, err
		}
		named = append(named, store.Key{Path: name[len(typ)+1:], Value: k.value})
	}
	return store.RowVals(named), nil
}

const memberIDsSQL = "SELECT r.id FROM membership m JOIN resource r ON r.seq = m.member WHERE m.grp = ?1 ORDER BY m.pos"

// membership has no key where the group has no members.
func (d *dumper) membership(st *conn.Stmt) (row store.Row, err error) {
	id, seq := idAt(st, 0), st.Int64(1)
	members, err := d.prepare(memberIDsSQL)
	if err != nil {
		return row, err
	}
	defer members.Reset()
	members.BindInt64(1, seq)
	err = d.each(d.ctx, members, func() error {
		row.Members = append(row.Members, firstID(members))
		return nil
	})
	if len(row.Members) > 0 {
		row.RowKey = store.RowKey{Kind: store.RowMembership, Key: id}
	}
	return row, err
}

func (d *dumper) member(st *conn.Stmt) (store.Row, error) {
	m := scanMember(st)
	keys, err := d.rowVals(memberSymbol, st.Bytes(12))
	if err != nil {
		return store.Row{}, err
	}
	holds, err := d.Holds(d.ctx, m.ID)
	row := store.MemberRowOf(m, holds)
	row.Member.Keys = keys
	return row, err
}

func (d *dumper) event(st *conn.Stmt) (store.Row, error) {
	return store.EventRowOf(scanEvent(st, ""), st.Int64(9)), nil
}

func (d *dumper) logRow(st *conn.Stmt) (store.Row, error) {
	return store.LogRowOf(store.LogRow{
		Sequence: sequenceOf(st.Int64(0)), Time: timeOf(st.Int64(1)), Subject: st.Int64(2), UserID: idAt(st, 3), Entry: st.Bytes(4),
	}), nil
}

func (d *dumper) intent(st *conn.Stmt) (store.Row, error) {
	return store.IntentRowOf(store.Intent{
		ID: st.Text(0), MemberID: st.Text(1), UserID: st.Text(2), Created: timeOf(st.Int64(3)), Sequence: st.Int64(4), Body: st.Bytes(5),
	}), nil
}

func (d *dumper) work(st *conn.Stmt) (store.Row, error) {
	return store.Row{RowKey: store.RowKey{Kind: store.RowWork, Key: idAt(st, 0)}}, nil
}

func (d *dumper) offboarding(st *conn.Stmt) (store.Row, error) {
	return store.Row{
		RowKey: store.RowKey{Kind: store.RowOffboarding, Key: store.RowNumber(st.Int64(0))}, Offboarding: &store.OffboardingRow{Total: st.Int64(1)},
	}, nil
}

func (d *dumper) state(st *conn.Stmt) (store.Row, error) {
	return store.Row{RowKey: store.RowKey{Kind: store.RowState, Key: st.Text(0)}, State: &store.StateRow{Value: append([]byte{}, st.Bytes(1)...)}}, nil
}

func (d *dumper) streamRow(st *conn.Stmt) (store.Row, error) {
	return store.Row{RowKey: store.RowKey{Kind: store.RowStream, Key: store.StreamKey}, Stream: &store.StreamRow{
		Epoch: st.Text(0), Last: st.Int64(1), Pruned: st.Int64(2), Logs: st.Int64(3),
	}}, nil
}

func (d *dumper) purge(st *conn.Stmt) (store.Row, error) {
	return store.Row{RowKey: store.RowKey{Kind: store.RowPurge, Key: st.Text(0)}}, nil
}

package sqlite

import (
	"context"
	"errors"
	"slices"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/queue"
	"github.com/scim-operator/scim-operator/scimserver/store/sqlite/conn"
)

// Load implements store.Store.
func (s *Store) Load(ctx context.Context, tenant string, remove []store.RowKey, rows []store.Row) error {
	for i := range rows {
		if err := rows[i].Check(); err != nil {
			return err
		}
	}
	return s.writer.update(&request{ctx: ctx, tenant: tenant, access: loading, fn: func(t *tx) error {
		if err := t.needTenant(); err != nil {
			return err
		}
		for _, k := range remove {
			if err := t.unload(ctx, k); err != nil {
				return err
			}
		}
		for i := range rows {
			if err := t.load(ctx, &rows[i]); err != nil {
				return err
			}
		}
		return nil
	}})
}

const (
	unloadBookedSQL = "DELETE FROM offboarding WHERE tenant = ?1 AND at = ?2"
	unloadLogSQL    = "DELETE FROM log WHERE id = ?1"
	unloadEventSQL  = "DELETE FROM event WHERE id = ?1"
)

// unload removes a row, if it is there. The purges that were done are never forgotten, nor where the numbers stand.
func (t *tx) unload(ctx context.Context, k store.RowKey) error {
	switch k.Kind {
	case store.RowResource:
		_, err := t.unloadResource(ctx, k.Key, "")
		return err
	case store.RowMembership:
		seq, err := t.groupSeq(ctx, k.Key)
		if err != nil || seq == 0 {
			return err
		}
		return t.writeInts(clearGroupSQL, seq)
	case store.RowMember:
		return passNotFound(t.DeleteMember(ctx, k.Key))
	case store.RowIntent:
		return t.DeleteIntent(ctx, k.Key)
	case store.RowWork:
		return t.RemoveWork(ctx, []string{k.Key})
	case store.RowState:
		return t.SetState(ctx, k.Key, nil)
	}
	return t.unloadNumber(k)
}

func passNotFound(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// unloadNumber removes a row whose key is a number.
func (t *tx) unloadNumber(k store.RowKey) error {
	if k.Kind != store.RowEvent && k.Kind != store.RowLog && k.Kind != store.RowOffboarding {
		return nil
	}
	n, err := k.Number()
	if err != nil {
		return err
	}
	switch k.Kind {
	case store.RowEvent:
		if err := t.countEvent(n, eventDone); err != nil {
			return err
		}
		return t.writeInts(unloadEventSQL, streamID(t.tenant, n))
	case store.RowLog:
		return t.writeInts(unloadLogSQL, streamID(t.tenant, n))
	}
	return t.writeInts(unloadBookedSQL, t.tenant, n)
}

// countEvent books that an event, which may not be there yet, gets another state.
func (t *tx) countEvent(sequence, state int64) error {
	before, err := t.progressOf(sequence)
	if err != nil {
		return err
	}
	s, err := t.stream()
	if err != nil {
		return err
	}
	s.pending += units(state == eventPending) - units(before.state == eventPending)
	s.parked += units(state == eventParked) - units(before.state == eventParked)
	return nil
}

const typeSQL = "SELECT type FROM resource WHERE tenant = ?1 AND id = ?2"

// unloadResource removes a resource unless it has the type, and tells whether it still is there.
func (t *tx) unloadResource(ctx context.Context, id, but string) (kept bool, err error) {
	st, err := t.memberQuery(ctx, typeSQL)
	if err != nil {
		return false, err
	}
	bindID(st, 2, id)
	typ, err := st.Int()
	if err != nil || typ == 0 {
		return false, t.failed(err)
	}
	name, err := t.symbolText(typ)
	if err != nil || name == but {
		return err == nil, err
	}
	r, err := t.changeRow(ctx, name, id)
	if err != nil {
		return false, err
	}
	for _, sql := range []string{leaveGroupsSQL, clearGroupSQL} {
		if err := t.writeInts(sql, r.seq); err != nil {
			return false, err
		}
	}
	return false, t.deleteRow(r)
}

// load puts a row that was checked.
func (t *tx) load(ctx context.Context, r *store.Row) error {
	switch r.Kind {
	case store.RowResource:
		return t.loadResource(ctx, r)
	case store.RowMembership:
		return t.loadMembership(ctx, r)
	case store.RowMember:
		return t.loadMember(ctx, r)
	case store.RowEvent:
		return t.loadEvent(r)
	case store.RowLog:
		return t.loadLog(ctx, r)
	case store.RowIntent:
		return t.PutIntent(ctx, r.IntentOf())
	case store.RowWork:
		return t.AddWork(ctx, []string{r.Key})
	case store.RowState:
		return t.SetState(ctx, r.Key, r.State.Value)
	case store.RowOffboarding:
		return t.loadOffboarding(r)
	case store.RowStream:
		return t.loadStream(r)
	}
	st, err := t.write(addPurgeSQL)
	if err != nil {
		return err
	}
	st.BindText(1, t.key)
	st.BindText(2, r.Key)
	return t.failed(st.Exec())
}

const (
	takeNameSQL = `UPDATE resource SET name_unique = NULL
		WHERE tenant = ?1 AND type = ?2 AND name = ?3 AND name_unique = 1 AND id <> ?4`
	loadedSQL = "UPDATE resource SET version = ?2, created = ?3, modified = ?4 WHERE seq = ?1"
)

// loadResource puts a resource as it was, under its own version and times.
func (t *tx) loadResource(ctx context.Context, row *store.Row) error {
	r := row.Record()
	there, err := t.unloadResource(ctx, r.ID, r.Type)
	if err != nil {
		return err
	}
	if err := t.takeName(&r); err != nil {
		return err
	}
	for i := range r.Keys.Values {
		r.Keys.Values[i].Unique = false // whoever else has it is loaded again
	}
	put := t.Insert
	if there {
		put = t.Replace
	}
	if _, err := put(ctx, r); err != nil {
		return err
	}
	seq, err := t.seqOf(r.ID)
	if err != nil {
		return err
	}
	t.recent.valid = false
	if err := t.writeInts(loadedSQL, seq, r.Version, r.Created.UnixMilli(), r.Modified.UnixMilli()); err != nil {
		return err
	}
	return t.SetPassword(ctx, r.Type, r.ID, row.Resource.Password)
}

// takeName takes the name from another resource, which is to be loaded again.
func (t *tx) takeName(r *store.Record) error {
	if !r.Keys.NameUnique {
		return nil
	}
	typ, err := t.symbol(r.Type)
	if err != nil {
		return err
	}
	st, err := t.write(takeNameSQL)
	if err != nil {
		return err
	}
	st.BindInt64(1, t.tenant)
	st.BindInt64(2, typ)
	st.BindText(3, r.Keys.Name)
	bindID(st, 4, r.ID)
	return t.failed(st.Exec())
}

// loadMembership makes the members those of the row, in its order.
func (t *tx) loadMembership(ctx context.Context, r *store.Row) error {
	seq, err := t.groupSeq(ctx, r.Key)
	if err != nil || seq == 0 {
		return err
	}
	if err := t.writeInts(clearGroupSQL, seq); err != nil {
		return err
	}
	_, _, err = t.AddMembers(ctx, r.Key, r.Members)
	return err
}

// loadMember puts a member as it was. Another one of the same user is loaded again.
func (t *tx) loadMember(ctx context.Context, r *store.Row) error {
	m, holds := r.MemberRecord()
	if err := passNotFound(t.DeleteMember(ctx, m.ID)); err != nil {
		return err
	}
	if m.UserID != "" {
		other, err := t.MemberOf(ctx, m.UserID)
		if err == nil {
			err = t.DeleteMember(ctx, other.ID)
		}
		if err = passNotFound(err); err != nil {
			return err
		}
	}
	if err := t.InsertMember(ctx, m); err != nil {
		return err
	}
	for _, h := range holds {
		if err := t.PutHold(ctx, h); err != nil {
			return err
		}
	}
	return nil
}

const loadEventSQL = `INSERT OR REPLACE INTO event (id, tenant, type, state, created, due, next, attempts, error, member, body)
	VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)`

func (t *tx) loadEvent(r *store.Row) error {
	sequence, err := r.Number()
	if err != nil {
		return err
	}
	x := r.Event
	typ, state := slices.Index(queue.Types[:], x.Type), int64(queue.StateOf(x))
	if typ < 1 {
		return errors.New("event " + r.Key + " has an unknown type")
	}
	if err := t.countEvent(sequence, state); err != nil {
		return err
	}
	st, err := t.write(loadEventSQL)
	if err != nil {
		return err
	}
	for i, n := range [...]int64{streamID(t.tenant, sequence), t.tenant, int64(typ), state, x.Created} {
		st.BindInt64(i+1, n)
	}
	st.BindNull(6)
	if x.Due != nil && state == eventPending {
		st.BindInt64(6, *x.Due)
	}
	bindNumberOrNull(st, 7, x.Next)
	st.BindInt64(8, int64(x.Attempts))
	bindOptional(st, 9, x.LastError)
	bindID(st, 10, x.MemberID)
	st.BindTextBytes(11, x.Body)
	if err := st.Exec(); err != nil {
		return t.failed(err)
	}
	s, err := t.stream()
	if err == nil {
		s.last = max(s.last, sequence)
	}
	return err
}

func bindNumberOrNull(st *conn.Stmt, i int, n int64) {
	if n == 0 {
		st.BindNull(i)
		return
	}
	st.BindInt64(i, n)
}

// loadLog puts a row of the log in the place of the one with its number.
func (t *tx) loadLog(ctx context.Context, r *store.Row) error {
	sequence, err := r.Number()
	if err != nil {
		return err
	}
	if err := t.writeInts(unloadLogSQL, streamID(t.tenant, sequence)); err != nil {
		return err
	}
	s, err := t.stream()
	if err != nil {
		return err
	}
	logs := s.logs
	s.logs = sequence - 1
	err = t.AppendLog(ctx, store.LogRow{Time: timeOf(r.Log.Time), UserID: r.Log.UserID, Subject: r.Log.Subject, Entry: r.Log.Entry})
	if s, again := t.stream(); again == nil {
		s.logs = max(logs, sequence)
	}
	return err
}

const loadBookedSQL = "INSERT OR REPLACE INTO offboarding (tenant, at, total) VALUES (?1, ?2, ?3)"

func (t *tx) loadOffboarding(r *store.Row) error {
	at, err := r.Number()
	if err != nil {
		return err
	}
	return t.writeInts(loadBookedSQL, t.tenant, at, r.Offboarding.Total)
}

func (t *tx) loadStream(r *store.Row) error {
	s, err := t.stream()
	if err != nil {
		return err
	}
	s.epoch, s.last, s.pruned, s.logs = r.Stream.Epoch, r.Stream.Last, r.Stream.Pruned, r.Stream.Logs
	return nil
}

package postgres

import (
	"context"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/queue"
)

// loader puts and removes rows of one transaction. It reads first what is there, all at once, and puts every change off.
type loader struct {
	*tx
	ctx       context.Context
	resources map[string]*loadedResource
	members   map[string]*loadedMember
	users     map[string]string // members by user
	events    map[int64]int16   // states
}

type loadedResource struct {
	typ    string
	seq    int64
	active int64
	keys   []string
}

type loadedMember struct {
	user   string
	active bool
	keys   []string
}

// Load implements store.Store.
func (s *Store) Load(ctx context.Context, tenant string, remove []store.RowKey, rows []store.Row) error {
	for i := range rows {
		if err := rows[i].Check(); err != nil {
			return err
		}
	}
	return s.update(ctx, tenant, loading, func(t *tx) error {
		if err := t.writable(ctx); err != nil {
			return err
		}
		l := &loader{tx: t, ctx: ctx, resources: map[string]*loadedResource{}, members: map[string]*loadedMember{}, users: map[string]string{}, events: map[int64]int16{}}
		if err := l.look(remove, rows); err != nil {
			return err
		}
		for _, k := range remove {
			if err := l.unload(k); err != nil {
				return err
			}
		}
		for i := range rows {
			if err := l.load(&rows[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

const (
	loadedResourcesSQL = "SELECT r.id, " + typeColumn + ", r.seq, r.active, r.keys FROM resource r WHERE r.tenant = " + own + " AND r.id = ANY ($2::text[])"
	loadedMembersSQL   = "SELECT id, coalesce(usr, ''), active, keys FROM member WHERE tenant = " + own + " AND (id = ANY ($2::text[]) OR usr = ANY ($3::text[]))"
	loadedEventsSQL    = "SELECT sequence, state FROM event WHERE tenant = " + own + " AND sequence = ANY ($2::bigint[])"
)

// look reads what there is of the rows.
func (l *loader) look(remove []store.RowKey, rows []store.Row) error {
	keys := map[string][]string{}
	for _, k := range remove {
		keys[k.Kind] = append(keys[k.Kind], k.Key)
	}
	var users []string
	for i := range rows {
		r := &rows[i]
		keys[r.Kind] = append(keys[r.Kind], r.Key)
		if r.Member != nil && r.Member.UserID != "" {
			users = append(users, text(r.Member.UserID))
		}
	}
	sequences, err := tables[store.RowEvent].arg(store.RowEvent, keys[store.RowEvent])
	if err != nil {
		return err
	}
	return l.run(l.ctx,
		l.ask(loadedResourcesSQL, l.scanResource, texts(slices.Concat(keys[store.RowResource], keys[store.RowMembership]))),
		l.ask(loadedMembersSQL, l.scanMember, texts(keys[store.RowMember]), users),
		l.ask(loadedEventsSQL, l.scanEvent, sequences),
	)
}

func (l *loader) scanResource(rows pgx.Rows) error {
	var id string
	r := &loadedResource{}
	err := rows.Scan(&id, &r.typ, &r.seq, &r.active, &r.keys)
	l.resources[id] = r
	return err
}

func (l *loader) scanMember(rows pgx.Rows) error {
	var id string
	m := &loadedMember{}
	err := rows.Scan(&id, &m.user, &m.active, &m.keys)
	l.members[id] = m
	if m.user != "" {
		l.users[m.user] = id
	}
	return err
}

func (l *loader) scanEvent(rows pgx.Rows) error {
	var sequence int64
	var state int16
	err := rows.Scan(&sequence, &state)
	l.events[sequence] = state
	return err
}

const (
	unloadBookedSQL = "DELETE FROM offboarding WHERE tenant = $1 AND at = $2"
	unloadLogSQL    = "DELETE FROM log WHERE tenant = $1 AND sequence = $2"
	unloadEventSQL  = "DELETE FROM event WHERE tenant = $1 AND sequence = $2"
)

// unload removes a row, if it is there. The purges that were done are never forgotten, nor where the numbers stand.
func (l *loader) unload(k store.RowKey) error {
	switch k.Kind {
	case store.RowResource:
		l.dropResource(k.Key)
	case store.RowMembership:
		if r := l.resources[k.Key]; r != nil {
			l.write(clearGroupSQL, r.seq)
		}
	case store.RowMember:
		l.dropMember(k.Key)
	case store.RowIntent:
		return l.DeleteIntent(l.ctx, k.Key)
	case store.RowWork:
		return l.RemoveWork(l.ctx, []string{k.Key})
	case store.RowState:
		return l.SetState(l.ctx, k.Key, nil)
	case store.RowEvent, store.RowLog, store.RowOffboarding:
		return l.unloadNumber(k)
	}
	return nil
}

// unloadNumber removes a row whose key is a number.
func (l *loader) unloadNumber(k store.RowKey) error {
	n, err := k.Number()
	if err != nil {
		return err
	}
	switch k.Kind {
	case store.RowEvent:
		l.setEvent(n, eventDone)
		delete(l.events, n)
		l.write(unloadEventSQL, n)
	case store.RowLog:
		l.write(unloadLogSQL, n)
	default:
		l.write(unloadBookedSQL, n)
	}
	return nil
}

// setEvent books that an event, which may not be there yet, gets another state.
func (l *loader) setEvent(sequence int64, state int16) {
	before := l.events[sequence]
	l.b.row.pending += units(state == eventPending) - units(before == eventPending)
	l.b.row.parked += units(state == eventParked) - units(before == eventParked)
	l.events[sequence] = state
}

func (l *loader) dropResource(id string) {
	r := l.resources[id]
	if r == nil {
		return
	}
	delete(l.resources, id)
	l.write(leaveGroupsSQL, r.seq)
	l.write(clearGroupSQL, r.seq)
	l.changeLookups(r.seq, r.keys, nil)
	l.write(dropPasswordSQL, r.seq)
	l.write(deleteSQL, r.seq)
	l.count(r.seq, -1, r.active)
}

func (l *loader) dropMember(id string) {
	m := l.members[id]
	if m == nil {
		return
	}
	delete(l.members, id)
	if l.users[m.user] == id {
		delete(l.users, m.user)
	}
	l.removeMember(id, m.active, m.keys)
}

// load puts a row that was checked.
func (l *loader) load(r *store.Row) error {
	switch r.Kind {
	case store.RowResource:
		l.loadResource(r)
	case store.RowMembership:
		return l.loadMembership(r)
	case store.RowMember:
		l.loadMember(r)
	case store.RowEvent:
		return l.loadEvent(r)
	case store.RowLog:
		return l.loadLog(r)
	case store.RowIntent:
		return l.PutIntent(l.ctx, r.IntentOf())
	case store.RowWork:
		return l.AddWork(l.ctx, []string{r.Key})
	case store.RowState:
		return l.SetState(l.ctx, r.Key, r.State.Value)
	case store.RowOffboarding:
		return l.loadOffboarding(r)
	case store.RowStream:
		row := &l.b.row
		row.epoch, row.last, row.pruned, row.logs = r.Stream.Epoch, r.Stream.Last, r.Stream.Pruned, r.Stream.Logs
	case store.RowPurge:
		l.write(addPurgeSQL, text(r.Key))
	}
	return nil
}

const (
	takeNameSQL = "UPDATE resource SET name_unique = NULL WHERE tenant = $1 AND kind = $2 AND name = $3 AND name_unique = 1 AND id <> $4"
	loadedSQL   = `UPDATE resource SET version = $3, created = $4, modified = $5, active = $6, name = $7, name_unique = $8, external = $9, display = $10,
		display_key = $11, keys = $12, doc = $13 WHERE tenant = $1 AND seq = $2`
)

// loadResource puts a resource as it was, under its own version and times. A name is taken from another resource, which is to
// be loaded again.
func (l *loader) loadResource(row *store.Row) {
	r := row.Record()
	there := l.resources[r.ID]
	if there != nil && there.typ != r.Type {
		l.dropResource(r.ID)
		there = nil
	}
	kind, keys := kindOf(r.Type), lookupKeys(&r)
	if name := uniqueName(r.Keys); name != nil {
		l.write(takeNameSQL, kind, name, text(r.ID))
	}
	if there == nil {
		l.b.row.seq++
		there = &loadedResource{typ: r.Type, seq: int64(kind)<<kindShift + l.b.row.seq, active: r.Activity()}
		l.resources[r.ID] = there
		l.insert(&r, there.seq, keys)
		l.count(there.seq, 1, there.active)
	}
	l.write(loadedSQL, there.seq, r.Version, r.Created.UnixMilli(), r.Modified.UnixMilli(), r.Activity(), optional(r.Keys.Name), nameUnique(r.Keys),
		optional(r.Keys.ExternalID), optional(r.Keys.Display), optional(filter.Fold(r.Keys.Display)), keys, string(r.Doc))
	l.changeLookups(there.seq, there.keys, keys)
	l.activity(there.seq, there.active, r.Activity())
	there.keys, there.active = keys, r.Activity()
	if hash := row.Resource.Password; hash != "" {
		l.write(setPasswordSQL, there.seq, text(hash))
	} else {
		l.write(dropPasswordSQL, there.seq)
	}
}

// loadMembership makes the members those of the row, in its order.
func (l *loader) loadMembership(r *store.Row) error {
	group := l.resources[r.Key]
	if group == nil {
		return nil
	}
	l.write(clearGroupSQL, group.seq)
	_, _, err := l.AddMembers(l.ctx, r.Key, r.Members)
	return err
}

// loadMember puts a member as it was. Another one of the same user is loaded again.
func (l *loader) loadMember(r *store.Row) {
	m, holds := r.MemberRecord()
	l.dropMember(m.ID)
	if m.UserID != "" {
		if other, ok := l.users[m.UserID]; ok {
			l.dropMember(other)
		}
		l.users[m.UserID] = m.ID
	}
	keys := pairs(memberType, m.Keys)
	l.members[m.ID] = &loadedMember{user: m.UserID, active: m.Active, keys: keys}
	l.insertMember(&m, keys)
	for _, h := range holds {
		l.write(putHoldSQL, text(m.ID), text(h.Name), text(h.Reason), h.Created.UnixMilli())
	}
}

const loadEventSQL = `INSERT INTO event (tenant, sequence, type, state, created, due, next, attempts, error, member, body)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (tenant, sequence) DO UPDATE SET type = excluded.type, state = excluded.state,
	created = excluded.created, due = excluded.due, next = excluded.next, attempts = excluded.attempts, error = excluded.error,
	member = excluded.member, body = excluded.body`

func (l *loader) loadEvent(r *store.Row) error {
	sequence, err := r.Number()
	if err != nil {
		return err
	}
	x := r.Event
	typ, state := slices.Index(queue.Types[:], x.Type), int16(queue.StateOf(x))
	if typ < 1 {
		return errors.New("event " + r.Key + " has an unknown type")
	}
	l.setEvent(sequence, state)
	due := x.Due
	if state != eventPending {
		due = nil
	}
	var next any
	if x.Next != 0 {
		next = x.Next
	}
	l.write(loadEventSQL, sequence, int16(typ), state, x.Created, due, next, x.Attempts, optional(x.LastError), text(x.MemberID), string(x.Body))
	l.b.row.last = max(l.b.row.last, sequence)
	return nil
}

const (
	loadLogSQL = insertLogSQL + ` ON CONFLICT (tenant, sequence) DO UPDATE SET at = excluded.at, subject = excluded.subject, usr = excluded.usr, entry = excluded.entry`

	loadBookedSQL = "INSERT INTO offboarding (tenant, at, total) VALUES ($1, $2, $3) ON CONFLICT (tenant, at) DO UPDATE SET total = excluded.total"
)

// loadLog puts a row of the log in the place of the one with its number.
func (l *loader) loadLog(r *store.Row) error {
	sequence, err := r.Number()
	if err != nil {
		return err
	}
	l.write(loadLogSQL, sequence, r.Log.Time, r.Log.Subject, optional(r.Log.UserID), string(r.Log.Entry))
	l.b.row.logs = max(l.b.row.logs, sequence)
	l.b.told = true
	return nil
}

func (l *loader) loadOffboarding(r *store.Row) error {
	at, err := r.Number()
	if err == nil {
		l.write(loadBookedSQL, at, r.Offboarding.Total)
	}
	return err
}

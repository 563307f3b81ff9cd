package postgres

import (
	"context"
	"slices"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// aheads are what transactions of a lane that wait for their turn are going to read. It is read for them in a round trip of the
// batch that they will join. The tenant's row is locked, so that nobody but the batch can change it meanwhile.
type aheads struct {
	waiting []*store.Ahead // under lane.mu
}

// maxAhead is for how many transactions something is read in one round trip, and how many members for one of them.
const maxAhead = 32

// resourceKey names a resource.
type resourceKey struct {
	kind int16
	id   string
}

// newKey is a resource that may be inserted.
type newKey struct {
	resourceKey
	name string
}

// readAhead is what a batch has read for transactions to come, as it is with what those before them have changed.
type readAhead struct {
	rows   map[resourceKey]rowRead
	free   map[newKey]struct{}   // neither the id nor the name is taken
	groups map[string]*groupRead // by id
}

// groupRead is a group that members are to join or to leave.
type groupRead struct {
	seq, pos   int64 // pos is that of the last member, or more
	candidates map[string]candidate
}

// rowRead is a row of rowSQL.
type rowRead struct {
	w recordRow
	r row
}

// await tells what a waiting transaction is going to read. unwait takes that back.
func (l *lane) await(ctx context.Context) (unwait func()) {
	a, ok := store.AheadOf(ctx)
	if !ok {
		return func() {}
	}
	l.mu.Lock()
	l.ahead.waiting = append(l.ahead.waiting, &a)
	l.mu.Unlock()
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.ahead.waiting = slices.DeleteFunc(l.ahead.waiting, func(o *store.Ahead) bool { return o == &a })
	}
}

// take returns what is to be read now.
func (l *lane) take() []*store.Ahead {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := min(len(l.ahead.waiting), maxAhead)
	list := slices.Clone(l.ahead.waiting[:n])
	l.ahead.waiting = slices.Delete(l.ahead.waiting, 0, n)
	return list
}

// readAhead are statements for transactions that wait for their turn.
func (b *batch) readAhead() []ask {
	if b.alone {
		return nil
	}
	q := question{reader: reader{key: b.key}, into: &b.ahead}
	for _, a := range b.lane.take() {
		q.row(a)
		q.more(a)
	}
	if b.first != nil {
		q.more(b.first)
		b.first = nil
	}
	return q.asks()
}

func (r *rowRead) places() []any {
	return r.w.into(&r.r.alone, &r.r.unique, &r.r.name, &r.r.external, &r.r.display, &r.r.keys)
}

// usable tells whether the transaction may use what was read for it.
func (t *tx) usable(ctx context.Context) bool {
	return t.access == writing && !t.ended && t.failure == nil && ctx.Err() == nil && t.b.begun && t.permitted() == nil
}

// rowAhead returns the row of a resource if it was read ahead.
func (t *tx) rowAhead(ctx context.Context, typ, id string) (read rowRead, ok bool) {
	if !t.usable(ctx) {
		return read, false
	}
	read, ok = t.b.ahead.rows[resourceKey{kindOf(typ), text(id)}]
	read.w.record.Doc = slices.Clone(read.w.record.Doc) // it may be read again
	return read, ok
}

// isFree tells whether it was found ahead that neither the id nor the name of a new resource is taken.
func (t *tx) isFree(ctx context.Context, r *store.Record) bool {
	if !t.usable(ctx) {
		return false
	}
	key := newKey{resourceKey: resourceKey{kindOf(r.Type), text(r.ID)}}
	if uniqueName(r.Keys) != nil {
		key.name = text(r.Keys.Name)
	}
	_, ok := t.b.ahead.free[key]
	return ok
}

// wrote makes void what was read ahead and has to do with the id or the name that a resource has from now on.
func (a *readAhead) wrote(r *store.Record) {
	id, kind := text(r.ID), kindOf(r.Type)
	delete(a.rows, resourceKey{kind, id})
	for key := range a.free {
		if key.id == id || key.name != "" && key.kind == kind && key.name == text(r.Keys.Name) {
			delete(a.free, key)
		}
	}
}

// touched keeps the row that a transaction has read last and has changed no more of than its version and time.
func (t *tx) touched(key resourceKey, ms int64) {
	if t.b.ahead.rows == nil || t.access != writing {
		return
	}
	read := t.read
	read.r.alone = t.recent.alone
	read.w.record.Version++
	read.w.modified = ms
	t.b.ahead.rows[key] = read
}

// groupAhead returns what was read ahead of a group and of resources, if it was of all of them.
func (t *tx) groupAhead(ctx context.Context, groupID string, ids []string) (g *groupRead, found map[string]candidate, ok bool) {
	if !t.usable(ctx) {
		return nil, nil, false
	}
	if g, ok = t.b.ahead.groups[text(groupID)]; !ok {
		return nil, nil, false
	}
	found = make(map[string]candidate, len(ids))
	for _, id := range ids {
		if found[id], ok = g.candidates[text(id)]; !ok {
			return nil, nil, false
		}
	}
	return g, found, true
}

// moved notes that resources have joined a group, or left it: no longer is it known which of them are alone.
func (a *readAhead) moved(group int64, seqs []int64, join bool) {
	for key, read := range a.rows {
		if slices.Contains(seqs, read.w.seq) {
			delete(a.rows, key)
		}
	}
	for _, g := range a.groups {
		if g.seq != group {
			continue
		}
		if join {
			g.pos += int64(len(seqs))
		}
		for id, c := range g.candidates {
			if slices.Contains(seqs, c.seq) {
				g.candidates[id] = candidate{seq: c.seq, member: join}
			}
		}
	}
}

// gone makes void what a deletion changes: much, unless no group and no member has to do with the resource.
func (a *readAhead) gone(key resourceKey, lone bool) {
	if !lone {
		a.forget()
		return
	}
	delete(a.rows, key)
	for _, g := range a.groups {
		delete(g.candidates, key.id)
	}
}

// forget makes void all that was read ahead.
func (a *readAhead) forget() { *a = readAhead{} }

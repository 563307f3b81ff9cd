package postgres

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// aheads are what transactions of a lane that wait for their turn are going to read. It is read for them in a round trip of the
// batch that they will join. The tenant's row is locked, so that nobody but the batch can change it meanwhile.
type aheads struct {
	waiting []*store.Ahead // under lane.mu
}

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

// readAhead is what a batch has read for transactions to come.
type readAhead struct {
	rows map[resourceKey]rowRead
	free map[newKey]struct{} // neither the id nor the name is taken
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
func (b *batch) readAhead() (asks []ask) {
	if b.alone {
		return nil
	}
	v := reader{key: b.key}
	list := b.lane.take()
	if b.first != nil {
		list, b.first = append(list, b.first), nil
	}
	for _, a := range list {
		key := resourceKey{kindOf(a.Type), text(a.ID)}
		if a.Insert {
			asks = append(asks, v.freeAsk(newKey{key, text(a.Name)}, &b.ahead))
		} else {
			asks = append(asks, v.rowAsk(key, &b.ahead))
		}
	}
	return asks
}

func (v *reader) rowAsk(key resourceKey, into *readAhead) ask {
	return v.ask(rowSQL, func(rows pgx.Rows) error {
		var read rowRead
		err := rows.Scan(read.places()...)
		if into.rows == nil {
			into.rows = make(map[resourceKey]rowRead)
		}
		into.rows[key] = read
		return err
	}, key.id, key.kind)
}

func (v *reader) freeAsk(key newKey, into *readAhead) ask {
	var name any
	if key.name != "" {
		name = key.name
	}
	return v.ask(takenSQL, func(rows pgx.Rows) error {
		var taken *string
		err := rows.Scan(&taken)
		if taken == nil {
			if into.free == nil {
				into.free = make(map[newKey]struct{})
			}
			into.free[key] = struct{}{}
		}
		return err
	}, key.id, int64(0), key.kind, name)
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
	key := resourceKey{kindOf(typ), text(id)}
	read, ok = t.b.ahead.rows[key]
	delete(t.b.ahead.rows, key)
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

// forget makes void all that was read ahead.
func (a *readAhead) forget() { *a = readAhead{} }

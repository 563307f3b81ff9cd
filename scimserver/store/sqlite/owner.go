package sqlite

import (
	"context"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/sqlite/conn"
)

// access is what a transaction is about to do to its tenant.
type access int

const (
	writing access = iota
	loading
	purging
)

// permitted tells whether the owner of the tenant lets this process do it. Nobody but the writer changes owners, so that no
// table need be read.
func (t *tx) permitted() error {
	owner, self := t.owner(t.key), t.s.names.selfOf(t.key)
	if t.r.access == purging {
		owner.Mark = ""
	}
	return owner.Permits(t.key, self, t.r.access == loading)
}

func (t *tx) owner(key string) store.Ownership {
	if o, known := t.ledger.owner(key); known {
		return o
	}
	return t.s.names.owner(key)
}

// owner returns the ownership that the transaction has changed.
func (l *ledger) owner(key string) (o store.Ownership, known bool) {
	for ; l != nil && !known; l = l.outer {
		o, known = l.owners[key]
	}
	return o, known
}

func (l *ledger) setOwner(key string, o store.Ownership) {
	if l.owners == nil {
		l.owners = make(map[string]store.Ownership)
	}
	l.owners[key] = o
}

// owner returns the committed ownership of a tenant.
func (n *names) owner(key string) store.Ownership {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.owners[key]
}

// selfOf returns whom the process acts as.
func (n *names) selfOf(key string) string {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.self[key]
}

// act has the process act as owner for tenants.
func (n *names) act(owner string, tenants map[string]string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for key := range tenants {
		n.self[key] = owner
	}
}

func readOwners(s *session) (map[string]store.Ownership, error) {
	st, err := s.prepare("SELECT key, owner, mark FROM tenant WHERE key IS NOT NULL AND owner IS NOT NULL")
	if err != nil {
		return nil, err
	}
	defer st.Reset()
	owners := map[string]store.Ownership{}
	for {
		row, err := st.Step()
		if err != nil || !row {
			return owners, err
		}
		owners[st.Text(0)] = store.Ownership{Owner: st.Text(1), Mark: st.Text(2)}
	}
}

// Own implements store.Store.
func (s *Store) Own(ctx context.Context, owner string, tenants map[string]string) (others map[string]store.Ownership, err error) {
	s.names.act(owner, tenants)
	if others, all := s.names.ownedBy(owner, tenants); all {
		return others, s.unlessClosed(ctx)
	}
	err = s.writer.update(&request{ctx: ctx, fn: func(t *tx) error {
		others = map[string]store.Ownership{}
		for key, from := range tenants {
			switch o := t.owner(key); {
			case o.Free(owner, from):
				if _, err := t.putOwner(putOwnerSQL, key, store.Ownership{Owner: owner}); err != nil {
					return err
				}
			case o != store.Ownership{Owner: owner}:
				others[key] = o
			}
		}
		return nil
	}})
	return others, err
}

func (s *Store) unlessClosed(ctx context.Context) error {
	if s.readers.closed() {
		return errClosed
	}
	return ctx.Err()
}

// ownedBy tells whether the owner has all of the tenants that it may have.
func (n *names) ownedBy(owner string, tenants map[string]string) (others map[string]store.Ownership, all bool) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	others = map[string]store.Ownership{}
	for key, from := range tenants {
		o := n.owners[key]
		if o.Free(owner, from) {
			return nil, false
		}
		if o != (store.Ownership{Owner: owner}) {
			others[key] = o
		}
	}
	return others, true
}

const putOwnerSQL = `INSERT INTO tenant (key, owner, mark) VALUES (?1, ?2, ?3)
	ON CONFLICT (key) DO UPDATE SET owner = excluded.owner, mark = excluded.mark RETURNING id`

// putOwner makes the tenant if it is not there.
func (t *tx) putOwner(sql, key string, o store.Ownership) (id int64, err error) {
	st, err := t.write(sql)
	if err != nil {
		return 0, err
	}
	st.BindText(1, key)
	bindOptional(st, 2, o.Owner)
	if sql == putOwnerSQL {
		bindOptional(st, 3, o.Mark)
	}
	if id, err = returned(st); err != nil {
		return 0, t.failed(err)
	}
	t.ledger.setTenant(key, id)
	t.ledger.setOwner(key, o)
	return id, nil
}

// returned runs a statement to its end, which has one row.
func returned(st *conn.Stmt) (int64, error) {
	defer st.Reset()
	if row, err := st.Step(); err != nil || !row {
		return 0, err
	}
	id := st.Int64(0)
	_, err := st.Step()
	return id, err
}

// Owner implements store.Store.
func (s *Store) Owner(ctx context.Context, tenant string) (store.Ownership, error) {
	return s.names.owner(tenant), s.unlessClosed(ctx)
}

// PassOwner implements store.Store.
func (s *Store) PassOwner(ctx context.Context, tenant string, from, to store.Ownership) (passed bool, err error) {
	err = s.writer.update(&request{ctx: ctx, fn: func(t *tx) error {
		if passed = t.owner(tenant) == from; !passed {
			return nil
		}
		_, err := t.putOwner(putOwnerSQL, tenant, to)
		return err
	}})
	return passed && err == nil, err
}

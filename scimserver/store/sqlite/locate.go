package sqlite

import (
	"context"

	"github.com/scim-operator/scim-operator/scimserver/store/sqlite/conn"
)

// byID is a query for a resource by its id: its row where a hint says, or by the index.
type byID struct{ hinted, indexed string }

// queryByID makes a query of tenant, id and type.
func queryByID(columns, end string) byID {
	sql := "SELECT " + columns + " FROM resource r WHERE r.tenant = ?1 AND r.id = ?2 AND r.type = ?3"
	return byID{hinted: sql + " AND r.seq = ?4" + end, indexed: sql + end}
}

// locate runs a query whose first columns are recordColumns to its row, if there is one. The statement is to be reset.
func (v *snapshot) locate(q byID, typ, id string) (st *conn.Stmt, row bool, err error) {
	if hint := v.s.hints.find(v.tenant, id); hint != 0 {
		if st, row, err = v.locateBy(q.hinted, typ, id, hint); row || err != nil {
			return st, row, err
		}
		v.drop(st)
	}
	if st, row, err = v.locateBy(q.indexed, typ, id, 0); row {
		v.s.hints.put(v.tenant, id, st.Int64(seqColumn))
	}
	return st, row, err
}

func (v *snapshot) locateBy(sql, typ, id string, hint int64) (*conn.Stmt, bool, error) {
	st, err := v.prepareFirst(sql)
	if err != nil {
		return nil, false, err
	}
	v.bindResource(st, typ, id)
	if hint != 0 {
		st.BindInt64(4, hint)
	}
	row, err := v.step(st)
	if err != nil {
		v.reset(st)
	}
	return st, row, err
}

// drop ends a statement that has found nothing, so that the View need not go on in the state that it has seen.
func (v *snapshot) drop(st *conn.Stmt) {
	st.Reset()
	if st == v.held {
		v.held = nil
	}
}

const (
	hintsSQL = `SELECT tenant, id, seq FROM resource INDEXED BY resource_id WHERE (tenant, id) > (?1, ?2)
		ORDER BY tenant, id LIMIT ?3`
	hintsPortion = 4096
)

// loadHints reads where the resources are, so that those of a store that was opened are found as fast as those in use.
// A failure leaves some out.
func (s *Store) loadHints(ctx context.Context) {
	var last hinted
	for n := 0; n < maxHints; n += hintsPortion {
		if more, err := s.loadSomeHints(ctx, &last); err != nil || !more {
			return
		}
	}
}

// hinted is the resource up to which hints are loaded.
type hinted struct {
	tenant int64
	id     string
}

// loadSomeHints goes on behind the last resource, and tells whether there may be more.
func (s *Store) loadSomeHints(ctx context.Context, last *hinted) (more bool, err error) {
	session, err := s.readers.get(ctx)
	if err != nil {
		return false, err
	}
	defer s.readers.put(session)
	st, err := session.prepare(hintsSQL)
	if err != nil {
		return false, err
	}
	defer st.Reset()
	st.BindInt64(1, last.tenant)
	bindID(st, 2, last.id)
	st.BindInt64(3, hintsPortion)
	for n := 0; ; n++ {
		if row, err := st.Step(); err != nil || !row {
			return n == hintsPortion, err
		}
		last.tenant, last.id = st.Int64(0), idAt(st, 1)
		s.hints.put(last.tenant, last.id, st.Int64(2))
	}
}

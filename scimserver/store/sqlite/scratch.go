package sqlite

import (
	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/sqlite/conn"
)

// scratch is memory of a session for the transient pages of one View after the other. Without it a list of 100 makes
// garbage of as many documents, which takes a quarter of its time.
type scratch struct {
	docs    []byte
	records []store.Record
}

// What of it stays for the next View at most: more than a page of 100 takes.
const (
	keptDocs    = 256 << 10
	keptRecords = 256
)

// forget makes it empty.
func (s *scratch) forget() {
	clear(s.records)
	s.docs, s.records = s.docs[:0], s.records[:0]
	if cap(s.docs) > keptDocs {
		s.docs = nil
	}
	if cap(s.records) > keptRecords {
		s.records = nil
	}
}

// transient tells whether a page may lie in the scratch memory. It stays until the end of a View; a transaction that writes
// shares its session with others.
func (v *snapshot) transient(q store.Query) bool { return q.Transient && v.ledger == nil }

// roomFor is room for some records.
func (v *snapshot) roomFor(q store.Query, n int) []store.Record {
	if s := &v.session.scratch; v.transient(q) {
		return s.records[len(s.records):]
	}
	return make([]store.Record, 0, n)
}

// keepRoom is called with what was appended to the room, so that the next page of the View gets other room.
func (v *snapshot) keepRoom(q store.Query, records []store.Record) {
	s := &v.session.scratch
	switch {
	case !v.transient(q):
	case cap(records) == cap(s.records)-len(s.records):
		s.records = s.records[:len(s.records)+len(records)]
	default: // it was too small
		s.records = records
	}
}

// scanPage is scanRecord for a page.
func (v *snapshot) scanPage(st *conn.Stmt, r *store.Record, q store.Query) {
	if !v.transient(q) {
		scanRecord(st, r, q.Type)
		return
	}
	scanFacts(st, r, q.Type)
	s := &v.session.scratch
	start := len(s.docs)
	s.docs = append(s.docs, st.Peek(5)...)
	r.Doc = s.docs[start:len(s.docs):len(s.docs)]
}

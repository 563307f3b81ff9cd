package sqlite

import (
	"crypto/rand"
	"encoding/hex"
	"slices"

	"github.com/scim-operator/scim-operator/scimserver/store/sqlite/conn"
)

// stream is the row of the table stream, as it is within a batch. It is written once at the end of the batch, as the
// sums of the ledger are.
type stream struct {
	tenant int64
	key    string // of the tenant, for who waits for its events
	epoch  string
	last   int64 // sequence of the latest event
	pruned int64 // sequence of the latest event that is no longer kept
	logs   int64 // sequence of the latest row of the log

	pending, parked int64
}

// streamShift is how many bits of the id of an event or a log row are its sequence.
const streamShift = 40

// streamID is the id of an event or a log row; sequence 0 is before all, 1<<streamShift behind all.
func streamID(tenant, sequence int64) int64 { return tenant<<streamShift + sequence }

func sequenceOf(id int64) int64 { return id & (1<<streamShift - 1) }

func (l *ledger) stream(tenant int64) *stream {
	i := slices.IndexFunc(l.streams, func(s stream) bool { return s.tenant == tenant })
	if i < 0 {
		return nil
	}
	return &l.streams[i]
}

func (l *ledger) putStream(s stream) {
	if own := l.stream(s.tenant); own != nil {
		*own = s
		return
	}
	l.streams = append(l.streams, s)
}

// stream returns the stream of the tenant for change. The transaction has a copy of its own, which the batch takes over
// when it succeeds.
func (t *tx) stream() (*stream, error) {
	if s := t.ledger.stream(t.tenant); s != nil && t.tenant != 0 {
		return s, nil
	}
	if err := t.needTenant(); err != nil {
		return nil, err
	}
	if s := t.b.ledger.stream(t.tenant); s != nil {
		t.ledger.putStream(*s)
		return t.ledger.stream(t.tenant), nil
	}
	s, err := t.readStream()
	if err != nil {
		return nil, err
	}
	if s.epoch == "" {
		var random [8]byte
		_, _ = rand.Read(random[:]) // it never fails
		s.epoch = hex.EncodeToString(random[:])
	}
	s.key = t.r.tenant
	t.ledger.putStream(s)
	return t.ledger.stream(t.tenant), nil
}

const streamSQL = "SELECT epoch, last, pruned, pending, parked, logs FROM stream WHERE tenant = ?1"

// readStream reads the row, zero if there is none.
func (v *snapshot) readStream() (stream, error) {
	st, err := v.prepare(streamSQL)
	if err != nil {
		return stream{}, err
	}
	defer st.Reset()
	st.BindInt64(1, v.tenant)
	row, err := st.Step()
	if err != nil || !row {
		return stream{tenant: v.tenant}, v.failed(err)
	}
	return stream{
		tenant: v.tenant, epoch: st.Text(0), last: st.Int64(1), pruned: st.Int64(2), pending: st.Int64(3),
		parked: st.Int64(4), logs: st.Int64(5),
	}, nil
}

const putStreamSQL = `INSERT INTO stream (tenant, epoch, last, pruned, pending, parked, logs) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
	ON CONFLICT DO UPDATE SET epoch = excluded.epoch, last = excluded.last, pruned = excluded.pruned, pending = excluded.pending,
		parked = excluded.parked, logs = excluded.logs`

// writeStreams puts the streams into their table.
func (l *ledger) writeStreams(s *session) error {
	for i := range l.streams {
		st, err := s.prepare(putStreamSQL)
		if err != nil {
			return err
		}
		bindStream(st, &l.streams[i])
		if err := st.Exec(); err != nil {
			return err
		}
	}
	return nil
}

func bindStream(st *conn.Stmt, s *stream) {
	st.BindInt64(1, s.tenant)
	st.BindText(2, s.epoch)
	for i, n := range [...]int64{s.last, s.pruned, s.pending, s.parked, s.logs} {
		st.BindInt64(3+i, n)
	}
}

// OnCommit implements store.Store.
func (s *Store) OnCommit(fn func(tenant string)) {
	s.onCommit.Store(&commitFuncs{fn: fn, next: s.onCommit.Load()})
}

// commitFuncs is a list of functions.
type commitFuncs struct {
	fn   func(string)
	next *commitFuncs
}

// committed tells who waits for events or log rows.
func (s *Store) committed(streams []stream) {
	for f := s.onCommit.Load(); f != nil; f = f.next {
		for i := range streams {
			f.fn(streams[i].key)
		}
	}
}

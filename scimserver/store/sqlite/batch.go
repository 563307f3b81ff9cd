package sqlite

import (
	"fmt"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// batch is a transaction of SQLite that holds the transactions of several requests. Each of them is
// undone alone when it fails, by a savepoint; the first one that writes needs none.
type batch struct {
	w       *writer
	session *session
	ledger  ledger
	started time.Time
	alone   bool       // it takes in no second request
	dirty   bool       // something was written
	running *request   // the one whose function runs
	members []*request // those that have run, in order
}

func (w *writer) newBatch(alone bool) *batch {
	return &batch{w: w, session: w.session, started: time.Now(), alone: alone}
}

// run begins the batch with a request, takes in those that wait, and commits.
func (b *batch) run(r *request) {
	if err := b.session.exec("BEGIN IMMEDIATE"); err != nil {
		b.refuse(r, classify(err))
		return
	}
	for ; r != nil; r = b.next() {
		if !r.claim(claimed) {
			continue
		}
		if lost := b.perform(r); lost {
			b.repeat()
			return
		}
	}
	b.commit()
}

func (b *batch) refuse(r *request, err error) {
	if r.claim(claimed) {
		r.finish(err)
	}
}

// next returns the next request for this batch, nil if the batch is to be committed now.
func (b *batch) next() *request {
	if b.alone || len(b.members) >= maxBatch || time.Since(b.started) > maxBatchTime {
		return nil
	}
	return b.w.poll()
}

// perform runs one transaction. It tells whether the batch was lost by it, as some failures make
// SQLite roll back everything.
func (b *batch) perform(r *request) (lost bool) {
	b.running = r
	t := newTx(b, r)
	r.err = t.run()
	b.running = nil
	b.members = append(b.members, r)
	if err := t.end(r.err == nil); err != nil {
		r.err = classify(err)
		return true
	}
	return !b.session.conn.InTransaction()
}

// repeat has each transaction of a lost batch run again in one of its own, but for the last one,
// which has lost it.
func (b *batch) repeat() {
	b.session.rollback()
	last := len(b.members) - 1
	for _, r := range b.members[:last] {
		r.owner.Store(waiting)
		r.alone = true
		b.w.again = append(b.w.again, r)
	}
	b.members[last].finish(b.members[last].err)
	b.members = nil
}

// commit makes the batch durable, and then known.
func (b *batch) commit() {
	err := b.ledger.write(b.session)
	if err == nil {
		err = b.session.exec("COMMIT")
	}
	if err != nil {
		b.session.rollback()
		b.finish(fmt.Errorf("%w: commit: %w", store.ErrUnavailable, err))
		return
	}
	b.w.s.names.publish(b.ledger.symbols)
	if b.dirty {
		b.w.s.written.Store(time.Now().UnixNano())
	}
	b.w.s.committed(b.ledger.streams)
	b.finish(nil)
}

// finish gives everybody the outcome: err where there is one, as what a transaction saw has not come
// true, and else its own.
func (b *batch) finish(err error) {
	for _, r := range b.members {
		if err != nil {
			r.err = err
		}
		r.finish(r.err)
	}
	b.members = nil
}

// abort ends a batch in which a function has ended the goroutine.
func (b *batch) abort() {
	b.session.rollback()
	b.members = append(b.members, b.running)
	b.finish(errGoexit)
}

package sqlite

import (
	"cmp"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/sqlite/conn"
)

// batch is a transaction of SQLite that holds the transactions of several requests.
type batch struct {
	w       *writer
	session *session
	ledger  ledger
	started time.Time
	before  int64       // changes of the session
	writes  conn.Tables // that it changes; known before anybody can see it
	alone   bool        // it takes in no second request
	running *request    // the one whose function runs
	members []*request  // those that have run, in order

	waited, joined bool          // it has waited for requests that were expected; one has come meanwhile
	patience       time.Duration // for how long it may still do so

	settled chan struct{} // closed when the batch is durable, or has failed to be
	err     error         // known then
}

func (w *writer) newBatch(alone bool) *batch {
	w.session.writes = 0
	return &batch{
		w: w, session: w.session, started: time.Now(), before: w.session.conn.TotalChanges(), alone: alone,
		settled: make(chan struct{}),
	}
}

// run begins the batch with a request, takes in those that wait, and commits.
func (b *batch) run(r *request) {
	err := b.w.syncer.failed()
	if err == nil {
		err = classify(b.session.exec("BEGIN IMMEDIATE"))
	}
	if err != nil {
		b.refuse(r, err)
		return
	}
	for ; r != nil; r = b.next() {
		if !r.claim(claimed) {
			continue
		}
		if retry := b.perform(r); retry != nil {
			b.session.rollback()
			retry()
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

// next returns the next request for this batch, nil if the batch is to be committed now. While the
// disk is at work with the last batch there is nothing to be gained by committing this one.
func (b *batch) next() *request {
	if b.alone || len(b.members) >= maxBatch || time.Since(b.started) > b.w.maxTime {
		return nil
	}
	r, none := b.w.poll()
	if none && b.w.synced {
		runtime.Gosched() // who is about to send a request does so, if all processors are busy
		r, none = b.w.poll()
	}
	switch {
	case !none:
		return r
	case b.w.synced:
		return b.gather()
	}
	return b.await()
}

// gather waits for a request that is expected, if there is a sync to be spared.
func (b *batch) gather() *request {
	if !b.w.gathering.incomplete(len(b.members)) || b.session.conn.TotalChanges() == b.before {
		return nil
	}
	if !b.waited {
		b.waited, b.patience = true, min(b.w.syncer.took, maxPatience)
	}
	began := time.Now()
	select {
	case r := <-b.w.queue:
		b.joined = true
		b.patience -= time.Since(began)
		return b.w.sharing(r)
	case <-b.w.after(b.patience):
		return nil
	}
}

// await waits for a request or for the disk.
func (b *batch) await() *request {
	select {
	case r := <-b.w.queue:
		return b.w.sharing(r)
	case <-b.w.syncer.idle:
		b.w.synced = true
		return b.next()
	}
}

// perform runs one transaction. Where that does more damage than can be undone alone, it returns
// what is to be done once the batch is rolled back.
func (b *batch) perform(r *request) (retry func()) {
	b.running = r
	t := newTx(b, r)
	r.err = t.run()
	b.running = nil
	b.members = append(b.members, r)
	b.w.saw(len(b.members))
	switch undone, err := t.end(r.err == nil); {
	case err != nil, !b.session.conn.InTransaction():
		r.err = cmp.Or(r.err, classify(err), errLost)
		return b.apart
	case !undone:
		return b.again
	}
	return nil
}

// again has all transactions run again with savepoints, since one of them has failed after a change.
// That is rare: what can be wrong with a request mostly shows before. So no request need bear the
// cost of a savepoint, for which SQLite copies every page that is changed.
func (b *batch) again() {
	for _, r := range b.members {
		r.owner.Store(waiting)
		r.careful = true
	}
	b.w.again = append(b.members, b.w.again...)
}

// apart has each transaction run again in a batch of its own, as some failures make SQLite roll back
// everything; but not the last one, which met the failure.
func (b *batch) apart() {
	last := len(b.members) - 1
	for _, r := range b.members[:last] {
		r.owner.Store(waiting)
		r.alone = true
	}
	b.w.again = append(b.members[:last:last], b.w.again...)
	b.members[last].finish(b.members[last].err)
}

// commit makes the batch visible, and has it made durable, and then known.
func (b *batch) commit() {
	b.w.awaitSync()
	b.w.gathering.ended(len(b.members), b.waited, b.joined)
	syncer := b.w.syncer
	err := syncer.failed()
	if err == nil {
		err = b.write()
	}
	if err != nil {
		b.session.rollback()
	}
	if err != nil || b.session.conn.TotalChanges() == b.before {
		syncer.settle(b, nil)
		b.finish(err)
		return
	}
	b.w.s.names.publish(&b.ledger)
	b.w.synced, b.w.syncing = false, len(b.members)
	syncer.batches <- b
	b.w.log.tend(b.session)
}

// write writes what is left to be written, and commits. Readers must know of the batch before they can see it.
func (b *batch) write() error {
	err := b.ledger.write(b.session)
	if err == nil {
		b.writes = b.session.writes
		b.w.syncer.current.Store(b)
		err = b.session.exec("COMMIT")
	}
	if f, ok := errors.AsType[*store.Fault](classify(err)); ok {
		return f
	}
	if err != nil {
		return fmt.Errorf("%w: commit: %w", store.ErrUnavailable, err)
	}
	return nil
}

// durable is called when the batch has been synced, or has failed to be.
func (b *batch) durable(err error) {
	if err == nil {
		b.w.s.written.Store(time.Now().UnixNano())
		b.w.s.committed(b.ledger.streams)
	}
	b.finish(err)
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
}

// abort ends a batch in which a function has ended the goroutine.
func (b *batch) abort() {
	b.session.rollback()
	b.members = append(b.members, b.running)
	b.finish(errGoexit)
}

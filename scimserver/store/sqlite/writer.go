package sqlite

import (
	"errors"
	"sync"
	"time"
)

// Limits of a batch: whoever is in it waits for the commit at its end.
const (
	maxBatch     = 128
	maxBatchTime = 20 * time.Millisecond
	maxPatience  = time.Millisecond // with requests that are expected, however long a sync takes
	queueLength  = 256
)

// writer runs transactions one after the other on one session. Those that wait while it works are
// committed together, with those that are expected, and one sync makes all of them durable; a lone one waits for nobody.
type writer struct {
	s       *Store
	session *session
	queue   chan *request
	syncer  *syncer
	log     *checkpointer
	synced  bool          // all that was committed is durable
	syncing int           // requests of the batch that was committed last
	maxTime time.Duration // of a batch until it takes in no more
	again   []*request    // to be run before what is in the queue
	batch   *batch        // the one at work
	stopped chan struct{}

	gathering gathering
	after     func(time.Duration) <-chan time.Time // ends a wait for requests

	mu     sync.RWMutex // held to send, so that nothing is sent to a closed queue
	closed bool
}

func newWriter(s *Store, session *session, y *syncer, log *checkpointer) *writer {
	w := &writer{
		s: s, session: session, syncer: y, log: log, synced: true, maxTime: maxBatchTime,
		queue: make(chan *request, queueLength), stopped: make(chan struct{}), after: afterTimer(),
	}
	go w.run()
	return w
}

// update runs a transaction and waits for its outcome.
func (w *writer) update(r *request) error {
	r.done = make(chan struct{})
	if err := w.send(r); err != nil {
		return err
	}
	select {
	case <-r.done:
	case <-r.ctx.Done():
		if r.claim(abandoned) {
			return r.ctx.Err()
		}
		<-r.done
	}
	return r.outcome()
}

func (w *writer) send(r *request) error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.closed {
		return errClosed
	}
	select {
	case w.queue <- r:
		return nil
	case <-r.ctx.Done():
		return r.ctx.Err()
	}
}

// run works until close. A transaction may end the goroutine by runtime.Goexit; then a new one goes on.
func (w *writer) run() {
	drained := false
	defer func() {
		if drained {
			close(w.stopped)
			return
		}
		w.batch.abort()
		go w.run()
	}()
	for r := w.receive(); r != nil; r = w.receive() {
		w.batch = w.newBatch(r.alone)
		w.batch.run(r)
	}
	drained = true
}

// receive waits for the next request, nil when there will be none.
func (w *writer) receive() *request {
	if len(w.again) > 0 {
		r := w.again[0]
		w.again = w.again[1:]
		return r
	}
	return <-w.queue
}

// poll returns a request that waits already and shares its batch. It tells whether none waits.
func (w *writer) poll() (r *request, none bool) {
	if len(w.again) > 0 {
		if w.again[0].alone {
			return nil, false
		}
		return w.receive(), false
	}
	select {
	case r := <-w.queue:
		return w.sharing(r), false
	default:
		return nil, true
	}
}

// saw notes that a batch has so many requests.
func (w *writer) saw(requests int) {
	select {
	case <-w.syncer.idle: // so those of the last batch may have come again
		w.synced = true
	default:
	}
	if !w.synced {
		requests += w.syncing
	}
	w.gathering.saw(requests)
}

// awaitSync waits until all that was committed is durable.
func (w *writer) awaitSync() {
	if !w.synced {
		<-w.syncer.idle
		w.synced = true
	}
}

// sharing puts aside a request that does not share its batch, so that the batch ends.
func (w *writer) sharing(r *request) *request {
	if r == nil || !r.alone {
		return r
	}
	w.again = append(w.again, r)
	return nil
}

// close runs what is in the queue and closes the session.
func (w *writer) close() error {
	w.mu.Lock()
	w.closed = true
	close(w.queue)
	w.mu.Unlock()
	<-w.stopped
	err := errors.Join(w.syncer.close(), w.log.close())
	if w.syncer.failed() != nil {
		w.session.conn.KeepLog()
	}
	return errors.Join(err, w.session.close())
}

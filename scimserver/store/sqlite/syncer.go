package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/sqlite/conn"
)

// syncer makes commits durable. SQLite writes a commit into its log and does not sync it (DelaySync);
// this is done here, while the writer fills the next batch, and whoever asked for a change is answered
// after it.
//
// This is as durable as if COMMIT waited for the disk. A commit is a part of the log with checksums, so
// that after a crash SQLite finds all of it or nothing, and everything before it. What SQLite must have
// on disk in a certain order it syncs by itself: the header of a log that is begun anew, the log before
// pages are moved into the database, the database before the log is begun anew. A commit can be seen
// before it is durable; so whoever has meanwhile read a table that it has changed is answered after the
// sync as well.
//
// A sync that fails leaves unknown what is on disk, and the system may forget that it failed. So the
// store is used no more, and nothing is moved from the log to the database: who opens it next reads the
// log anew, up to the first page that is not whole.
type syncer struct {
	sync    func() error // of the log
	file    *os.File
	batches chan *batch
	idle    chan struct{}         // tells that a batch is durable, and the next may come
	took    time.Duration         // of the last sync; read by who was told that it is over
	current atomic.Pointer[batch] // committed and perhaps not durable
	failure atomic.Pointer[error]
	stopped chan struct{}
}

// newSyncer opens the log that SQLite has made beside the database. SQLite deletes or replaces it
// only when the last connection is closed.
func newSyncer(path string) (*syncer, error) {
	f, err := os.OpenFile(path+"-wal", os.O_RDWR, 0)
	if err != nil {
		return nil, fmt.Errorf("%w: open the log: %w", store.ErrUnavailable, err)
	}
	s := &syncer{
		sync: func() error { return syncData(f) }, file: f,
		batches: make(chan *batch), idle: make(chan struct{}, 1), stopped: make(chan struct{}),
	}
	go s.run()
	return s, nil
}

// run syncs and answers until close.
func (s *syncer) run() {
	defer close(s.stopped)
	for b := range s.batches {
		began := time.Now()
		err := s.sync()
		s.took = time.Since(began)
		if err != nil {
			err = fmt.Errorf("%w: sync of the log: %w: %w", store.ErrUnavailable, err, store.ErrBroken)
			s.failure.Store(&err)
		}
		s.settle(b, err)
		s.idle <- struct{}{}
		b.durable(err)
	}
}

// settle lets those go on who have seen the batch.
func (s *syncer) settle(b *batch, err error) {
	b.err = err
	s.current.Store(nil)
	close(b.settled)
}

// await waits until everything is durable in these tables that was committed before.
func (s *syncer) await(ctx context.Context, read conn.Tables) error {
	b := s.current.Load()
	if b == nil || b.writes&read == 0 {
		return s.failed()
	}
	select {
	case <-b.settled:
		return b.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// failed returns why the store cannot be used any more.
func (s *syncer) failed() error {
	if err := s.failure.Load(); err != nil {
		return *err
	}
	return nil
}

// close waits for the sync that is under way.
func (s *syncer) close() error {
	close(s.batches)
	<-s.stopped
	return errors.Join(s.failed(), s.file.Close())
}

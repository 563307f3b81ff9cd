package sqlite

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// enoughRoom is what a volume must have that was full, in bytes.
const enoughRoom = 1 << 20

// heed remembers that the volume is full: small writes still succeed then, where the log has pages to be written over.
func (s *Store) heed(err error) error {
	if f, ok := errors.AsType[*store.Fault](err); ok && f.Reason == store.FaultFull {
		s.full.Store(true)
	}
	return err
}

// findRoom tells whether a volume that was full has room again.
func (s *Store) findRoom() error {
	if !s.full.Load() {
		return nil
	}
	if err := fillRoom(s.path); err != nil {
		return &store.Fault{Reason: store.FaultFull, Detail: fmt.Sprintf("the volume of the database is full (%v); free some room, or grow it", err), Err: err}
	}
	s.full.Store(false)
	return nil
}

// fillRoom writes a file beside the database, which goes at once.
func fillRoom(path string) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".room-*")
	if err != nil {
		return innermost(err)
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	data := make([]byte, enoughRoom) // random, as zeros may take no room
	_, _ = rand.Read(data)           // it never fails
	if _, err := f.Write(data); err != nil {
		return innermost(err)
	}
	return innermost(f.Sync())
}

// innermost leaves out the path.
func innermost(err error) error {
	if path, ok := errors.AsType[*os.PathError](err); ok {
		return path.Err
	}
	return err
}

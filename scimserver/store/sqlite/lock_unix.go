//go:build unix

package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// fileLock keeps other processes from the database. It ends with the process at the latest.
type fileLock struct{ f *os.File }

// lockFile makes the database file, for its owner alone as it holds personal data, and takes the lock.
func lockFile(path string) (*fileLock, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("%w: %w", store.ErrUnavailable, err)
	}
	db, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", store.ErrUnavailable, err)
	}
	if err := db.Close(); err != nil {
		return nil, fmt.Errorf("%w: %w", store.ErrUnavailable, err)
	}
	return lock(path + ".lock")
}

// awaitLock takes the lock as soon as no other process has it, or says after a time that one still has.
func awaitLock(ctx context.Context, o Options, path string) (*fileLock, error) {
	l, err := lockFile(path)
	if o.LockWait <= 0 || !errors.Is(err, errInUse) {
		return l, err
	}
	if o.Log != nil {
		o.Log.Info("Another process uses the database, waiting for its end", "path", path, "atMost", o.LockWait.String())
	}
	ctx, cancel := context.WithTimeout(ctx, o.LockWait)
	defer cancel()
	look := time.NewTicker(lockLook)
	defer look.Stop()
	for errors.Is(err, errInUse) {
		select {
		case <-ctx.Done():
			return nil, err
		case <-look.C:
			l, err = lockFile(path)
		}
	}
	return l, err
}

const lockLook = 20 * time.Millisecond

var errInUse = errors.New("another process uses the database; stop it first")

func lock(path string) (*fileLock, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", store.ErrUnavailable, err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return &fileLock{f}, nil
	}
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = errInUse
	}
	return nil, errors.Join(fmt.Errorf("%w: lock %s: %w", store.ErrUnavailable, path, err), f.Close())
}

// release gives the lock up by itself, as a process that is being started may still have the file.
func (l *fileLock) release() error {
	return errors.Join(syscall.Flock(int(l.f.Fd()), syscall.LOCK_UN), l.f.Close())
}

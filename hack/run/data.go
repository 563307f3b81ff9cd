package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"syscall"
)

// dataDir is the folder that outlives a run; a lock keeps a second run out of it.
type dataDir struct {
	root string
	lock *os.File

	mu   sync.Mutex
	logs []*os.File
}

func prepare(root string) (*dataDir, error) {
	abs, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	d := &dataDir{root: abs}
	for _, sub := range []string{"bin", "log", "etcd", "servers"} {
		if err := os.MkdirAll(d.path(sub), 0o700); err != nil {
			return nil, err
		}
	}
	d.lock, err = os.OpenFile(d.path("lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(d.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, fmt.Errorf("%s is in use by another run: stop it, or choose another folder with --data", abs)
	}
	return d, nil
}

func (d *dataDir) path(elem ...string) string {
	return filepath.Join(append([]string{d.root}, elem...)...)
}

// log opens log/<name>.log, emptied; where that fails the messages go to stderr.
func (d *dataDir) log(name string) io.Writer {
	f, err := os.Create(d.path("log", name+".log"))
	if err != nil {
		return os.Stderr
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.logs = append(d.logs, f)
	return f
}

func (d *dataDir) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, f := range d.logs {
		_ = f.Close()
	}
	_ = d.lock.Close()
}

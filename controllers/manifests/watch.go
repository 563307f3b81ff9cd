package manifests

import (
	"crypto/sha256"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/fsnotify/fsnotify"

	"github.com/scim-operator/scim-operator/controllers/manifests/folder"
)

// watcher learns of changes from the kernel. Some it never hears of: network file systems, targets of links, a folder that
// was replaced. For those it compares the files.
type watcher struct {
	notify *fsnotify.Watcher // nil: there is none
	signal chan struct{}     // holds one signal: something has changed
	print  [sha256.Size]byte
	log    *slog.Logger
}

func newWatcher(log *slog.Logger) *watcher {
	w := &watcher{signal: make(chan struct{}, 1), log: log}
	notify, err := fsnotify.NewWatcher()
	if err != nil {
		log.Warn("changes of files are noticed later than usual: the system does not announce them", "error", err)
		return w
	}
	w.notify = notify
	go w.follow()
	return w
}

// follow makes signals of events. An overflow of the kernel's queue is one as well.
func (w *watcher) follow() {
	for {
		select {
		case e, ok := <-w.notify.Events:
			if !ok {
				return
			}
			if matters(e) {
				signal(w.signal)
			}
		case err, ok := <-w.notify.Errors:
			if !ok {
				return
			}
			w.log.Debug("watching files", "error", err)
			signal(w.signal)
		}
	}
}

// matters passes over what changes often and means nothing, such as writes to a database in the same folder.
func matters(e fsnotify.Event) bool {
	switch e.Op {
	case fsnotify.Chmod:
		return false
	case fsnotify.Write:
		return folder.IsManifest(filepath.Base(e.Name))
	}
	return true
}

func signal(ch chan<- struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

func (w *watcher) events() <-chan struct{} { return w.signal }

// add watches folders, those that are there. It may be called again and again: a folder that was replaced is another one.
func (w *watcher) add(folders ...string) {
	if w.notify == nil {
		return
	}
	for _, f := range folders {
		if err := w.notify.Add(f); err != nil && !os.IsNotExist(err) {
			w.log.Debug("folder is not watched", "folder", f, "error", err)
		}
	}
}

func (w *watcher) close() {
	if w.notify != nil {
		_ = w.notify.Close()
	}
}

// differs tells whether files are others than at the call before.
func (w *watcher) differs(files []string) bool {
	h := sha256.New()
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			fmt.Fprintf(h, "%q absent\n", f)
			continue
		}
		fmt.Fprintf(h, "%q %d %d %o\n", f, info.Size(), info.ModTime().UnixNano(), info.Mode())
	}
	before := w.print
	h.Sum(w.print[:0])
	return w.print != before
}

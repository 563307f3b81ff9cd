package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/postgres/pgtest"
)

// volume is a small file system of a test's own.
type volume string

func newVolume(tb testing.TB, bytes int) volume {
	tb.Helper()
	dir, err := os.MkdirTemp("", "scim-volume-")
	if err != nil {
		tb.Fatal(err)
	}
	if err := syscall.Mount("scim-test", dir, "tmpfs", 0, fmt.Sprintf("size=%d,mode=0755", bytes)); err != nil {
		_ = os.Remove(dir)
		tb.Skipf("a full disk needs a file system of its own, and only root may mount one: %v", err)
	}
	tb.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			tb.Error(err)
		}
		_ = os.Remove(dir)
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		tb.Fatal(err)
	}
	return volume(dir)
}

func (v volume) ballast() string { return filepath.Join(string(v), "ballast") }

// fill takes all room but some bytes.
func (v volume) fill(tb testing.TB, but int64) {
	tb.Helper()
	f, err := os.Create(v.ballast())
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	const page = 4 << 10
	for size, chunk := int64(0), int64(16<<20); chunk >= page; {
		if v.room(tb)-but < chunk || errors.Is(syscall.Fallocate(int(f.Fd()), 0, size, chunk), syscall.ENOSPC) {
			chunk /= 2
		} else {
			size += chunk
		}
	}
}

func (v volume) room(tb testing.TB) int64 {
	tb.Helper()
	var s syscall.Statfs_t
	if err := syscall.Statfs(string(v), &s); err != nil {
		tb.Fatal(err)
	}
	return int64(s.Bavail) * s.Bsize
}

// free gives the room back.
func (v volume) free(tb testing.TB) {
	tb.Helper()
	if err := os.Remove(v.ballast()); err != nil {
		tb.Fatal(err)
	}
}

// writer notes what it has written.
type writer struct {
	s            *Store
	acknowledged []string
}

// until writes until the store refuses, and returns why.
func (w *writer) until(ctx context.Context) error {
	for ctx.Err() == nil {
		name := fmt.Sprint("note-", len(w.acknowledged))
		err := w.s.Update(ctx, "a/b", func(t store.Writer) error {
			r := store.Record{Type: store.TypeUser, ID: name, Doc: incompressible(), Created: time.Now(), Modified: time.Now()}
			r.Keys.Name = name
			_, err := t.Insert(ctx, r)
			return err
		})
		if err != nil {
			return err
		}
		w.acknowledged = append(w.acknowledged, name)
	}
	return ctx.Err()
}

func incompressible() []byte {
	var text strings.Builder
	for range 300 {
		text.WriteString(rand.Text())
	}
	return fmt.Appendf(nil, `{"fill":%q}`, text.String())
}

func (w *writer) verify(tb testing.TB) {
	tb.Helper()
	err := w.s.View(tb.Context(), "a/b", func(r store.Reader) error {
		for _, name := range w.acknowledged {
			if _, err := r.Get(tb.Context(), store.TypeUser, name); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		return nil
	})
	if err != nil {
		tb.Error(err)
	}
}

// TestFullDisk: tables cannot grow, so that writes fail and reads succeed; then the log cannot, and PostgreSQL ends by itself. With room
// again everything goes on, and whatever was acknowledged is there.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	v := newVolume(t, 96<<20)
	server, err := pgtest.Start(t.Context(), pgtest.Options{Dir: filepath.Join(string(v), "data")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	w := &writer{s: openFor(t, Options{URI: server.URI("postgres")})}
	works(t, w.s)
	admit(t, server, "SELECT pg_switch_wal()") // so that the log has room for longer than tables
	works(t, w.s)
	admit(t, server, "CHECKPOINT")
	v.fill(t, 256<<10)
	f := store.FaultOf(w.until(t.Context()))
	if f == nil || f.Reason != store.FaultFull || !strings.Contains(f.Detail, "make room") {
		t.Fatalf("on a full disk: %v\n%s", f, server.LogTail())
	}
	t.Log(f.Detail)
	w.verify(t)
	if f := store.FaultOf(w.s.Ping(t.Context())); f == nil || f.Reason != store.FaultFull { // although a row would fit
		t.Errorf("Ping: %v", f)
	}
	v.free(t)
	if err := w.s.Ping(t.Context()); err != nil {
		t.Errorf("Ping with room again: %v", err)
	}
	works(t, w.s)

	v.fill(t, 0)
	growLog(t, server)
	if f := store.FaultOf(w.until(t.Context())); f == nil || f.Reason != store.FaultUnreachable && f.Reason != store.FaultFull {
		t.Errorf("the log cannot grow: %v", f)
	}
	<-server.Ended()
	w.s.written.Store(0)
	refused(t, w.s, store.FaultUnreachable)
	v.free(t)
	if err := server.Launch(t.Context()); err != nil {
		t.Fatal(err)
	}
	works(t, w.s)
	w.verify(t)
	if err := w.s.Ping(t.Context()); err != nil {
		t.Errorf("Ping in the end: %v", err)
	}
}

// growLog writes until the log has no room, which PostgreSQL ends for: it cannot repair itself without room either.
func growLog(tb testing.TB, server *pgtest.Server) {
	tb.Helper()
	for range 100 {
		if pgtest.Execute(tb.Context(), server.URI("postgres"), "UPDATE probe SET at = at + 1", "SELECT pg_switch_wal()") != nil {
			return
		}
	}
	tb.Fatal("the log finds room on a full disk")
}

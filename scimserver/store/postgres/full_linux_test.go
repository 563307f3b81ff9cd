package postgres

import (
	"context"
	"crypto/rand"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/postgres/pgtest"
	"github.com/scim-operator/scim-operator/test/program"
)

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
	v := program.NewVolume(t, 96<<20)
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
	v.Fill(t, 256<<10)
	f := store.FaultOf(w.until(t.Context()))
	if f == nil || f.Reason != store.FaultFull || !strings.Contains(f.Detail, "make room") {
		t.Fatalf("on a full disk: %v\n%s", f, server.LogTail())
	}
	t.Log(f.Detail)
	w.verify(t)
	if f := store.FaultOf(w.s.Ping(t.Context())); f == nil || f.Reason != store.FaultFull { // although a row would fit
		t.Errorf("Ping: %v", f)
	}
	v.Free(t)
	if err := w.s.Ping(t.Context()); err != nil {
		t.Errorf("Ping with room again: %v", err)
	}
	works(t, w.s)

	v.Fill(t, 0)
	growLog(t, server)
	if f := store.FaultOf(w.until(t.Context())); f == nil || f.Reason != store.FaultUnreachable && f.Reason != store.FaultFull {
		t.Errorf("the log cannot grow: %v", f)
	}
	<-server.Ended()
	w.s.written.Store(0)
	refused(t, w.s, store.FaultUnreachable)
	v.Free(t)
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

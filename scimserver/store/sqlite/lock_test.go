package sqlite

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// note tells of each line of a log.
type note chan string

func (n note) Write(p []byte) (int, error) {
	n <- string(p)
	return len(p), nil
}

// TestOpenWaits: a server waits for the one before it, says so, and serves as soon as that has ended.
func TestOpenWaits(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "scim.db")
	first, err := Open(t.Context(), Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	said, opened := make(note, 8), make(chan error, 1)
	var next *Store
	go func() {
		var err error
		next, err = Open(t.Context(), Options{Path: path, LockWait: time.Minute, Log: slog.New(slog.NewTextHandler(said, nil))})
		opened <- err
	}()
	if line := <-said; !strings.Contains(line, "waiting for its end") {
		t.Errorf("it says %q", line)
	}
	select {
	case err := <-opened:
		t.Fatalf("opened a database in use: %v", err)
	default:
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-opened; err != nil {
		t.Fatal(err)
	}
	if err := next.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestOpenLosesPatience(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "scim.db")
	first, err := Open(t.Context(), Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = first.Close() })
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, tc := range map[string]struct {
		ctx  context.Context
		wait time.Duration
	}{"in time": {t.Context(), 50 * time.Millisecond}, "with the context": {ended, time.Hour}} {
		if _, err := Open(tc.ctx, Options{Path: path, LockWait: tc.wait}); !errors.Is(err, errInUse) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

package app

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// TestSettler: memory is given back when configurations have stopped coming, the program's pages once.
func TestSettler(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var heap, pages int
		s := newSettler()
		s.heap = func() { heap++ }
		s.pages = func() error { pages++; return errors.New("not here") }
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- s.run(ctx) }()
		after := func(d time.Duration, wantHeap, wantPages int) {
			t.Helper()
			<-time.After(d)
			synctest.Wait()
			if heap != wantHeap || pages != wantPages {
				t.Errorf("gave back the heap %d times and pages %d times, want %d and %d", heap, pages, wantHeap, wantPages)
			}
		}
		after(time.Minute, 0, 0)
		notify(s.wake)
		after(time.Second, 0, 0)
		notify(s.wake)
		after(1500*time.Millisecond, 0, 0)
		after(time.Second, 1, 1)
		notify(s.wake)
		after(time.Minute, 2, 1)
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("run: %v", err)
		}
	})
}

package limit

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestGate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := NewGate(2)
		for range 2 {
			if _, ok := g.Enter(t.Context()); !ok {
				t.Fatal("a free slot was not given")
			}
		}
		var entered, left sync.WaitGroup
		for range 2 * linePerSlot {
			entered.Add(1)
			left.Go(func() {
				_, ok := g.Enter(t.Context())
				entered.Done()
				if !ok {
					t.Error("one in line got no slot")
					return
				}
				<-time.After(time.Second) // of the bubble
				g.Leave()
			})
		}
		synctest.Wait()
		began := time.Now()
		if after, ok := g.Enter(t.Context()); ok || after != afterFull || time.Since(began) != 0 {
			t.Errorf("behind a full line: %v, %v after %v; want to be turned away at once", after, ok, time.Since(began))
		}
		g.Leave()
		g.Leave()
		entered.Wait()
		left.Wait()
		if took := time.Since(began); took != linePerSlot*time.Second {
			t.Errorf("the line took %v, two at a time are %v", took, linePerSlot*time.Second)
		}
	})
}

func TestGateLosesPatience(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := NewGate(1)
		g.Enter(t.Context())
		began := time.Now()
		if after, ok := g.Enter(t.Context()); ok || after != afterTimeout || time.Since(began) != longestWait {
			t.Errorf("%v, %v after %v", after, ok, time.Since(began))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began = time.Now()
		if _, ok := g.Enter(ctx); ok || time.Since(began) != time.Second {
			t.Errorf("%v after %v, the context ended after a second", ok, time.Since(began))
		}
		g.Leave()
		if _, ok := g.Enter(t.Context()); !ok {
			t.Error("those that gave up hold a slot")
		}
	})
}

func TestNoGate(t *testing.T) {
	t.Parallel()
	if g := NewGate(0); g != nil {
		t.Error("zero is a bound")
	}
}

package limit

import (
	"context"
	"sync/atomic"
	"time"
)

// Bounds of the line in front of a Gate.
const (
	linePerSlot  = 4                // requests that may wait, for each one at work
	longestWait  = 10 * time.Second // then the one that waits is turned away
	afterFull    = time.Second      // is when to try again where the line is full
	afterTimeout = 5 * time.Second  // where nothing has moved for longestWait
)

// Gate bounds how many requests are at work at the same time. Some more wait in line for their turn; those beyond are
// turned away at once. It is safe for concurrent use.
type Gate struct {
	slots   chan struct{} // one for each request at work
	waiting atomic.Int64
	line    int64 // that may wait
	patient time.Duration
}

// NewGate returns a Gate for so many requests at the same time, nil for zero: no bound.
func NewGate(concurrent int) *Gate {
	if concurrent <= 0 {
		return nil
	}
	return &Gate{slots: make(chan struct{}, concurrent), line: int64(linePerSlot * concurrent), patient: longestWait}
}

// Enter waits for a slot, which Leave gives back. If there is none to be had, retryAfter is the time until it makes sense
// to ask again, in whole seconds and at least one. A ctx that ends, ends the wait.
func (g *Gate) Enter(ctx context.Context) (retryAfter time.Duration, ok bool) {
	select {
	case g.slots <- struct{}{}:
		return 0, true
	default:
	}
	if g.waiting.Add(1) > g.line {
		g.waiting.Add(-1)
		return afterFull, false
	}
	defer g.waiting.Add(-1)
	timer := time.NewTimer(g.patient)
	defer timer.Stop()
	select {
	case g.slots <- struct{}{}:
		return 0, true
	case <-ctx.Done():
		return afterFull, false
	case <-timer.C:
		return afterTimeout, false
	}
}

// Leave gives the slot back that Enter has given.
func (g *Gate) Leave() { <-g.slots }

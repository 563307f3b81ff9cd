package app

import (
	"context"
	"runtime/debug"
	"time"
)

// settleAfter is how long nothing must have changed until memory is given back.
const settleAfter = 2 * time.Second

// settler gives memory back that only the start, or a new configuration, has needed: garbage, and once the pages of the
// program. Most of an idle server's resident set are pages of its program that only the start has run through; the kernel
// brings back from its cache what is needed again.
type settler struct {
	wake  chan struct{} // holds one signal: there is another configuration
	after time.Duration
	heap  func()
	pages func() error
}

func newSettler() *settler {
	return &settler{wake: make(chan struct{}, 1), after: settleAfter, heap: debug.FreeOSMemory, pages: dropProgram}
}

// run waits for configurations until ctx ends.
func (s *settler) run(ctx context.Context) error {
	timer := time.NewTimer(s.after)
	defer timer.Stop()
	timer.Stop()
	dropped := false
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.wake:
			timer.Reset(s.after)
		case <-timer.C:
			s.heap()
			if !dropped {
				_ = s.pages() // it is an economy, no more
				dropped = true
			}
		}
	}
}

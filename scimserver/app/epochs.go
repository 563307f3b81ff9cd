package app

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"
)

// epochs tell when all requests have ended that began before now. A request may use a tenant that a swap has taken away
// until its end.
type epochs struct {
	mu      sync.Mutex
	current *epoch
}

type epoch struct {
	running int
	closed  bool // no more requests enter
	ended   chan struct{}
}

// track counts the requests that next is answering.
func (e *epochs) track(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mine := e.enter()
		defer e.leave(mine)
		next.ServeHTTP(w, r)
	})
}

func (e *epochs) enter() *epoch {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.current == nil {
		e.current = &epoch{ended: make(chan struct{})}
	}
	e.current.running++
	return e.current
}

func (e *epochs) leave(mine *epoch) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if mine.running--; mine.closed && mine.running == 0 {
		close(mine.ended)
	}
}

// wait returns when every request that is running now has ended, with an error when that takes too long.
func (e *epochs) wait(ctx context.Context, limit time.Duration) error {
	e.mu.Lock()
	old := e.current
	e.current = nil
	if old != nil {
		if old.closed = true; old.running == 0 {
			close(old.ended)
		}
	}
	e.mu.Unlock()
	if old == nil {
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, errors.New("requests that began earlier do not end"))
	defer cancel()
	select {
	case <-old.ended:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

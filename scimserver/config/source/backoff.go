package source

import (
	"context"
	"math/rand/v2"
	"time"
)

// Backoff spaces attempts: each wait is up to twice as long as the one before, half of it by chance, so that servers
// which lost the API server together do not return together. The zero Backoff begins at 200 ms and ends at 10 s.
type Backoff struct {
	First, Max time.Duration
	next       time.Duration
}

// Reset makes the next wait a first one.
func (b *Backoff) Reset() { b.next = 0 }

// Wait blocks; the error is ctx's.
func (b *Backoff) Wait(ctx context.Context) error {
	t := time.NewTimer(b.step())
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

func (b *Backoff) step() time.Duration {
	first, limit := b.First, b.Max
	if first <= 0 {
		first, limit = 200*time.Millisecond, 10*time.Second
	}
	if b.next == 0 {
		b.next = first
	}
	d := b.next
	b.next = min(2*d, max(limit, first))
	return d/2 + rand.N(d/2+1)
}

package load

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/scim-operator/scim-operator/test/bench/wire"
)

// Operation is one kind of request. Its functions are called by all workers at the same time.
type Operation struct {
	Name   string
	Status int // of every answer; another one ends the run

	// Next puts the next request into w.Method, w.Path and w.Body. False: there is nothing left to do.
	Next func(w *Worker) bool
	// Done is told of a success, nil: nobody is. Keep gives it the body.
	Done func(w *Worker, a wire.Answer) error
	Keep bool
}

// Worker is a connection and its next request.
type Worker struct {
	Number int
	Rand   *rand.Rand
	Item   int // what Next has chosen, for Done

	Method     string
	Path, Body []byte // as of wire.Client; an empty body is none

	client    wire.Client
	latencies []time.Duration
}

// Send sends the request.
func (w *Worker) Send(c wire.Client, keep bool) (wire.Answer, error) {
	if len(w.Body) == 0 {
		return c.Do(w.Method, w.Path, nil, keep)
	}
	return c.Do(w.Method, w.Path, w.Body, keep)
}

// Pool is the connections to one server.
type Pool struct {
	workers []*Worker
	merged  []time.Duration
}

// Dial makes n clients.
func Dial(ctx context.Context, dial wire.Dialer, t wire.Target, n int) (*Pool, error) {
	p := &Pool{}
	for i := range n {
		client, err := dial(ctx, t)
		if err != nil {
			return nil, errors.Join(err, p.Close())
		}
		p.workers = append(p.workers, &Worker{Number: i, Rand: rand.New(rand.NewPCG(uint64(i), 1)), client: client})
	}
	return p, nil
}

// Close closes the connections.
func (p *Pool) Close() (err error) {
	for _, w := range p.workers {
		err = errors.Join(err, w.client.Close())
	}
	return err
}

// Round is what was measured.
type Round struct {
	Count    int
	Elapsed  time.Duration
	P50, P99 time.Duration
	Bytes    int64 // of bodies
}

// PerSecond is the throughput.
func (r Round) PerSecond() float64 {
	if r.Elapsed <= 0 {
		return 0
	}
	return float64(r.Count) / r.Elapsed.Seconds()
}

// grace is how long the last answers of a round may take.
const grace = 2 * time.Minute

// Run drives the operation until the limit, or without one until Next ends it.
func (p *Pool) Run(ctx context.Context, op Operation, limit time.Duration) (Round, error) {
	group, ctx := errgroup.WithContext(ctx)
	start := time.Now()
	bytes := make([]int64, len(p.workers))
	for i, w := range p.workers {
		group.Go(func() (err error) {
			bytes[i], err = w.run(ctx, op, start, limit)
			return err
		})
	}
	err := group.Wait()
	r := p.summary(time.Since(start))
	for _, n := range bytes {
		r.Bytes += n
	}
	return r, err
}

func (w *Worker) run(ctx context.Context, op Operation, start time.Time, limit time.Duration) (bytes int64, err error) {
	w.latencies = w.latencies[:0]
	deadline := time.Time{}
	if limit > 0 {
		deadline = start.Add(limit + grace)
	}
	if err := w.client.SetDeadline(deadline); err != nil {
		return 0, err
	}
	for last := start; (limit <= 0 || last.Sub(start) < limit) && ctx.Err() == nil && op.Next(w); {
		begin := time.Now()
		a, err := w.Send(w.client, op.Keep)
		if err != nil {
			return bytes, fmt.Errorf("%s: %w", op.Name, err)
		}
		last = time.Now()
		w.latencies = append(w.latencies, last.Sub(begin))
		bytes += a.Bytes
		if err := op.finish(w, a); err != nil {
			return bytes, err
		}
	}
	return bytes, ctx.Err()
}

func (op Operation) finish(w *Worker, a wire.Answer) error {
	if a.Status != op.Status {
		return fmt.Errorf("%s: answer %d instead of %d: %s", op.Name, a.Status, op.Status, a.Body)
	}
	if op.Done == nil {
		return nil
	}
	if err := op.Done(w, a); err != nil {
		return fmt.Errorf("%s: %w", op.Name, err)
	}
	return nil
}

func (p *Pool) summary(elapsed time.Duration) Round {
	p.merged = p.merged[:0]
	for _, w := range p.workers {
		p.merged = append(p.merged, w.latencies...)
	}
	slices.Sort(p.merged)
	return Round{Count: len(p.merged), Elapsed: elapsed, P50: Percentile(p.merged, 50), P99: Percentile(p.merged, 99)}
}

// Percentile is the smallest of the sorted values that at least p of 100 do not exceed; 0 if there are none.
func Percentile(sorted []time.Duration, p int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[(len(sorted)*p+99)/100-1]
}

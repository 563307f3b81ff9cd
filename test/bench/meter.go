package main

import (
	"context"
	"errors"
	"os"
	"slices"
	"time"

	"github.com/scim-operator/scim-operator/test/bench/load"
	"github.com/scim-operator/scim-operator/test/bench/report"
	"github.com/scim-operator/scim-operator/test/bench/wire"
	"github.com/scim-operator/scim-operator/test/program"
)

// subject is a server process under load.
type subject struct {
	target   wire.Target
	pid      int
	database int // the process of a database of its own, whose children work for the server; 0: none
}

// measured is an operation of the server and what it is compared with.
type measured struct {
	load.Operation
	group int  // members of the group, -1: none
	write bool // compared with a POST to the bare server, else with a GET
}

// series are operations that go in turn, since one undoes what the other does. restore ends what is left undone.
type series struct {
	ops     []measured
	restore *load.Operation
}

// name of a series is that of its operations.
func (s series) name() (name string) {
	for i, op := range s.ops {
		if i > 0 {
			name += " and "
		}
		name += op.Name
	}
	return name
}

// meter measures a server beside the bare one, in rounds that alternate, as other processes disturb both.
type meter struct {
	rounds       int
	retries      int
	round        time.Duration
	server, bare subject
	pool         *load.Pool
	barePool     *load.Pool
	bareRead     load.Operation
	bareWrite    load.Operation
}

func newMeter(ctx context.Context, s settings, server, bare subject) (*meter, error) {
	m := &meter{rounds: s.rounds, retries: s.retries, round: s.round, server: server, bare: bare}
	m.bareRead, m.bareWrite = bareOperations()
	dial, err := wire.Clients(s.client)
	if err != nil {
		return nil, err
	}
	if m.pool, err = load.Dial(ctx, dial, server.target, s.connections); err != nil {
		return nil, err
	}
	if m.barePool, err = load.Dial(ctx, dial, bare.target, s.connections); err != nil {
		return nil, errors.Join(err, m.pool.Close())
	}
	return m, nil
}

func (m *meter) close() error { return errors.Join(m.pool.Close(), m.barePool.Close()) }

// sample is one round of an operation and the round of the bare server before it.
type sample struct{ server, bare timed }

// timed is a round and the processor time that it took.
type timed struct {
	load.Round
	serverCPU, clientCPU time.Duration // the server's with its database
	databaseCPU          time.Duration
	others               float64 // share of the processors that none of them has used
}

// cpu is the processor time of client and server together for one request. Where both compete for the same processors it
// says what the throughput is worth, whatever else runs there.
func (t timed) cpu() float64 { return micros(t.serverCPU+t.clientCPU, t.Count) }

// run measures a series.
func (m *meter) run(ctx context.Context, s series) ([]report.Operation, error) {
	samples := make([][]sample, len(s.ops))
	for round := -1; round < m.rounds; round++ { // the first is for warming up
		for i, op := range s.ops {
			taken, err := m.calmest(ctx, op, min(round+1, 1)*m.retries)
			if err != nil {
				return nil, err
			}
			if round >= 0 && taken.server.Count > 0 {
				samples[i] = append(samples[i], taken)
			}
		}
		if err := m.undo(ctx, s); err != nil {
			return nil, err
		}
	}
	figures := make([]report.Operation, len(s.ops))
	for i, op := range s.ops {
		figures[i] = summarise(samples[i])
		figures[i].Name, figures[i].Group = op.Name, op.group
	}
	return figures, nil
}

// undo ends what a round has left undone, unmeasured.
func (m *meter) undo(ctx context.Context, s series) error {
	if s.restore == nil {
		return nil
	}
	_, err := m.pool.Run(ctx, *s.restore, 0)
	return err
}

// calm is the share of the processors that other programs may take.
const calm = 0.1

// calmest takes samples until one is calm, and returns that which other programs have disturbed least.
func (m *meter) calmest(ctx context.Context, op measured, retries int) (best sample, err error) {
	for {
		s, err := m.sample(ctx, op)
		if err != nil {
			return s, err
		}
		if s.server.Count > 0 && (best.server.Count == 0 || s.disturbance() < best.disturbance()) {
			best = s
		}
		if retries--; retries < 0 || s.server.Count == 0 || best.disturbance() <= calm {
			return best, nil
		}
	}
}

func (s sample) disturbance() float64 { return max(s.server.others, s.bare.others) }

func (m *meter) sample(ctx context.Context, op measured) (s sample, err error) {
	beside := m.bareRead
	if op.write {
		beside = m.bareWrite
	}
	if s.bare, err = m.timed(ctx, m.barePool, m.bare, beside); err != nil {
		return s, err
	}
	s.server, err = m.timed(ctx, m.pool, m.server, op.Operation)
	return s, err
}

// timed runs one round.
func (m *meter) timed(ctx context.Context, pool *load.Pool, on subject, op load.Operation) (t timed, err error) {
	before, err := readClocks(on)
	if err != nil {
		return t, err
	}
	if t.Round, err = pool.Run(ctx, op, m.round); err != nil {
		return t, err
	}
	after, err := readClocks(on)
	t.databaseCPU = after.database - before.database
	t.serverCPU, t.clientCPU = after.server-before.server, after.client-before.client
	if total := after.all - before.all; total > 0 {
		t.others = max(0, float64(after.used-before.used-t.serverCPU-t.clientCPU)/float64(total))
	}
	return t, err
}

// clocks are processor times.
type clocks struct{ server, database, client, used, all time.Duration }

func readClocks(of subject) (c clocks, err error) {
	if c.server, err = program.CPU(of.pid); err != nil {
		return c, err
	}
	if of.database != 0 {
		if c.database, err = program.FamilyCPU(of.database); err != nil {
			return c, err
		}
		c.server += c.database
	}
	if of.pid != os.Getpid() {
		if c.client, err = program.CPU(os.Getpid()); err != nil {
			return c, err
		}
	}
	c.used, c.all, err = busy()
	return c, err
}

func summarise(samples []sample) report.Operation {
	of := func(figure func(s sample) float64) float64 { return median(samples, figure) }
	return report.Operation{
		PerSecond: of(func(s sample) float64 { return s.server.PerSecond() }),
		P50:       of(func(s sample) float64 { return milliseconds(s.server.P50) }),
		P99:       of(func(s sample) float64 { return milliseconds(s.server.P99) }),
		Ratio:     of(func(s sample) float64 { return s.server.PerSecond() / s.bare.PerSecond() }),
		CPU:       of(func(s sample) float64 { return micros(s.server.serverCPU, s.server.Count) }),
		Database:  of(func(s sample) float64 { return micros(s.server.databaseCPU, s.server.Count) }),
		CPURatio:  of(func(s sample) float64 { return s.bare.cpu() / s.server.cpu() }),
		Bare:      of(func(s sample) float64 { return s.bare.PerSecond() }),
		BareCPU:   of(func(s sample) float64 { return micros(s.bare.serverCPU, s.bare.Count) }),
		Others:    of(func(s sample) float64 { return s.server.others }),
	}
}

func micros(d time.Duration, count int) float64 {
	return float64(d) / float64(time.Microsecond) / float64(max(1, count))
}

func median[T any](list []T, of func(T) float64) float64 {
	if len(list) == 0 {
		return 0
	}
	values := make([]float64, len(list))
	for i, item := range list {
		values[i] = of(item)
	}
	slices.Sort(values)
	middle := len(values) / 2
	if len(values)%2 == 1 {
		return values[middle]
	}
	return (values[middle-1] + values[middle]) / 2
}

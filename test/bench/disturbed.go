package main

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/admin"
	"github.com/scim-operator/scim-operator/test/bench/load"
	"github.com/scim-operator/scim-operator/test/bench/report"
	"github.com/scim-operator/scim-operator/test/bench/wire"
)

// waiting is how many events wait for the application that never answers.
const waiting = 1000

// measureDead delivers in rounds with and without another tenant whose application hangs.
func (p *plant) measureDead(ctx context.Context) error {
	var with, without []report.Delivery
	d := report.Dead{Waiting: min(waiting, p.application)}
	for round := -1; round < 2*p.rounds; round++ { // the first makes the other tenant's users
		if err := p.otherTenant(ctx, round < 0 || round%2 == 0); err != nil {
			return err
		}
		if round < 0 {
			if err := p.fillOther(ctx, d.Waiting); err != nil {
				return err
			}
			continue
		}
		figures, err := p.deliver(ctx)
		if err != nil {
			return err
		}
		if round%2 == 0 {
			with = append(with, figures)
		} else {
			without = append(without, figures)
		}
	}
	d.With, d.Without = medianDelivery(with), medianDelivery(without)
	p.figures.Dead = &d
	return nil
}

// otherTenant has the server serve the other tenant, or no longer.
func (p *plant) otherTenant(ctx context.Context, serve bool) error {
	is, err := p.serves(ctx)
	if err != nil || is == serve {
		return err
	}
	change := p.other.remove
	if serve {
		change = p.other.write
	}
	if err := change(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, settleWithin)
	defer cancel()
	for is != serve {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
		if is, err = p.serves(ctx); err != nil {
			return err
		}
	}
	return nil
}

// serves tells whether the server has the other tenant.
func (p *plant) serves(ctx context.Context) (bool, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.server.Address+p.other.Base+"/Users?count=0", nil)
	if err != nil {
		return false, err
	}
	r.Header.Set("Authorization", "Bearer "+p.other.Token)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return false, err
	}
	return res.StatusCode == http.StatusOK, res.Body.Close()
}

func (p *plant) fillOther(ctx context.Context, users int) error {
	t := wire.Target{Address: p.server.Address, Base: p.other.Base, Token: p.other.Token}
	features, err := readProvider(ctx, t)
	if err == nil {
		_, _, err = populate(ctx, t, features, users)
	}
	return err
}

// meantime are the requests that go on during a re-mapping.
func (p *plant) meantime() []measured {
	var ops []measured
	for _, op := range slices.Concat(p.directory.userReads(), p.directory.userWrites()) {
		if op.Name == report.Get || op.Name == report.Patch {
			ops = append(ops, op)
		}
	}
	return ops
}

// measureRemap puts in force a mapping that changes every member, and drives requests until all users are mapped by it.
func (p *plant) measureRemap(ctx context.Context) error {
	ops := p.meantime()
	for _, op := range ops { // for warming up
		if _, err := p.meter.pool.Run(ctx, op.Operation, p.round); err != nil {
			return err
		}
	}
	before := make([][]load.Round, len(ops))
	for range p.rounds {
		if err := p.eachOnce(ctx, ops, before); err != nil {
			return err
		}
	}
	state, err := p.state(ctx)
	if err != nil {
		return err
	}
	seconds, during, err := p.remapUnder(ctx, ops)
	if err != nil {
		return err
	}
	p.figures.Remap = &report.Remap{Users: int(state.Users), Seconds: seconds} // also those that were created to measure that
	for i, op := range ops {
		p.figures.Remap.Requests = append(p.figures.Remap.Requests, report.Meantime{
			Name: op.Name, Before: median(before[i], load.Round.PerSecond), During: median(during[i], load.Round.PerSecond),
		})
	}
	return nil
}

// eachOnce adds a round of each operation.
func (p *plant) eachOnce(ctx context.Context, ops []measured, rounds [][]load.Round) error {
	for i, op := range ops {
		r, err := p.meter.pool.Run(ctx, op.Operation, p.round)
		if err != nil {
			return err
		}
		rounds[i] = append(rounds[i], r)
	}
	return nil
}

func (p *plant) remapUnder(ctx context.Context, ops []measured) (seconds float64, during [][]load.Round, err error) {
	if err := p.await(ctx, mapped); err != nil {
		return 0, nil, err
	}
	begin := time.Now()
	if err := writeMapping(p.manifests, " of "+begin.UTC().Format(time.TimeOnly)); err != nil {
		return 0, nil, err
	}
	if err := p.await(ctx, func(t admin.Tenant) bool { return !mapped(t) }); err != nil {
		return 0, nil, err
	}
	done, end := make(chan error, 1), time.Time{}
	go func() {
		err := p.await(ctx, mapped)
		end = time.Now()
		done <- err
	}()
	during = make([][]load.Round, len(ops))
	for {
		if err := p.eachOnce(ctx, ops, during); err != nil {
			return 0, nil, err
		}
		select {
		case err := <-done:
			return end.Sub(begin).Seconds(), during, err
		default:
		}
	}
}

func mapped(t admin.Tenant) bool { return t.Mapped == nil }

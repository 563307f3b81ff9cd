package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/admin"
	"github.com/scim-operator/scim-operator/test/bench/load"
	"github.com/scim-operator/scim-operator/test/bench/people"
	"github.com/scim-operator/scim-operator/test/bench/report"
	"github.com/scim-operator/scim-operator/test/bench/wire"
	"github.com/scim-operator/scim-operator/test/program"
)

// creating measures creation in turn with the server without application. While the application is away the events wait.
func (p *plant) creating(name string, away bool) func(context.Context) error {
	return func(ctx context.Context) error {
		op := p.directory.createAndDelete().ops[0]
		op.Name = name
		p.meter.bareWrite = p.without.createAndDelete().ops[0].Operation
		p.app.Away(away)
		s := series{ops: []measured{op}}
		figures, err := p.meter.run(ctx, s)
		if err != nil {
			return err
		}
		p.figures.Operations = append(p.figures.Operations, figures...)
		profiles := profiler{p.profile, "http://" + p.server.OpsAddress + "/debug/pprof"}
		if err := profiles.run(ctx, p.meter, s, p.application); err != nil {
			return err
		}
		return p.comeBack(ctx)
	}
}

// comeBack lets the application take what waits for it.
func (p *plant) comeBack(ctx context.Context) error {
	p.app.Away(false)
	if _, err := p.replay(ctx, admin.Replay{From: 1 << 39}); err != nil { // none of them; the server tries at once
		return err
	}
	return p.settled(ctx)
}

// replay has events delivered again, and tells how many.
func (p *plant) replay(ctx context.Context, q admin.Replay) (n int64, err error) {
	body, err := json.Marshal(q)
	if err != nil {
		return 0, err
	}
	err = p.admin.Lines(ctx, http.MethodPost, "/tenants/"+p.tenant.key+"/replay", nil, strings.NewReader(string(body)), func(line []byte) error {
		var a admin.Replayed
		err := json.Unmarshal(line, &a)
		n = a.Events
		return err
	})
	return n, err
}

// state is what the server says of the tenant.
func (p *plant) state(ctx context.Context) (found admin.Tenant, err error) {
	err = p.admin.Lines(ctx, http.MethodGet, "/tenants", nil, nil, func(line []byte) error {
		var t admin.Tenant
		if err := json.Unmarshal(line, &t); err != nil {
			return err
		}
		if t.Key == p.tenant.key {
			found = t
		}
		return nil
	})
	if err == nil && found.Key == "" {
		err = fmt.Errorf("the server does not have the tenant %s", p.tenant.key)
	}
	return found, err
}

// replayed is how many events a round of delivery has at most.
const replayed = 20_000

// deliver has events delivered, and times them from the first receipt to the last.
func (p *plant) deliver(ctx context.Context) (d report.Delivery, err error) {
	if err := p.settled(ctx); err != nil {
		return d, err
	}
	p.app.Away(true)
	n, err := p.replay(ctx, admin.Replay{From: 1, To: int64(min(replayed, p.application))})
	if err != nil {
		return d, err
	}
	before, _ := p.app.Received()
	cpu, err := program.CPU(p.server.PID())
	if err != nil {
		return d, err
	}
	begin := time.Now()
	if err := p.comeBack(ctx); err != nil {
		return d, err
	}
	after, last := p.app.Received()
	used, err := program.CPU(p.server.PID())
	if err != nil || after-before < n {
		return d, fmt.Errorf("%d of %d events have come (%w)", after-before, n, err)
	}
	return report.Delivery{Events: int(n), PerSecond: float64(n) / last.Sub(begin).Seconds(), CPU: micros(used-cpu, int(n))}, nil
}

func medianDelivery(list []report.Delivery) report.Delivery {
	return report.Delivery{
		Events:    list[0].Events,
		PerSecond: median(list, func(d report.Delivery) float64 { return d.PerSecond }),
		CPU:       median(list, func(d report.Delivery) float64 { return d.CPU }),
	}
}

func (p *plant) measureDelivery(ctx context.Context) error {
	var rounds []report.Delivery
	for range p.rounds {
		d, err := p.deliver(ctx)
		if err != nil {
			return err
		}
		rounds = append(rounds, d)
	}
	d := medianDelivery(rounds)
	p.figures.Delivery = &d
	return nil
}

// idleRequests is how many single requests the latency is measured by.
const idleRequests = 300

// measureLatency creates one user after the other, each when the event of the one before has come.
func (p *plant) measureLatency(ctx context.Context) error {
	if err := p.settled(ctx); err != nil {
		return err
	}
	conn, err := wire.Dial(ctx, p.directory.target)
	if err != nil {
		return err
	}
	defer conn.Close()
	var mu sync.Mutex
	receipts := map[string]chan time.Time{}
	p.app.Watch(func(userName string, at time.Time) {
		mu.Lock()
		defer mu.Unlock()
		if c := receipts[userName]; c != nil {
			c <- at
		}
	})
	defer p.app.Watch(nil)
	var times []time.Duration
	for range min(idleRequests, p.application) {
		person := len(p.directory.users) + int(p.directory.created.Add(1))
		name, came := string(people.AppendUserName(nil, person)), make(chan time.Time, 8)
		mu.Lock()
		receipts[name] = came
		mu.Unlock()
		a, err := conn.Do(http.MethodPost, []byte("/Users"), people.AppendUser(nil, person, 0), false)
		answered := time.Now()
		if err != nil || a.Status != http.StatusCreated {
			return fmt.Errorf("create: answer %d: %s (%w)", a.Status, a.Body, err)
		}
		select {
		case at := <-came:
			times = append(times, max(at.Sub(answered), 0))
		case <-time.After(settleWithin):
			return fmt.Errorf("no event within %s", settleWithin)
		}
	}
	slices.Sort(times)
	p.figures.Latency = &report.Latency{
		Events: len(times), P50: milliseconds(load.Percentile(times, 50)), P99: milliseconds(load.Percentile(times, 99)),
	}
	return nil
}

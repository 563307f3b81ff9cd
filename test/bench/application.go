package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/admin"
	"github.com/scim-operator/scim-operator/test/bench/inventory"
	"github.com/scim-operator/scim-operator/test/bench/report"
	"github.com/scim-operator/scim-operator/test/bench/wire"
	"github.com/scim-operator/scim-operator/test/program"
)

// plant is the server with an application beside the same server without one.
type plant struct {
	*bench
	manifests string // folder of the server with the application
	app       *inventory.Application
	dead      *inventory.Application // of the other tenant: it never answers
	tenant    provisionedTenant
	other     provisionedTenant
	admin     *admin.Client
	server    *program.Server
	directory *directory // of tenant
	without   *directory // of the server without application
	meter     *meter     // its bare server is the one without application
	figures   *report.Application
}

// stations are what is measured with an application, in this order.
func (p *plant) stations() []station {
	return []station{
		{report.CreateMember, p.creating(report.CreateMember, true)},
		{report.CreateDelivered, p.creating(report.CreateDelivered, false)},
		{report.DeliverEvents, p.measureDelivery},
		{report.IdleLatency, p.measureLatency},
		{report.DeadReceiver, p.measureDead},
		{report.Remapping, p.measureRemap},
	}
}

type station struct {
	name    string
	measure func(ctx context.Context) error
}

// measureApplication measures all that is asked for, nil: nothing is.
func (b *bench) measureApplication(ctx context.Context) (figures *report.Application, err error) {
	p := &plant{bench: b, manifests: filepath.Join(b.work, "application-manifests")}
	var wanted []station
	for _, s := range p.stations() {
		if b.application > 0 && b.only.MatchString(s.name) {
			wanted = append(wanted, s)
		}
	}
	if len(wanted) == 0 {
		return nil, nil
	}
	p.figures = &report.Application{Users: b.application}
	if err := p.prepareTenants(); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.app.Close(), p.dead.Close()) }()
	return p.figures, p.measureAll(ctx, wanted)
}

func (p *plant) prepareTenants() (err error) {
	if p.app, err = inventory.Start(false); err != nil {
		return err
	}
	if p.dead, err = inventory.Start(true); err != nil {
		return err
	}
	if err := os.Mkdir(p.manifests, 0o700); err != nil {
		return err
	}
	token := p.bench.tenant.Token
	p.tenant = newProvisioned(p.manifests, "acme", token, p.app)
	p.other = newProvisioned(p.manifests, "other", token, p.dead)
	return errors.Join(writeMapping(p.manifests, ""), p.tenant.write())
}

// measureAll runs both servers and goes through the stations.
func (p *plant) measureAll(ctx context.Context, stations []station) (err error) {
	without := filepath.Join(p.work, "without")
	if _, _, err := p.fill(ctx, without, p.application); err != nil {
		return err
	}
	plain, err := p.start(ctx, without)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, plain.Stop()) }()
	ids, err := p.startProvisioned(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.server.Stop()) }()
	defer p.admin.Close()
	p.directory = &directory{target: wire.Target{Address: p.server.Address, Base: p.tenant.Base, Token: p.tenant.Token}, users: ids}
	p.without = &directory{target: p.target(plain), users: ids}
	beside := subject{target: p.without.target, pid: plain.PID()}
	if p.meter, err = newMeter(ctx, p.settings, subject{target: p.directory.target, pid: p.server.PID()}, beside); err != nil {
		return err
	}
	defer func() { _ = p.meter.close() }() // nothing is lost with them
	for _, s := range stations {
		progress("  %s", s.name)
		if err := s.measure(ctx); err != nil {
			return errors.Join(fmt.Errorf("%s: %w", s.name, err), errors.New(p.server.LogTail()))
		}
	}
	return nil
}

// startProvisioned starts the server with the application, with users whose events are delivered.
func (p *plant) startProvisioned(ctx context.Context) (ids []string, err error) {
	data := filepath.Join(p.work, "with")
	k := kept{}
	if p.keep != "" {
		k.dir = filepath.Join(p.keep, fmt.Sprintf("application-%d", p.application))
	}
	if ids, err = k.load(data, p.application); err != nil {
		return nil, err
	}
	if ids == nil {
		if ids, err = p.populate(ctx, data); err != nil {
			return nil, err
		}
		if err := k.save(data, ids); err != nil {
			return nil, err
		}
	}
	return ids, p.run(ctx, data)
}

func (p *plant) run(ctx context.Context, data string) (err error) {
	p.admin = admin.NewClient(data)
	p.server, err = p.startWith(ctx, p.manifests, data, p.tenant.Tenant)
	return err
}

// populate makes the database.
func (p *plant) populate(ctx context.Context, data string) (ids []string, err error) {
	if err := os.Mkdir(data, 0o700); err != nil {
		return nil, err
	}
	if err := p.run(ctx, data); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.server.Stop()) }()
	progress("populating with %d users and members", p.application)
	t := wire.Target{Address: p.server.Address, Base: p.tenant.Base, Token: p.tenant.Token}
	features, err := readProvider(ctx, t)
	if err != nil {
		return nil, err
	}
	if ids, _, err = populate(ctx, t, features, p.application); err != nil {
		return nil, err
	}
	return ids, p.settled(ctx)
}

// settleWithin is how long events of a round may take.
const settleWithin = 5 * time.Minute

// settled waits until all events of the tenant are delivered.
func (p *plant) settled(ctx context.Context) error {
	return p.await(ctx, func(t admin.Tenant) bool { return t.Pending == 0 })
}

// await asks the server about the tenant until what it says is as it is wanted.
func (p *plant) await(ctx context.Context, ok func(admin.Tenant) bool) error {
	ctx, cancel := context.WithTimeout(ctx, settleWithin)
	defer cancel()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		t, err := p.state(ctx)
		if err != nil || ok(t) {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%+v after %s: %w", t, settleWithin, ctx.Err())
		case <-ticker.C:
		}
	}
}

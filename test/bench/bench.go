package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/store/postgres/pgtest"
	"github.com/scim-operator/scim-operator/test/bench/report"
	"github.com/scim-operator/scim-operator/test/bench/wire"
	"github.com/scim-operator/scim-operator/test/program"
)

// bench is what all sizes share.
type bench struct {
	settings
	work      string // folder, deleted at the end
	manifests string
	tenant    program.Tenant
	bare      subject
	database  *pgtest.Server // nil: the server has its own
}

// measureAll measures every size.
func measureAll(ctx context.Context, s settings) (run report.Run, err error) {
	work, err := os.MkdirTemp(s.data, "scim-bench-")
	if err != nil {
		return run, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	b := &bench{settings: s, work: work}
	if err := b.prepare(ctx); err != nil {
		return run, err
	}
	bare, err := startBare()
	if err != nil {
		return run, err
	}
	defer func() { err = errors.Join(err, bare.stop()) }()
	b.bare = bare.subject()

	run = report.Run{
		Date: time.Now().UTC().Format(time.DateOnly), Commit: commit(),
		Client: s.client, Connections: s.connections, Rounds: s.rounds, RoundTime: s.round.String(),
	}
	if run.Machine, err = machine(work); err != nil {
		return run, err
	}
	for _, users := range s.users {
		size, err := b.measureSize(ctx, users)
		if err != nil {
			return run, fmt.Errorf("%d users: %w", users, err)
		}
		run.Sizes = append(run.Sizes, size)
	}
	if run.Application, err = b.measureApplication(ctx); err != nil {
		return run, fmt.Errorf("with an application: %w", err)
	}
	return run, nil
}

// prepare makes what servers need.
func (b *bench) prepare(ctx context.Context) (err error) {
	b.manifests = filepath.Join(b.work, "manifests")
	if err := os.Mkdir(b.manifests, 0o700); err != nil {
		return err
	}
	if b.tenant, err = program.WriteManifests(b.manifests); err != nil {
		return err
	}
	if b.profile != "" {
		if err := os.MkdirAll(b.profile, 0o700); err != nil {
			return err
		}
	}
	if b.server == "" {
		progress("building the server")
		b.server, err = program.Build(ctx, b.work)
	}
	return err
}

// startWithin is how long a server may take until it is ready.
const startWithin = time.Minute

func (b *bench) start(ctx context.Context, data string) (*program.Server, error) {
	return b.startWith(ctx, b.manifests, data, b.tenant)
}

func (b *bench) startWith(ctx context.Context, manifests, data string, tenant program.Tenant) (*program.Server, error) {
	o := program.Options{Binary: b.server, Manifests: manifests, Data: data, Log: filepath.Join(b.work, "server.log")}
	if b.profile != "" {
		o.Args = []string{"--pprof"}
	}
	if b.database != nil {
		o.Args = append(o.Args, "--postgres", b.database.URI("postgres"))
	}
	server, err := program.Launch(o)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	if err := server.Ready(ctx, tenant); err != nil {
		return nil, errors.Join(err, server.Kill())
	}
	return server, nil
}

func (b *bench) target(server *program.Server) wire.Target {
	return wire.Target{Address: server.Address, Base: b.tenant.Base, Token: b.tenant.Token}
}

func (b *bench) measureSize(ctx context.Context, users int) (size report.Size, err error) {
	size = report.Size{Users: users, Spare: b.spare(users)}
	data := filepath.Join(b.work, fmt.Sprintf("users-%d", users))
	defer func() { err = errors.Join(err, os.RemoveAll(data)) }()
	b.database = nil
	ids, populated, err := b.fill(ctx, data, users+size.Spare)
	if err != nil {
		return size, err
	}
	if err := b.startDatabase(ctx, data); err != nil {
		return size, err
	}
	defer func() { err = errors.Join(err, b.stopDatabase()) }()
	size.Populate = populated
	if size.DatabaseBytes, err = sizeOf(data); err != nil {
		return size, err
	}
	server, err := b.start(ctx, data)
	if err != nil {
		return size, err
	}
	progress("measuring with %d users", users)
	if err := b.measureServer(ctx, server, ids, &size); err != nil {
		return size, errors.Join(err, server.Kill(), errors.New(server.LogTail()))
	}
	return size, server.Stop()
}

// spare is the number of users that are needed beside the wanted ones, so that some can join the largest group.
func (b *bench) spare(users int) int {
	for _, members := range b.groups {
		if members > 0 && members <= users && users-members < min(joiners, users/2) {
			return joiners
		}
	}
	return 0
}

// fill makes a populated database, or takes the kept one.
func (b *bench) fill(ctx context.Context, data string, users int) (ids []string, populated *report.Populate, err error) {
	k := keptFor(b.settings, users)
	ids, err = k.load(data, users)
	if err != nil || ids != nil {
		return ids, nil, err
	}
	if err := os.Mkdir(data, 0o700); err != nil {
		return nil, nil, err
	}
	if err := b.startDatabase(ctx, data); err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, b.stopDatabase()) }()
	server, err := b.start(ctx, data)
	if err != nil {
		return nil, nil, err
	}
	progress("populating with %d users", users)
	t := b.target(server)
	features, err := readProvider(ctx, t)
	if err != nil {
		return nil, nil, errors.Join(err, server.Kill())
	}
	ids, populated, err = populate(ctx, t, features, users)
	if err = errors.Join(err, server.Stop(), b.settleDatabase(ctx), b.stopDatabase()); err != nil {
		return nil, nil, err
	}
	return ids, populated, k.save(data, ids)
}

func (b *bench) measureServer(ctx context.Context, server *program.Server, ids []string, size *report.Size) error {
	idle, err := program.ReadMemory(server.PID())
	if err != nil {
		return err
	}
	size.RSSIdle = idle.RSS
	d := &directory{target: b.target(server), users: ids}
	on := subject{target: d.target, pid: server.PID()}
	if b.database != nil {
		on.database = b.database.PID()
	}
	m, err := newMeter(ctx, b.settings, on, b.bare)
	if err != nil {
		return err
	}
	defer func() { _ = m.close() }() // nothing is lost with them
	c := &course{
		meter: m, directory: d, only: b.only, groups: b.groups, size: size,
		profiler: profiler{b.profile, "http://" + server.OpsAddress + "/debug/pprof"},
	}
	if err := c.run(ctx); err != nil {
		return err
	}
	after, err := program.ReadMemory(server.PID())
	size.RSSAfter, size.RSSPeak = after.RSS, max(after.Peak, c.peak)
	return err
}

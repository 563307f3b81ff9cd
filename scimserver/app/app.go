package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/scim-operator/scim-operator/scimserver/admin"
	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/directory"
	"github.com/scim-operator/scim-operator/scimserver/feed"
	"github.com/scim-operator/scim-operator/scimserver/httpapi"
	"github.com/scim-operator/scim-operator/scimserver/limit"
	"github.com/scim-operator/scim-operator/scimserver/member"
	"github.com/scim-operator/scim-operator/scimserver/outbox"
	"github.com/scim-operator/scim-operator/scimserver/password"
	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/telemetry"
)

// Source brings configurations, as config.Encode writes them, until ctx ends. offer's error means that the content was
// refused; the source goes on.
type Source interface {
	Run(ctx context.Context, offer func(data []byte) error) error
}

// Reporter tells the operator about this server. An equal report may be passed again and again.
type Reporter interface {
	Report(ctx context.Context, r config.Report) error
}

// Options are what a server is made of.
type Options struct {
	Source   Source
	Reporter Reporter    // nil: nobody is told
	Store    store.Store // closed by Run
	// AdminDir is the folder of the socket for `scimserver admin`; empty: there is none.
	AdminDir string
	// CacheFile keeps the last good configuration for a start without the source; empty: it is not kept.
	CacheFile string

	Listen    string // address of the SCIM endpoints
	OpsListen string // address of /livez, /readyz and /metrics
	Profiles  bool   // also /debug/pprof on OpsListen
	// CertFile and KeyFile make the SCIM endpoints speak TLS. They are read again as they change.
	CertFile, KeyFile string

	Drain   time.Duration // between the end of readiness and the end of listening
	Version string
	Log     *slog.Logger
	Metrics *telemetry.Metrics
	Clock   func() time.Time // nil: time.Now

	timing timing // zero: the defaults
}

// timing is what tests shorten.
type timing struct {
	cacheAfter  time.Duration // without a configuration from the source the cached one is taken
	lookEvery   time.Duration // for what other processes have written, while somebody waits
	reportEvery time.Duration // counts are looked at
	reportGap   time.Duration // between two reports at least
	pingEvery   time.Duration // the store is asked whether it works
	retry       time.Duration // after a failed report; doubled by each further one
	retryPurge  time.Duration // after a failed purge
	stop        time.Duration // requests get after the drain, before they are cut off
	fetchLease  time.Duration // a replica that dies keeps others from fetching a tenant
}

func (t timing) orDefaults() timing {
	if t == (timing{}) {
		return timing{
			cacheAfter:  3 * time.Second,
			lookEvery:   500 * time.Millisecond,
			reportEvery: 30 * time.Second,
			reportGap:   500 * time.Millisecond,
			pingEvery:   pingEvery,
			retry:       500 * time.Millisecond,
			retryPurge:  5 * time.Second,
			stop:        20 * time.Second,
			fetchLease:  fetchLease,
		}
	}
	if t.fetchLease == 0 {
		t.fetchLease = fetchLease
	}
	if t.pingEvery == 0 {
		t.pingEvery = pingEvery
	}
	return t
}

// App is a server that listens.
type App struct {
	Options
	live   *live
	purge  *purger
	tend   *tender
	settle *settler
	feed   *feed.Handler
	outbox *outbox.Dispatcher
	moves  *moves
	main   *listener
	ops    *listener

	directory *directory.Directory
	admin     net.Listener // nil: there is none
	commits   admin.Commits
	stirs     marks  // tenants that are to be counted anew
	holder    string // of claims
}

// New binds the listeners; nothing is served before Run. The store stays the caller's when there is an error.
func New(o Options) (*App, error) {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	o.timing = o.timing.orDefaults()
	o.Store = o.Metrics.Store(o.Store)
	a := &App{Options: o, holder: newHolder()}
	a.live = &live{
		clock: o.Clock, log: o.Log, metrics: o.Metrics, cache: cache{file: o.CacheFile},
		changed: make(chan struct{}, 1),
		limits:  limits{shares: limit.NewShares(o.Clock, atWork(o.Store))},
		purges:  purges{shared: o.Store.Shared(), holder: a.holder, wake: make(chan struct{}, 1)},
	}
	if o.Store.Shared() {
		a.live.limits.bucket = o.Store
	}
	a.purge = &purger{live: a.live, store: o.Store, log: o.Log, retry: o.timing.retryPurge}
	a.directory = directory.New(directory.Deps{Store: a.Store, Passwords: password.NewHasher(), Clock: a.Clock})
	a.provision()
	a.moves = a.newMoves()
	a.live.own = owner{store: o.Store, log: o.Log}
	a.live.followers = append(a.live.followers, a.moves.configure)
	return a, a.listen()
}

func (a *App) listen() (err error) {
	if a.main, err = listen(a.Listen, a.handler(), a.Log); err != nil {
		return err
	}
	if a.CertFile != "" {
		if err = a.main.useTLS(a.CertFile, a.KeyFile, a.Clock, a.Log); err != nil {
			return errors.Join(err, a.main.close())
		}
	}
	if a.ops, err = listen(a.OpsListen, a.opsHandler(), a.Log); err != nil {
		return errors.Join(err, a.main.close())
	}
	a.listenAdmin()
	return nil
}

// provision sets up what makes members out of users, and tells applications.
func (a *App) provision() {
	a.outbox = outbox.New(outbox.Options{Store: a.Store, Observe: a.Metrics, Log: a.Log, Clock: a.Clock})
	a.live.engine = member.New(member.Deps{Store: a.Store, Asker: asker{a.outbox}, Observe: a.Metrics, Log: a.Log, Clock: a.Clock, Holder: a.holder})
	a.tend = newTender(a.live, a.live.engine, a.Log)
	a.settle = newSettler()
	a.feed = feed.New(feed.Deps{Tenants: a.live, Store: a.Store, Observe: a.Metrics, Log: a.Log, Clock: a.Clock})
	routes := &couriers{dispatcher: a.outbox, version: a.Version, clock: a.Clock, log: a.Log}
	a.live.followers = []func(*snapshot){routes.configure, func(*snapshot) { notify(a.tend.wake) }, func(*snapshot) { notify(a.settle.wake) }}
}

// committed is told of each commit that applications are to hear of.
func (a *App) committed(tenant string) {
	a.outbox.Wake(tenant)
	a.feed.Wake(tenant)
	a.commits.Signal(tenant)
	a.tend.stirs.add(tenant)
	a.stirs.add(tenant)
}

func (a *App) others() *others {
	return &others{store: a.Store, waiting: []func() []string{a.feed.Waiting, a.commits.Waiting}, every: a.timing.lookEvery, log: a.Log,
		tell: func(tenant string) {
			a.feed.Wake(tenant)
			a.commits.Signal(tenant)
		}}
}

// Addr is where the SCIM endpoints listen.
func (a *App) Addr() string { return a.main.addr() }

// OpsAddr is where health and metrics are.
func (a *App) OpsAddr() string { return a.ops.addr() }

// Run serves until ctx ends or something fails that the server cannot do without; then it stops: readiness goes, requests
// are finished, the store is closed. A stop that ctx asked for is no error.
func (a *App) Run(ctx context.Context) error {
	base, finish := context.WithCancel(context.WithoutCancel(ctx))
	defer finish()
	work, workCtx := errgroup.WithContext(base)
	a.Store.OnCommit(a.committed)
	work.Go(a.main.serve)
	work.Go(a.ops.serve)
	work.Go(func() error { return a.follow(workCtx) })
	work.Go(func() error { return a.purge.run(workCtx) })
	reports := a.newReports()
	work.Go(func() error { return reports.run(workCtx) })
	work.Go(func() error { return reports.health.run(workCtx) })
	work.Go(func() error { return a.tend.run(workCtx) })
	work.Go(func() error { return a.settle.run(workCtx) })
	work.Go(func() error { return a.moves.run(workCtx) })
	work.Go(func() error { return a.outbox.Run(workCtx) })
	work.Go(func() error { return a.others().run(workCtx) })
	work.Go(func() error { return a.serveAdmin(workCtx) })
	a.Log.Info("server started", "version", a.Version, "listen", a.Addr(), "opsListen", a.OpsAddr(), "tls", a.CertFile != "")

	select {
	case <-ctx.Done():
	case <-workCtx.Done():
	}
	a.stop()
	finish()
	err := ignoreCanceled(work.Wait())
	if cerr := a.Store.Close(); cerr != nil {
		err = errors.Join(err, fmt.Errorf("close the store: %w", cerr))
	}
	a.Log.Info("server stopped")
	return err
}

// follow passes what the source brings to live, and takes the cached configuration where it brings nothing.
func (a *App) follow(ctx context.Context) error {
	timer := time.AfterFunc(a.timing.cacheAfter, a.live.sourceIsLate)
	defer timer.Stop()
	return a.Source.Run(ctx, a.live.Offer)
}

// stop ends listening. Load balancers get the drain to notice that readiness is gone; meanwhile connections end with the
// answer to their next request, so that none is closed under one. What has been accepted until then is answered.
func (a *App) stop() {
	a.Log.Info("server is stopping", "drain", a.Drain.String())
	a.live.stopping.Store(true)
	time.Sleep(a.Drain)
	a.feed.EndWaits()
	ctx, cancel := context.WithTimeout(context.Background(), a.timing.stop)
	defer cancel()
	if err := a.main.server.Shutdown(ctx); err != nil {
		a.Log.Warn("requests were cut off", "error", err)
		_ = a.main.server.Close()
	}
	_ = a.ops.server.Shutdown(ctx)
}

func ignoreCanceled(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// handler is the SCIM endpoints of all tenants.
func (a *App) handler() http.Handler {
	scim := httpapi.New(httpapi.Deps{
		Tenants:   a.live,
		Directory: a.directory,
		Observe:   telemetry.Observers{a.Metrics, telemetry.Refusals{Log: a.Log}},
		Log:       a.Log,
		Clock:     a.Clock,
	})
	return a.Metrics.InFlight(a.live.untilStopping(a.moves.gate(a.split(a.live.untilLoaded(a.feed), a.live.untilLoaded(scim)))))
}

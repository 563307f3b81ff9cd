// Package rolling restarts and kills replicas of the real server program on one PostgreSQL, behind a load balancer and under
// load, and looks whether anybody has noticed.
package rolling

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/outbox/webhook"
	"github.com/scim-operator/scim-operator/scimserver/store/postgres/pgtest"
	"github.com/scim-operator/scim-operator/test/program"
	"github.com/scim-operator/scim-operator/test/setting"
)

const (
	replicas = 3
	drain    = 2 * time.Second
)

// site is where everything runs.
type site struct {
	*testing.T
	binary, dir, uri string
	tenant           program.Tenant
	app              *receiver
	balancer         *balancer
	servers          [replicas]*program.Server
}

func newSite(t *testing.T, rate, burst int) *site {
	t.Helper()
	if testing.Short() {
		t.Skip("builds and runs the server")
	}
	key, err := webhook.NewKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s := &site{T: t, dir: t.TempDir(), uri: pgtest.Database(t), app: newReceiver(t, key)}
	if s.binary, err = program.Build(t.Context(), s.dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(s.manifests(), 0o700); err != nil {
		t.Fatal(err)
	}
	s.tenant, err = program.Provisioning{
		URL: s.app.URL, Mode: config.Asynchronous, TimeoutSeconds: 2, Key: key,
		Limits: fmt.Sprintf("{requestsPerSecond: %d, burst: %d}", rate, burst),
	}.WriteManifests(s.manifests())
	if err != nil {
		t.Fatal(err)
	}
	s.balancer = newBalancer(t)
	for i := range replicas {
		s.start(i)
	}
	t.Cleanup(func() {
		for _, server := range s.servers {
			if err := server.Stop(); err != nil {
				t.Error(err)
			}
		}
	})
	s.untilAllReady()
	return s
}

func (s *site) manifests() string { return filepath.Join(s.dir, "manifests") }

// start starts a replica, and returns when it answers.
func (s *site) start(i int) {
	s.Helper()
	name := filepath.Join(s.dir, fmt.Sprint("replica-", i))
	server, err := program.Launch(program.Options{
		Binary: s.binary, Manifests: s.manifests(), Data: name, Log: name + ".log",
		Args: []string{"--postgres", s.uri, "--drain", drain.String()},
	})
	if err != nil {
		s.Fatal(err)
	}
	s.servers[i] = server
	ctx, cancel := context.WithTimeout(s.Context(), time.Minute)
	defer cancel()
	if err := server.Ready(ctx, s.tenant); err != nil {
		s.Fatal(err)
	}
	s.balancer.use(i, server)
}

// untilAllReady waits until the balancer has noticed all replicas.
func (s *site) untilAllReady() {
	s.Helper()
	begin := time.Now()
	for s.balancer.readies() < replicas {
		s.pass(probeEvery / 4)
		if time.Since(begin) > time.Minute {
			s.Fatal("the replicas do not become ready")
		}
	}
}

// pass lets traffic flow.
func (s *site) pass(d time.Duration) { <-time.After(d) }

// steady is how long the load runs undisturbed: ROLLING_SECONDS, 6 unless it is set.
func steady(t *testing.T) time.Duration {
	t.Helper()
	return time.Duration(setting.Number(t, "ROLLING_SECONDS", 6)) * time.Second
}

// settle is what a tenant's first seconds are left out for.
const settle = time.Second

// slowest is what the slowest hundredth of requests may take at any time, in milliseconds: less is not looked at.
const slowest = 50

// TestRolling restarts each replica in turn. No request fails, hardly any is slow, nothing is lost, and the application is
// told everything once and in order.
func TestRolling(t *testing.T) {
	s := newSite(t, 1000, 2000)
	l := newLoad(s.balancer.url(), s.tenant)
	l.start()
	s.pass(settle)
	began := time.Now()
	s.pass(steady(t))
	rolling := time.Now()
	for i := range replicas {
		if err := s.servers[i].Stop(); err != nil {
			t.Fatal(err)
		}
		s.start(i)
		s.untilAllReady()
	}
	ended := time.Now()
	l.end()

	before, during := l.between(began, rolling), l.between(rolling, ended)
	t.Logf("steady: %d requests, p50 %.1f ms, p99 %.1f ms; rolling for %s: %d requests, p50 %.1f ms, p99 %.1f ms, %d failed",
		len(before), percentile(before, .5), percentile(before, .99), ended.Sub(rolling).Round(time.Millisecond), len(during),
		percentile(during, .5), percentile(during, .99), len(failed(during)))
	for _, r := range failed(l.requests) {
		t.Errorf("%s after %s: %v", r.what, r.began.Sub(rolling), r.err)
	}
	if now, most := percentile(during, .99), max(5*percentile(before, .99), slowest); now > most {
		t.Errorf("p99 while replicas are restarted: %.1f ms, want at most %.1f ms", now, most)
	}
	titles := l.verify(t, "http://"+s.servers[0].Address+s.tenant.Base)
	if n := s.app.await(l.people, titles, time.Minute); n > 0 {
		t.Errorf("%d events were told twice", n)
	}
	t.Logf("%d users, %d events", len(l.people), len(s.app.bodies))
}

// inFlight is how long after the end of a replica a request may begin that still meets it.
const inFlight = 250 * time.Millisecond

// TestKill kills a replica: only requests that it was answering fail, and the others tell the application what it has left.
func TestKill(t *testing.T) {
	s := newSite(t, 1000, 2000)
	l := newLoad(s.balancer.url(), s.tenant)
	l.start()
	s.pass(settle + steady(t))
	if err := s.servers[0].Kill(); err != nil {
		t.Fatal(err)
	}
	killed := time.Now()
	s.pass(steady(t))
	s.start(0)
	s.untilAllReady()
	s.pass(settle)
	l.end()

	failures := failed(l.requests)
	t.Logf("%d of %d requests failed", len(failures), len(l.requests))
	if len(failures) > workers {
		t.Errorf("%d requests failed, and %d can have been under way", len(failures), workers)
	}
	for _, r := range failures {
		if r.began.After(killed.Add(inFlight)) {
			t.Errorf("%s, %s after the kill: %v", r.what, r.began.Sub(killed), r.err)
		}
	}
	titles := l.verify(t, "http://"+s.servers[1].Address+s.tenant.Base)
	duplicates := s.app.await(l.people, titles, time.Minute)
	t.Logf("%d users, %d events, %d of them told again", len(l.people), len(s.app.bodies), duplicates)
}

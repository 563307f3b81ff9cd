package app

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/httpapi"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/telemetry"
)

// operator receives reports; fails are the errors of the first ones.
type operator struct {
	got   chan config.Report
	fails []error
}

func (o *operator) Report(ctx context.Context, r config.Report) error {
	if len(o.fails) > 0 {
		err := o.fails[0]
		o.fails = o.fails[1:]
		return err
	}
	select {
	case o.got <- r:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// until waits for a report that is as it should be.
func (o *operator) until(t *testing.T, ok func(config.Report) bool) {
	t.Helper()
	for r := receive(t, o.got); !ok(r); {
		r = receive(t, o.got)
	}
}

func reportsOf(t *testing.T, l *live, s *storeStub, to Reporter, tm timing) *reports {
	a := &App{Options: Options{Store: s, Reporter: to, Metrics: telemetry.New("test"), Log: testLog(t), Version: "v1", Clock: l.clock, timing: tm}, live: l}
	return a.newReports()
}

func TestReportContent(t *testing.T) {
	t.Parallel()
	l, s, o := newLive(t, ""), &storeStub{counts: map[string]store.Counts{}}, &operator{got: make(chan config.Report, 10)}
	s.counts["ns/a"] = store.Counts{Users: 3, ActiveUsers: 2, Groups: 1}
	background(t, purgerOf(t, l, s).run)
	s.set(func() { s.purgeOf = map[string]error{"ns/held": errDisk} })
	r := reportsOf(t, l, s, o, timing{}.orDefaults())

	r.tell(t.Context())
	want := config.Report{StartedAt: start, Version: "v1"}
	if diff := cmp.Diff(want, receive(t, o.got)); diff != "" {
		t.Errorf("nothing loaded (-want +got):\n%s", diff)
	}

	gone := config.Purge{Tenant: "ns/gone", UID: "1"}
	cfg := withPurges(server(tenant("ns/a"), tenant("ns/bad", badExtension), tenant("ns/held")), gone, config.Purge{Tenant: "ns/held", UID: "2"})
	offer(t, l, cfg)
	eventually(t, "purged", func() bool { return len(s.purgedNow()) == 1 && len(l.current.Load().held) == 1 })
	served(t, l, "a").Observe.Observe(httpapi.Exchange{Credential: "t1", Start: start, Status: 409, Err: scimerr.Uniqueness("userName is taken")})
	_ = l.Offer([]byte("damaged"))
	r.tell(t.Context())
	minute := start.Truncate(time.Minute)
	want = config.Report{
		ConfigHash: cfg.Hash(), Layout: loaded(t, cfg).Layout, Error: "config: damaged: unexpected EOF", StartedAt: start, LoadedAt: &start, Version: "v1", Purged: []string{"1"},
		Tenants: map[string]config.TenantReport{
			"ns/a": {Hash: tenant("ns/a").Hash(), Users: 3, ActiveUsers: 2, Groups: 1, LastRequest: &minute,
				LastRejection: &config.Rejection{Time: minute, Reason: "uniqueness", Detail: "userName is taken"},
				Rejections:    []config.Rejection{{Time: minute, Reason: "uniqueness", Count: 1}}},
			"ns/bad":  {Error: l.current.Load().entries["ns/bad"].err.Error()},
			"ns/held": {Error: "the data of an earlier tenant of this name are being deleted"},
		},
	}
	if diff := cmp.Diff(want, receive(t, o.got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	s.set(func() { s.counts = nil })
	r.tell(t.Context())
	if got := receive(t, o.got).Tenants["ns/a"].Users; got != 3 {
		t.Errorf("%d users while the store does not answer, want those known", got)
	}
}

// TestReportIsPrompt: a change is reported at once, a failed report again, whatever the interval is.
func TestReportIsPrompt(t *testing.T) {
	t.Parallel()
	l, s := newLive(t, ""), &storeStub{}
	o := &operator{got: make(chan config.Report), fails: []error{errDisk, errDisk}}
	background(t, reportsOf(t, l, s, o, timing{reportEvery: time.Hour, reportGap: time.Millisecond, retry: time.Millisecond}).run)
	for _, cfg := range []*config.Server{server(), server(tenant("ns/a"))} {
		offer(t, l, cfg)
		o.until(t, func(r config.Report) bool { return r.ConfigHash == cfg.Hash() })
	}
	_ = l.Offer([]byte("damaged"))
	o.until(t, func(r config.Report) bool { return r.Error != "" })
}

// TestReportsBackOff: during an outage the attempts become rare, and after it prompt again.
func TestReportsBackOff(t *testing.T) {
	t.Parallel()
	o := &operator{got: make(chan config.Report, 1), fails: []error{errDisk, errDisk, errDisk, errDisk}}
	r := reportsOf(t, newLive(t, ""), &storeStub{}, o, timing{retry: time.Second, reportEvery: 5 * time.Second})
	var waits []time.Duration
	for range 5 {
		waits = append(waits, r.tell(t.Context())/time.Second)
	}
	o.fails = []error{errDisk}
	waits = append(waits, r.tell(t.Context())/time.Second)
	if diff := cmp.Diff([]time.Duration{1, 2, 4, 5, 5, 1}, waits); diff != "" {
		t.Errorf("seconds (-want +got):\n%s", diff)
	}
}

// TestReportsRepeat: without a change the reporter is still asked, so that it finds out when its report got lost.
func TestReportsRepeat(t *testing.T) {
	t.Parallel()
	l, o := newLive(t, ""), &operator{got: make(chan config.Report)}
	background(t, reportsOf(t, l, &storeStub{}, o, timing{reportEvery: time.Millisecond, reportGap: time.Millisecond}).run)
	for range 3 {
		receive(t, o.got)
	}
}

func TestRoughly(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]int64{0: 0, 1: 1, 9: 9, 10: 10, 19: 10, 99: 90, 100: 100, 12345: 10000} {
		if got := roughly(n); got != want {
			t.Errorf("roughly(%d) is %d, want %d", n, got, want)
		}
	}
}

package outbox_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/outbox"
	"github.com/scim-operator/scim-operator/scimserver/outbox/webhook"
	"github.com/scim-operator/scim-operator/scimserver/servertest"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

var benchKey = webhook.Key(strings.Repeat("k", 32))

// body is an envelope of a usual size.
const body = `{"type":"member.updated","sequence":123456,"tenant":"customers/acme","member":{"id":"0190d5a8-7c1e-7d3a-9a53-0c6f4be2a8e1",` +
	`"userName":"ann.example@example.com","externalId":"00u1a2b3c4d5e6f7g8h9","active":true,"role":"Administrator","groups":["Admins","Everyone","Berlin"],` +
	`"fields":{"email":"ann.example@example.com","fullName":"Ann Example","badge":4711,"contractor":false,"sites":["Berlin","Hamburg"],"title":"Engineer"}},` +
	`"previous":{"role":"Staff User","groups":["Everyone","Berlin"]}}`

type silent struct{}

func (silent) Attempted(string, outbox.Outcome, time.Duration) {}
func (silent) Acknowledged(string, time.Duration)              {}

// bench is a dispatcher over a database on disk.
type bench struct {
	*testing.B
	store store.Store
	d     *outbox.Dispatcher
	stop  func() // ends the dispatcher, before the receivers and the database
}

func newBench(b *testing.B) *bench {
	b.Helper()
	s := servertest.OpenSQLite(b)
	x := &bench{B: b, store: s, d: outbox.New(outbox.Options{Store: s, Observe: silent{}, Log: slog.New(slog.DiscardHandler)})}
	s.OnCommit(x.d.Wake)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = x.d.Run(ctx)
	}()
	x.stop = func() {
		cancel()
		<-ended
	}
	return x
}

// receiver verifies each request, as an application does, and calls got.
func (x *bench) receiver(got func()) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		if _, err := webhook.Verify([]webhook.Key{benchKey}, r.Header, text, time.Now()); err != nil {
			x.Error(err)
		}
		w.WriteHeader(http.StatusNoContent)
		got()
	}))
	x.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	return s.URL
}

func (x *bench) route(tenant, url string) outbox.Route {
	x.Helper()
	c, err := webhook.New(webhook.Options{
		URL: url, Format: webhook.Standard{Keys: []webhook.Key{benchKey}}, Timeout: 2 * time.Second, Connections: outbox.DefaultTiming().Parallel,
		Guard: webhook.Guard{Allowed: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}},
	})
	if err != nil {
		x.Fatal(err)
	}
	return outbox.Route{Tenant: tenant, Receiver: tenant + url, Endpoint: c, Name: "bench"}
}

// write adds events of members that are all different, in transactions of a hundred.
func (x *bench) write(tenant string, events int) {
	x.Helper()
	for done := 0; done < events; done += 100 {
		err := x.store.Update(x.Context(), tenant, func(w store.Writer) error {
			for i := done; i < min(done+100, events); i++ {
				n, err := w.NextSequence(x.Context())
				if err != nil {
					return err
				}
				now := time.Now().UTC().Truncate(time.Millisecond)
				e := store.Event{Sequence: n, MemberID: fmt.Sprintf("0190d5a8-7c1e-7d3a-9a53-%012d", n), Type: store.MemberUpdated, Created: now, NextAttempt: now, Body: []byte(body)}
				if err := w.AppendEvent(x.Context(), e, 0); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			x.Fatal(err)
		}
	}
}

// processorTime is what this process has used; other programs don't change it much.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkThroughput delivers what is in a database on disk to a local receiver that verifies signatures.
func BenchmarkThroughput(b *testing.B) {
	x := newBench(b)
	defer x.stop()
	var got atomic.Int64
	all := make(chan struct{})
	url := x.receiver(func() {
		if got.Add(1) == int64(b.N) {
			close(all)
		}
	})
	x.write("ns/a", b.N)
	b.ResetTimer()
	before := processorTime(b)
	x.d.Configure([]outbox.Route{x.route("ns/a", url)})
	<-all
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64((processorTime(b)-before).Microseconds())/float64(b.N), "cpu-µs/event") // of both sides
}

// BenchmarkBesideDeadReceiver delivers one tenant's events while another tenant's application hangs, with a backlog. Compare
// it with BenchmarkThroughput.
func BenchmarkBesideDeadReceiver(b *testing.B) {
	x := newBench(b)
	defer x.stop()
	var got atomic.Int64
	all := make(chan struct{})
	url := x.receiver(func() {
		if got.Add(1) == int64(b.N) {
			close(all)
		}
	})
	dead := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}))
	b.Cleanup(dead.CloseClientConnections)
	x.write("ns/dead", 1000)
	x.write("ns/a", b.N)
	b.ResetTimer()
	before := processorTime(b)
	x.d.Configure([]outbox.Route{x.route("ns/dead", dead.URL), x.route("ns/a", url)})
	<-all
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64((processorTime(b)-before).Microseconds())/float64(b.N), "cpu-µs/event") // of both sides
}

// BenchmarkLatency is the time from the commit of an event to its receipt, when nothing else is going on.
func BenchmarkLatency(b *testing.B) {
	x := newBench(b)
	defer x.stop()
	arrived := make(chan time.Time, 1)
	url := x.receiver(func() {
		select {
		case arrived <- time.Now():
		default: // a repetition
		}
	})
	x.d.Configure([]outbox.Route{x.route("ns/a", url)})
	var times []time.Duration
	for b.Loop() {
		x.write("ns/a", 1)
		committed := time.Now()
		times = append(times, max((<-arrived).Sub(committed), 0))
	}
	slices.Sort(times)
	for _, p := range []int{50, 99} {
		b.ReportMetric(float64(times[(len(times)-1)*p/100].Microseconds())/1000, fmt.Sprintf("p%d-ms", p))
	}
}

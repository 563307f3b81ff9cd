package outbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/outbox/webhook"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// replica is one of several dispatchers on one store. When it is killed it neither reaches the store nor applications.
type replica struct {
	*box
	*Dispatcher
	app    *application
	killed atomic.Bool
	stop   func()
}

func (p *replica) err() error {
	if p.killed.Load() {
		return errBroken
	}
	return nil
}

func (p *replica) Due(ctx context.Context, tenant string, now time.Time, limit int, claim time.Duration) ([]store.Event, error) {
	if err := p.err(); err != nil {
		return nil, err
	}
	return p.box.Due(ctx, tenant, now, limit, claim)
}

func (p *replica) DueTenants(ctx context.Context, now time.Time, limit int) ([]string, error) {
	if err := p.err(); err != nil {
		return nil, err
	}
	return p.box.DueTenants(ctx, now, limit)
}

func (p *replica) Delivered(ctx context.Context, tenant string, sequences []int64) error {
	if err := p.err(); err != nil {
		return err
	}
	return p.box.Delivered(ctx, tenant, sequences)
}

func (p *replica) Failed(ctx context.Context, tenant string, sequence int64, a store.Attempt) error {
	if err := p.err(); err != nil {
		return err
	}
	return p.box.Failed(ctx, tenant, sequence, a)
}

func (p *replica) Unclaim(ctx context.Context, tenant string, events []store.Event) error {
	if err := p.err(); err != nil {
		return err
	}
	return p.box.Unclaim(ctx, tenant, events)
}

// Send implements Endpoint.
func (p *replica) Send(ctx context.Context, m webhook.Message) (webhook.Answer, error) {
	if err := p.err(); err != nil {
		return webhook.Answer{}, err
	}
	answer, err := p.app.Send(ctx, m)
	if p.err() != nil {
		return webhook.Answer{}, &webhook.SendError{Reason: "Canceled"} // nobody is there to hear it
	}
	return answer, err
}

const attemptTimeout = 5 * time.Second

// join starts a further replica that delivers the tenants' events to the application.
func (s *stage) join(a *application, tenants ...string) *replica {
	s.Helper()
	s.box.share()
	p := &replica{box: s.box, app: a}
	p.Dispatcher = New(Options{Store: p, Observe: s.tally, Log: slog.New(slog.DiscardHandler), Timing: DefaultTiming()})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	p.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			s.Errorf("the dispatcher ended: %v", err)
		}
	})
	var routes []Route
	for _, tenant := range tenants {
		routes = append(routes, Route{Tenant: tenant, Receiver: "app", Endpoint: p, Name: "ns/app", Timeout: attemptTimeout})
	}
	p.Configure(routes)
	return p
}

// inOrder checks that no event of a member was first sent before an earlier one of it, and returns how often any was sent.
func (s *stage) inOrder(a *application, tenant string) map[string]int {
	s.Helper()
	times, last := map[string]int{}, map[string]int64{}
	for _, id := range a.got() {
		if times[id]++; times[id] > 1 {
			continue
		}
		var n int64
		if _, err := fmt.Sscanf(id, tenant+"#%d", &n); err != nil {
			continue
		}
		m := s.box.find(tenant, n).MemberID
		if n < last[m] {
			s.Errorf("event %d of %s was sent after %d", n, m, last[m])
		}
		last[m] = n
	}
	return times
}

// TestReplicasShare: each event is sent once, whoever it is, and those of a member in their order.
func TestReplicasShare(t *testing.T) {
	t.Parallel()
	play(t, func(s *stage) {
		a := &application{answer: func(context.Context, string) (webhook.Answer, error) {
			<-time.After(50 * time.Millisecond)
			return webhook.Answer{Status: http.StatusOK}, nil
		}}
		all := []*replica{s.join(a, "ns/a", "ns/b"), s.join(a, "ns/a", "ns/b"), s.join(a, "ns/a", "ns/b")}
		for i := range 600 {
			s.box.add("ns/a", fmt.Sprint("m", i%97))
			s.box.add("ns/b", fmt.Sprint("m", i%89))
			all[i%3].Wake("ns/a")
			all[i%2].Wake("ns/b")
		}
		s.pass(20 * time.Second)
		s.box.expect(s.T, "ns/a", 600, 0, 0)
		s.box.expect(s.T, "ns/b", 600, 0, 0)
		for _, tenant := range []string{"ns/a", "ns/b"} {
			for id, n := range s.inOrder(a, tenant) {
				if n != 1 {
					s.Errorf("%s was sent %d times", id, n)
				}
			}
		}
		if a.most <= DefaultTiming().Parallel {
			s.Errorf("%d attempts at a time: one replica did it all", a.most)
		}
		for _, p := range all {
			p.stop()
		}
	})
}

// TestReplicaDies: what it had claimed is sent by the others, within the time of a claim.
func TestReplicaDies(t *testing.T) {
	t.Parallel()
	play(t, func(s *stage) {
		slow := &application{answer: func(context.Context, string) (webhook.Answer, error) {
			<-time.After(2 * time.Second)
			return webhook.Answer{Status: http.StatusOK}, nil
		}}
		one := s.join(slow, "ns/a")
		for i := range 100 {
			s.box.add("ns/a", fmt.Sprint("m", i%50))
		}
		one.Wake("ns/a")
		s.pass(time.Second)
		two := s.join(slow, "ns/a")
		s.pass(500 * time.Millisecond)
		one.killed.Store(true)
		s.pass(DefaultTiming().Claim + attemptTimeout + DefaultTiming().Poll + 10*time.Second)
		s.box.expect(s.T, "ns/a", 100, 0, 0)
		again := 0
		for _, n := range s.inOrder(slow, "ns/a") {
			again += n - 1
		}
		if most := DefaultTiming().Parallel; again == 0 || again > most {
			s.Errorf("%d events were sent again; %d were under way", again, most)
		}
		two.stop()
		one.stop()
	})
}

// TestReplicaStops: the others need not wait for what it had fetched and not begun.
func TestReplicaStops(t *testing.T) {
	t.Parallel()
	play(t, func(s *stage) {
		slow := &application{answer: func(context.Context, string) (webhook.Answer, error) {
			<-time.After(time.Second)
			return webhook.Answer{Status: http.StatusOK}, nil
		}}
		one := s.join(slow, "ns/a")
		for i := range 60 {
			s.box.add("ns/a", fmt.Sprint("m", i))
		}
		one.Wake("ns/a")
		s.pass(100 * time.Millisecond)
		two := s.join(slow, "ns/a")
		s.pass(100 * time.Millisecond)
		one.stop()
		s.pass(2*DefaultTiming().Poll + time.Second)
		s.box.expect(s.T, "ns/a", 60, 0, 0)
		for id, n := range s.inOrder(slow, "ns/a") {
			if n != 1 {
				s.Errorf("%s was sent %d times", id, n)
			}
		}
		two.stop()
	})
}

// TestRouteGoes: what was fetched for a tenant that is no longer delivered here is given back.
func TestRouteGoes(t *testing.T) {
	t.Parallel()
	play(t, func(s *stage) {
		hung, a := &application{answer: hanging}, ok()
		one := s.join(hung, "ns/a")
		for i := range 60 {
			s.box.add("ns/a", fmt.Sprint("m", i))
		}
		one.Wake("ns/a")
		s.pass(moment)
		one.Configure(nil)
		two := s.join(a, "ns/a")
		s.pass(2 * DefaultTiming().Poll)
		if n := len(a.got()); n != 60-DefaultTiming().Parallel {
			s.Errorf("%d of the events that were not begun are sent", n)
		}
		s.pass(time.Minute)
		s.box.expect(s.T, "ns/a", 60, 0, 0)
		one.stop()
		two.stop()
	})
}

// TestClaimRunsOut: an attempt is not begun unless its claim lasts until its end.
func TestClaimRunsOut(t *testing.T) {
	t.Parallel()
	play(t, func(s *stage) {
		slow := &application{answer: func(_ context.Context, id string) (webhook.Answer, error) {
			var n int64
			_, _ = fmt.Sscanf(id, "ns/a#%d", &n)
			if left := time.Until(s.box.find("ns/a", n).NextAttempt); left < attemptTimeout {
				s.Errorf("%s is sent %s before its claim ends", id, left)
			}
			<-time.After(DefaultTiming().Claim + time.Second) // longer than it is allowed to
			return webhook.Answer{Status: http.StatusOK}, nil
		}}
		one := s.join(slow, "ns/a")
		for i := range 200 {
			s.box.add("ns/a", fmt.Sprint("m", i))
		}
		one.Wake("ns/a")
		s.pass(3 * time.Minute)
		s.box.expect(s.T, "ns/a", 200, 0, 0)
		one.stop()
	})
}

// TestLateFailure: an attempt that fails after its claim has run out says nothing of the event, which another replica sends.
func TestLateFailure(t *testing.T) {
	t.Parallel()
	play(t, func(s *stage) {
		claim := DefaultTiming().Claim + attemptTimeout
		after := func(d time.Duration, status int) *application {
			return &application{answer: func(context.Context, string) (webhook.Answer, error) {
				<-time.After(d)
				return webhook.Answer{Status: status}, nil
			}}
		}
		late, other := after(claim+DefaultTiming().Poll+5*time.Second, http.StatusServiceUnavailable), after(20*time.Second, http.StatusOK)
		one := s.join(late, "ns/a")
		s.box.add("ns/a", "ann")
		one.Wake("ns/a")
		s.pass(moment)
		one.Configure(nil) // it looks for no more events, and finishes what it has begun
		two := s.join(other, "ns/a")
		s.pass(2 * time.Minute)
		s.box.expect(s.T, "ns/a", 1, 0, 0)
		if e := s.box.find("ns/a", 1); len(late.got()) != 1 || len(other.got()) != 1 || e.Attempts != 0 {
			s.Errorf("sent %d times by who was late and %d times by the other, %d failures noted; want 1, 1, 0", len(late.got()), len(other.got()), e.Attempts)
		}
		one.stop()
		two.stop()
	})
}

// TestSharedPollsOnce: the store is asked for all tenants at a time.
func TestSharedPollsOnce(t *testing.T) {
	t.Parallel()
	play(t, func(s *stage) {
		a := ok()
		tenants := make([]string, 500)
		for i := range tenants {
			tenants[i] = fmt.Sprint("ns/t", i)
		}
		one := s.join(a, tenants...)
		s.pass(time.Minute)
		if most := int(time.Minute/DefaultTiming().Poll) + 2; s.box.looks > most {
			s.Errorf("%d looks in a minute for %d idle tenants", s.box.looks, len(tenants))
		}
		s.box.add("ns/t77", "ann") // by another replica, which is dead by now
		s.pass(DefaultTiming().Poll)
		if !slices.Equal(a.got(), []string{"ns/t77#1"}) {
			s.Errorf("sent %v", a.got())
		}
		if strings.Contains(s.log.String(), "ERROR") {
			s.Errorf("log %s", s.log)
		}
		one.stop()
	})
}

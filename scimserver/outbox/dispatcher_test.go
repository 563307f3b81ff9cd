package outbox

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scim-operator/scim-operator/scimserver/outbox/webhook"
)

// moment is longer than outcomes are gathered.
const moment = 10 * time.Millisecond

func TestDeliversAtOnceAndInOrder(t *testing.T) {
	t.Parallel()
	play(t, func(s *stage) {
		a := ok()
		s.route(map[string]*application{"ns/a": a})
		s.pass(time.Hour)
		s.emit("ns/a", "ann", "ben", "ann", "ann")
		s.pass(0)
		s.box.expect(s.T, "ns/a", 4, 0, 0)
		ann := slices.DeleteFunc(a.got(), func(id string) bool { return id == "ns/a#2" })
		if diff := cmp.Diff([]string{"ns/a#1", "ns/a#3", "ns/a#4"}, ann); diff != "" {
			s.Errorf("events of ann (-want +got):\n%s", diff)
		}
		if s.tally.count(Delivered) != 4 || s.tally.slowest > moment || s.d.Status("ns/a") != (Status{}) {
			s.Errorf("%d delivered, the slowest after %s; %+v", s.tally.count(Delivered), s.tally.slowest, s.d.Status("ns/a"))
		}
	})
}

// TestNobodyWaitsForAnother: neither a member, nor a tenant, nor an application holds up others.
func TestNobodyWaitsForAnother(t *testing.T) {
	t.Parallel()
	play(t, func(s *stage) {
		dead := &application{answer: hanging}
		picky := &application{answer: func(ctx context.Context, id string) (webhook.Answer, error) {
			if id == "ns/a#1" {
				return hanging(ctx, id)
			}
			return webhook.Answer{Status: http.StatusNoContent}, nil
		}}
		s.route(map[string]*application{"ns/a": picky, "ns/b": picky, "ns/dead": dead})
		for i := range 500 {
			s.emit("ns/dead", fmt.Sprint("m", i))
		}
		s.emit("ns/a", "ann", "ben", "ann", "cid")
		s.emit("ns/b", "ann")
		s.pass(moment)
		s.box.expect(s.T, "ns/a", 2, 2, 0) // both of ann wait, in their order
		s.box.expect(s.T, "ns/b", 1, 0, 0)
		if dead.most != DefaultTiming().Parallel {
			s.Errorf("%d attempts at a time", dead.most)
		}
	})
}

// TestGathers: outcomes are written together while attempts are under way, and at once while there are none.
func TestGathers(t *testing.T) {
	t.Parallel()
	play(t, func(s *stage) {
		a := &application{answer: func(ctx context.Context, id string) (webhook.Answer, error) {
			if id == "ns/a#1" {
				return hanging(ctx, id)
			}
			return webhook.Answer{Status: http.StatusNoContent}, nil
		}}
		s.route(map[string]*application{"ns/a": a})
		s.emit("ns/a", "ann")
		for i := range 50 {
			s.emit("ns/a", fmt.Sprint("m", i))
			s.pass(time.Millisecond)
		}
		s.pass(moment)
		s.box.expect(s.T, "ns/a", 50, 1, 0)
		if s.box.writes > 11 {
			s.Errorf("%d writes", s.box.writes)
		}
		a.becomes(answering(http.StatusNoContent))
		s.pass(time.Minute)
		s.emit("ns/a", "ben")
		s.pass(0)
		s.box.expect(s.T, "ns/a", 52, 0, 0)
	})
}

// TestTurns: a tenant with many events doesn't keep another one with few from the application that they share.
func TestTurns(t *testing.T) {
	t.Parallel()
	play(t, func(s *stage) {
		slow := &application{answer: func(context.Context, string) (webhook.Answer, error) {
			<-time.After(time.Second)
			return webhook.Answer{Status: http.StatusOK}, nil
		}}
		s.route(map[string]*application{"ns/big": slow, "ns/small": slow})
		for i := range 10_000 {
			s.box.add("ns/big", fmt.Sprint("m", i))
		}
		s.d.Wake("ns/big")
		s.pass(10 * time.Second)
		s.emit("ns/small", "ann", "ben", "cid")
		s.pass(2*time.Second + moment)
		s.box.expect(s.T, "ns/small", 3, 0, 0)
	})
}

func TestStop(t *testing.T) {
	t.Parallel()
	play(t, func(s *stage) {
		a := &application{answer: func(ctx context.Context, id string) (webhook.Answer, error) {
			if id == "ns/a#2" {
				<-ctx.Done()
				return webhook.Answer{}, &webhook.SendError{Reason: "Canceled"}
			}
			<-time.After(3 * time.Second)
			return webhook.Answer{Status: http.StatusOK}, nil
		}}
		s.route(map[string]*application{"ns/a": a})
		s.emit("ns/a", "ann", "ben", "ann")
		s.pass(time.Second)
		began := time.Now()
		s.stop()
		if took := time.Since(began); took != DefaultTiming().Grace {
			s.Errorf("stopped after %s", took)
		}
		s.box.expect(s.T, "ns/a", 1, 2, 0)
		if e := s.box.find("ns/a", 2); e.Attempts != 0 || s.tally.count(Retried) != 0 {
			s.Errorf("what was given up counts as failed: %+v", e)
		}

		a.becomes(answering(http.StatusOK))
		s.start() // nobody wakes it
		s.route(map[string]*application{"ns/a": a})
		s.pass(moment)
		s.box.expect(s.T, "ns/a", 3, 0, 0)
		if diff := cmp.Diff(2, count(a.got(), "ns/a#2")); diff != "" {
			s.Errorf("attempts of what was given up (-want +got):\n%s", diff)
		}
	})
}

func count(list []string, id string) (n int) {
	for _, x := range list {
		if x == id {
			n++
		}
	}
	return n
}

// TestNewEndpoint: while the old one still has an event of a member, the new one gets none of that member.
func TestNewEndpoint(t *testing.T) {
	t.Parallel()
	play(t, func(s *stage) {
		before, after := &application{answer: func(context.Context, string) (webhook.Answer, error) {
			<-time.After(4 * time.Second)
			return webhook.Answer{Status: http.StatusOK}, nil
		}}, ok()
		s.route(map[string]*application{"ns/a": before})
		s.emit("ns/a", "ann", "ann")
		s.pass(time.Second)
		s.route(map[string]*application{"ns/a": after})
		s.emit("ns/a", "ben")
		s.pass(time.Second)
		if diff := cmp.Diff([]string{"ns/a#3"}, after.got()); diff != "" {
			s.Errorf("sent to the new endpoint (-want +got):\n%s", diff)
		}
		s.pass(3 * time.Second)
		if diff := cmp.Diff([]string{"ns/a#3", "ns/a#2"}, after.got()); diff != "" {
			s.Errorf("sent to the new endpoint (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"ns/a#1"}, before.got()); diff != "" {
			s.Errorf("sent to the old endpoint (-want +got):\n%s", diff)
		}
		s.box.expect(s.T, "ns/a", 3, 0, 0)
	})
}

// TestNewEndpointWhileAnAttemptEnds: the outcome is written even if the endpoint goes in this very moment.
func TestNewEndpointWhileAnAttemptEnds(t *testing.T) {
	t.Parallel()
	play(t, func(s *stage) {
		after := ok()
		s.tally.takes = 4 * time.Second
		s.route(map[string]*application{"ns/a": {answer: answering(http.StatusUnauthorized)}})
		s.emit("ns/a", "ann")
		s.pass(time.Second)
		s.route(map[string]*application{"ns/a": after})
		s.pass(time.Minute)
		s.box.expect(s.T, "ns/a", 1, 0, 0)
		if n := s.box.find("ns/a", 1).Attempts; n != 1 {
			s.Errorf("%d attempts that failed are written, want 1", n)
		}
	})
}

// TestNewEndpointWhileTheDatabaseFails: an outcome that cannot be written holds nobody up once its endpoint is gone.
func TestNewEndpointWhileTheDatabaseFails(t *testing.T) {
	t.Parallel()
	for method, status := range map[string]int{"Failed": http.StatusUnauthorized, "Delivered": http.StatusOK} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			play(t, func(s *stage) {
				before, after := &application{answer: answering(status)}, ok()
				s.box.fail(method, true)
				s.route(map[string]*application{"ns/a": before})
				s.emit("ns/a", "ann")
				s.pass(time.Second)
				s.route(map[string]*application{"ns/a": after})
				s.pass(time.Second)
				s.box.fail(method, false)
				s.emit("ns/a", "ann")
				s.pass(time.Minute)
				s.box.expect(s.T, "ns/a", 2, 0, 0)
				if diff := cmp.Diff([]string{"ns/a#1"}, before.got()); diff != "" {
					s.Errorf("sent to the old endpoint (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestNoRoute(t *testing.T) {
	t.Parallel()
	play(t, func(s *stage) {
		a := ok()
		s.emit("ns/a", "ann")
		s.pass(time.Hour)
		s.route(map[string]*application{"ns/a": a})
		s.pass(moment)
		s.box.expect(s.T, "ns/a", 1, 0, 0)
		s.route(nil)
		s.emit("ns/a", "ann")
		s.d.TryNow("ns/a")
		s.pass(time.Hour)
		s.box.expect(s.T, "ns/a", 1, 1, 0)
	})
}

// TestIdleIsQuiet: without events the store is looked into once in SafetyNet, and what nobody told of is found by that.
func TestIdleIsQuiet(t *testing.T) {
	t.Parallel()
	play(t, func(s *stage) {
		a := ok()
		s.route(map[string]*application{"ns/a": a})
		s.pass(time.Hour)
		if most := int(time.Hour/DefaultTiming().SafetyNet) + 2; s.box.looks > most {
			s.Errorf("%d looks in an hour, want %d at most", s.box.looks, most)
		}
		s.box.add("ns/a", "ann")
		s.pass(DefaultTiming().SafetyNet)
		s.box.expect(s.T, "ns/a", 1, 0, 0)
	})
}

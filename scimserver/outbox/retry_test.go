package outbox

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/outbox/webhook"
)

func TestTriesAgain(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func(context.Context, string) (webhook.Answer, error){
		"500": answering(500), "503": answering(503), "404": answering(404), "401": answering(401), "400": answering(400),
		"410": answering(410), "429": answering(429), "408": answering(408), "302": answering(302), "nothing": hanging,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, func(s *stage) {
				a := &application{answer: answer}
				s.route(map[string]*application{"ns/a": a})
				s.emit("ns/a", "ann", "ann")
				s.pass(2 * time.Minute)
				e := s.box.find("ns/a", 1)
				if e.Attempts < 4 || e.LastError == "" || s.d.Status("ns/a").Error != e.LastError || s.tally.count(Retried) != e.Attempts {
					s.Errorf("%d attempts, error %q, %+v", e.Attempts, e.LastError, s.d.Status("ns/a"))
				}
				if slices.Contains(a.got(), "ns/a#2") {
					s.Error("the second event went before the first")
				}
				a.becomes(answering(http.StatusOK))
				s.pass(DefaultTiming().MaxWait)
				s.box.expect(s.T, "ns/a", 2, 0, 0)
				if s.d.Status("ns/a") != (Status{}) {
					s.Errorf("%+v afterwards", s.d.Status("ns/a"))
				}
			})
		})
	}
}

func TestWaitsLongerAndLonger(t *testing.T) {
	t.Parallel()
	play(t, func(s *stage) {
		a := &application{answer: answering(http.StatusInternalServerError)}
		s.route(map[string]*application{"ns/a": a})
		s.emit("ns/a", "ann")
		s.pass(time.Hour)
		timing, at := DefaultTiming(), a.times()
		for i := 1; i < len(at); i++ {
			gap, most := at[i].Sub(at[i-1]), min(timing.FirstWait<<(i-1), timing.MaxWait)
			if gap < most/2 || gap > max(most, timing.MaxRest)+moment {
				s.Errorf("%s before attempt %d, want %s to %s", gap, i+1, most/2, most)
			}
		}
		if n := len(at); n < 18 || n > 40 {
			s.Errorf("%d attempts in an hour", n)
		}
	})
}

func TestRetryAfterIsHonoured(t *testing.T) {
	t.Parallel()
	play(t, func(s *stage) {
		a := &application{answer: func(context.Context, string) (webhook.Answer, error) {
			return webhook.Answer{Status: http.StatusTooManyRequests, RetryAfter: 10 * time.Minute}, nil
		}}
		s.route(map[string]*application{"ns/a": a})
		s.emit("ns/a", "ann")
		s.pass(moment)
		s.emit("ns/a", "ben") // the limit is the application's, not the event's
		s.pass(10*time.Minute - 2*moment)
		if n := len(a.got()); n != 1 {
			s.Errorf("%d attempts before the time", n)
		}
		a.becomes(answering(http.StatusOK))
		s.pass(2 * moment)
		s.box.expect(s.T, "ns/a", 2, 0, 0)
	})
}

// TestRefusedEvents are parked at once, as no repetition helps, and let the next one go.
func TestRefusedEvents(t *testing.T) {
	t.Parallel()
	invalid := func(context.Context, string) (webhook.Answer, error) {
		return webhook.Answer{Status: http.StatusBadRequest, Body: []byte(`{"err":"invalid_request","description":"ann@example.com"}`)}, nil
	}
	for name, answer := range map[string]func(context.Context, string) (webhook.Answer, error){
		"409": answering(409), "413": answering(413), "422": answering(422), "invalid_request": invalid,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, func(s *stage) {
				a := &application{answer: func(ctx context.Context, id string) (webhook.Answer, error) {
					if id == "ns/a#1" {
						return answer(ctx, id)
					}
					return webhook.Answer{Status: http.StatusAccepted}, nil
				}}
				s.route(map[string]*application{"ns/a": a})
				s.emit("ns/a", "ann", "ann", "ben")
				s.pass(moment)
				s.box.expect(s.T, "ns/a", 2, 0, 1)
				if e := s.box.find("ns/a", 1); !e.Parked || e.LastError == "" || strings.Contains(e.LastError, "@") {
					s.Errorf("%+v", e)
				}
				if s.tally.count(Parked) != 1 || !strings.Contains(s.log.String(), "parked") || s.d.Status("ns/a").Resting {
					s.Errorf("%d parked, log %q", s.tally.count(Parked), s.log)
				}
			})
		})
	}
}

func TestParksAfterADay(t *testing.T) {
	t.Parallel()
	play(t, func(s *stage) {
		a := &application{answer: func(_ context.Context, id string) (webhook.Answer, error) {
			if id == "ns/a#1" {
				return webhook.Answer{Status: http.StatusInternalServerError}, nil
			}
			return webhook.Answer{Status: http.StatusOK}, nil
		}}
		s.route(map[string]*application{"ns/a": a})
		s.emit("ns/a", "ann", "ann", "ben")
		s.pass(23 * time.Hour)
		s.box.expect(s.T, "ns/a", 1, 2, 0)
		s.pass(time.Hour + DefaultTiming().MaxWait)
		s.box.expect(s.T, "ns/a", 2, 0, 1)

		a.becomes(answering(http.StatusOK))
		s.box.replay("ns/a")
		s.d.TryNow("ns/a")
		s.pass(moment)
		s.box.expect(s.T, "ns/a", 3, 0, 0)
	})
}

// TestOldEventsAreTriedFirst: a server that was off for days gives nothing up before it has tried.
func TestOldEventsAreTriedFirst(t *testing.T) {
	t.Parallel()
	play(t, func(s *stage) {
		s.box.add("ns/a", "ann")
		s.pass(72 * time.Hour)
		a := &application{answer: answering(http.StatusBadGateway)}
		s.route(map[string]*application{"ns/a": a})
		s.pass(2 * time.Second)
		s.box.expect(s.T, "ns/a", 0, 1, 0)
		a.becomes(answering(http.StatusOK))
		s.pass(time.Minute)
		s.box.expect(s.T, "ns/a", 1, 0, 0)
	})
}

// TestDeadReceiver: it is tried now and then only, everything goes when it is back, and after a day what is older is parked.
func TestDeadReceiver(t *testing.T) {
	t.Parallel()
	play(t, func(s *stage) {
		a := &application{answer: answering(http.StatusServiceUnavailable)}
		s.route(map[string]*application{"ns/a": a, "ns/b": a})
		for i := range 1000 {
			s.box.add("ns/a", fmt.Sprint("m", i))
		}
		s.emit("ns/b", "ann")
		s.pass(time.Hour)
		if n := len(a.got()); n > 300 || n < 100 {
			s.Errorf("%d attempts in an hour", n)
		}
		if !s.d.Status("ns/a").Resting || !s.d.Status("ns/b").Resting || strings.Count(s.log.String(), "cannot be reached") != 1 {
			s.Errorf("%+v, log %s", s.d.Status("ns/a"), s.log)
		}
		a.becomes(answering(http.StatusOK))
		s.pass(DefaultTiming().MaxWait)
		s.box.expect(s.T, "ns/a", 1000, 0, 0)
		s.box.expect(s.T, "ns/b", 1, 0, 0)
		if s.d.Status("ns/a").Resting || !strings.Contains(s.log.String(), "can be reached again") {
			s.Errorf("%+v, log %s", s.d.Status("ns/a"), s.log)
		}

		a.becomes(answering(http.StatusServiceUnavailable))
		for i := range 2000 { // too many for each to be tried often
			s.box.add("ns/a", fmt.Sprint("m", i))
		}
		s.d.Wake("ns/a")
		s.pass(26 * time.Hour)
		s.box.expect(s.T, "ns/a", 1000, 0, 2000)
		s.emit("ns/a", "new")
		s.pass(time.Hour)
		s.box.expect(s.T, "ns/a", 1000, 1, 2000) // what is new is not old
		a.becomes(answering(http.StatusOK))
		s.box.replay("ns/a")
		s.d.TryNow("ns/a")
		s.pass(DefaultTiming().MaxWait)
		s.box.expect(s.T, "ns/a", 3001, 0, 0)
	})
}

// TestDatabaseFails: nothing is lost, and nothing of a member overtakes.
func TestDatabaseFails(t *testing.T) {
	t.Parallel()
	play(t, func(s *stage) {
		a := ok()
		s.route(map[string]*application{"ns/a": a})
		s.box.fail("Due", true)
		s.emit("ns/a", "ann", "ann")
		s.pass(10 * time.Second)
		if len(a.got()) != 0 || s.box.looks > 25 {
			s.Errorf("%d sent after %d looks", len(a.got()), s.box.looks)
		}
		s.box.fail("Due", false)
		s.box.fail("Delivered", true)
		s.pass(10 * time.Second)
		if n := len(a.got()); n != 1 {
			s.Errorf("%d sent while outcomes cannot be written", n)
		}
		s.box.fail("Delivered", false)
		s.box.fail("NextDue", true)
		s.pass(5 * time.Second)
		s.box.expect(s.T, "ns/a", 2, 0, 0)
		s.box.fail("NextDue", false)

		a.becomes(answering(http.StatusInternalServerError))
		s.box.fail("Failed", true)
		s.emit("ns/a", "ann")
		s.pass(10 * time.Second)
		if n := len(a.got()); n != 3 {
			s.Errorf("%d sent while failures cannot be written", n)
		}
		s.box.fail("Failed", false)
		a.becomes(answering(http.StatusOK))
		s.pass(10 * time.Second)
		s.box.expect(s.T, "ns/a", 3, 0, 0)
		if !strings.Contains(s.log.String(), errBroken.Error()) {
			s.Errorf("log %s", s.log)
		}
	})
}

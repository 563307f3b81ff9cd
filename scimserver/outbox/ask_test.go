package outbox

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scim-operator/scim-operator/scimserver/outbox/webhook"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

func saying(status int, body string) *application {
	return &application{answer: func(context.Context, string) (webhook.Answer, error) {
		return webhook.Answer{Status: status, Body: []byte(body)}, nil
	}}
}

func TestAsk(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ä", 2000)
	for name, tc := range map[string]struct {
		answer    *application
		status    int // of a refusal; 503: no answer; 0: accepted
		scimType  scimerr.Type
		detail    string
		truncated bool
	}{
		"200":                     {answer: saying(200, ""), detail: ""},
		"204":                     {answer: saying(204, "")},
		"200 with HTML":           {answer: saying(200, "<html>")},
		"200 that talks":          {answer: saying(200, `{"detail":"no","scimType":"uniqueness"}`)},
		"409 with a reason":       {answer: saying(409, `{"detail":"laptop 7 is linked","scimType":"mutability"}`), status: 409, scimType: "mutability", detail: "laptop 7 is linked"},
		"409 without":             {answer: saying(409, ""), status: 409},
		"403":                     {answer: saying(403, `{"detail":"no"}`), status: 403, detail: "no"},
		"400":                     {answer: saying(400, `{"detail":"no"}`), status: 400, detail: "no"},
		"404 is not the user's":   {answer: saying(404, `<html>`), status: 404},
		"401 is not the token's":  {answer: saying(401, ``), status: 401},
		"422 with HTML":           {answer: saying(422, `<html>no</html>`), status: 422},
		"an unknown scimType":     {answer: saying(409, `{"detail":"no","scimType":"<script>"}`), status: 409, detail: "no"},
		"a detail that is none":   {answer: saying(409, `{"detail":{"a":1}}`), status: 409},
		"control characters":      {answer: saying(409, `{"detail":"a\r\nX-Evil: 1\u0000\u001b[31m\u202e b\ufffd"}`), status: 409, detail: "a X-Evil: 1[31m b"},
		"a detail that is long":   {answer: saying(409, `{"detail":"`+long+`"}`), status: 409, detail: strings.Repeat("ä", MaxDetail-1) + "…"},
		"500":                     {answer: saying(500, `{"detail":"secret stack"}`), status: 503},
		"503":                     {answer: saying(503, ``), status: 503},
		"408":                     {answer: saying(408, ``), status: 503},
		"429":                     {answer: saying(429, ``), status: 503},
		"a redirect is no answer": {answer: saying(302, ``), status: 503},
		"silence":                 {answer: &application{answer: hanging}, status: 503},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, func(s *stage) {
				s.route(map[string]*application{"ns/a": tc.answer})
				v, err := s.d.Ask(s.Context(), "ns/a", store.Event{ID: "q1", Body: []byte("{}")})
				got := &scimerr.Error{}
				switch {
				case tc.status == 503:
					if !errors.As(err, &got) || got.RetryAfter < time.Second || strings.Contains(got.Detail, "secret") {
						s.Errorf("error %v", err)
					}
					if s.tally.count(Unsure) != 1 || s.d.Status("ns/a").Error == "" {
						s.Errorf("%v, %+v", s.tally.outcomes, s.d.Status("ns/a"))
					}
				case err != nil:
					s.Error(err)
				case tc.status == 0:
					if v.Refused || v.Detail != "" || s.tally.count(Accepted) != 1 {
						s.Errorf("%+v", v)
					}
					return
				default:
					if s.tally.count(Vetoed) != 1 || !v.Refused {
						s.Errorf("%v %+v", s.tally.outcomes, v)
					}
					got = scimerr.New(v.Status, v.ScimType, "%s", v.Detail)
					if got.Detail != tc.detail {
						s.Errorf("%q", got.Detail)
					}
				}
				if diff := cmp.Diff([]any{tc.status, tc.scimType}, []any{got.Status, got.ScimType}); diff != "" {
					s.Errorf("(-want +got):\n%s", diff)
				}
			})
		})
	}
}

// TestAskWhileItRests: identity providers are not kept waiting for an application that is known to be away.
func TestAskWhileItRests(t *testing.T) {
	t.Parallel()
	play(t, func(s *stage) {
		a := &application{answer: hanging}
		s.route(map[string]*application{"ns/a": a})
		ask := func() error {
			_, err := s.d.Ask(s.Context(), "ns/a", store.Event{ID: "q"})
			return err
		}
		for range DefaultTiming().OpenAfter {
			if ask() == nil {
				s.Fatal("silence is an answer")
			}
		}
		began := time.Now()
		if err := ask(); err == nil || time.Since(began) != 0 || len(a.got()) != DefaultTiming().OpenAfter {
			s.Errorf("%v after %s, %d attempts", err, time.Since(began), len(a.got()))
		}
		a.becomes(answering(http.StatusOK))
		s.pass(DefaultTiming().MaxRest)
		if err := ask(); err != nil || s.d.Status("ns/a") != (Status{}) {
			s.Errorf("%v, %+v", err, s.d.Status("ns/a"))
		}
	})
}

// TestAskerGoes: who breaks off says nothing about the application.
func TestAskerGoes(t *testing.T) {
	t.Parallel()
	play(t, func(s *stage) {
		s.route(map[string]*application{"ns/a": {answer: hanging}})
		for range 2 * DefaultTiming().OpenAfter {
			ctx, cancel := context.WithTimeout(s.Context(), time.Second)
			if _, err := s.d.Ask(ctx, "ns/a", store.Event{ID: "q"}); err == nil {
				s.Error("silence is an answer")
			}
			cancel()
		}
		if s.d.Status("ns/a") != (Status{}) {
			s.Errorf("%+v", s.d.Status("ns/a"))
		}
		if _, err := s.d.Ask(s.Context(), "ns/other", store.Event{}); err == nil {
			s.Error("a tenant without a route is answered")
		}
	})
}

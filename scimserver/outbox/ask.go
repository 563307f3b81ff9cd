package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/scim-operator/scim-operator/scimserver/outbox/webhook"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// MaxDetail is what is passed on of an application's reason, in characters.
const MaxDetail = 500

// askAgain is told to an identity provider whose question nobody answered.
const askAgain = 15 * time.Second

// Verdict is what an application says to a change before it is made.
type Verdict struct {
	Refused bool
	Status  int // of the application's answer
	// Detail and ScimType are the application's own words, for the identity provider: printable, of at most MaxDetail
	// characters; a keyword of RFC 7644 §3.12 or none.
	Detail   string
	ScimType scimerr.Type
	Took     time.Duration
}

// Ask puts a change to the tenant's application: 2xx accepts it, 4xx refuses it. Where there is no answer, or one that means
// "not now" (408, 425, 429, 5xx, 3xx), the error is a *scimerr.Error of status 503 with Retry-After; the application may have
// acted all the same.
func (d *Dispatcher) Ask(ctx context.Context, tenant string, e store.Event) (Verdict, error) {
	l, r, err := d.asked(tenant)
	if err != nil {
		return Verdict{}, err
	}
	began := d.Clock()
	answer, err := r.endpoint.Send(ctx, webhook.Message{ID: e.ID, Created: e.Created, Source: l.source, Body: e.Body})
	now := d.Clock()
	if err != nil && ctx.Err() != nil { // the identity provider has gone: that says nothing about the application
		return Verdict{}, scimerr.Unavailable(err, askAgain, "the request was given up before the application had answered")
	}
	if err == nil && decided(answer.Status) {
		v := verdict(answer)
		v.Took = now.Sub(began)
		d.answered(tenant, l, r, v)
		return v, nil
	}
	o := judge(answer, err)
	d.mu.Lock()
	l.failure = o.reason
	if r.health.failed(now, answer.RetryAfter) {
		r.log.Warn("application cannot be reached; it is tried now and then", "error", o.reason)
	}
	d.mu.Unlock()
	d.Observe.Attempted(tenant, Unsure, now.Sub(began))
	return Verdict{}, notNow(errors.New(o.reason), max(askAgain, min(answer.RetryAfter, time.Hour)))
}

// asked finds out whom to ask. A receiver that rests is not asked: each request would take as long as the timeout.
func (d *Dispatcher) asked(tenant string) (*lane, *receiver, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	l := d.lanes[tenant]
	if l == nil {
		return nil, nil, notNow(errors.New("there is no route"), askAgain)
	}
	if now := d.Clock(); l.receiver.health.closedNow(now) {
		rest := l.receiver.health.until.Sub(now)
		return nil, nil, notNow(errors.New("the receiver rests: "+l.failure), max(rest, time.Second))
	}
	return l, l.receiver, nil
}

func (d *Dispatcher) answered(tenant string, l *lane, r *receiver, v Verdict) {
	d.mu.Lock()
	l.failure = ""
	if r.health.succeeded() {
		r.log.Info("application can be reached again")
		r.notify()
	}
	d.mu.Unlock()
	o := Accepted
	if v.Refused {
		o = Vetoed
	}
	d.Observe.Attempted(tenant, o, v.Took)
}

func notNow(cause error, after time.Duration) error {
	return scimerr.Unavailable(cause, after, "the application that this change is for does not answer; nothing was changed, try again later")
}

// decided tells whether the status is an answer to the question.
func decided(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	}
	return status >= 200 && status < 300 || status >= 400 && status < 500
}

func verdict(a webhook.Answer) Verdict {
	v := Verdict{Status: a.Status, Refused: a.Status >= 300}
	if !v.Refused {
		return v
	}
	var said struct {
		Detail   string `json:"detail"`
		ScimType string `json:"scimType"`
	}
	if !a.Truncated && json.Unmarshal(a.Body, &said) == nil {
		v.Detail, v.ScimType = printable(said.Detail), keyword(said.ScimType)
	}
	return v
}

// printable makes one line of at most MaxDetail characters out of a text.
func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case r == unicode.ReplacementChar || !unicode.IsGraphic(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	s = strings.Join(strings.Fields(s), " ")
	if runes := []rune(s); len(runes) > MaxDetail {
		s = string(runes[:MaxDetail-1]) + "…"
	}
	return s
}

// keyword passes on what a SCIM client knows.
func keyword(s string) scimerr.Type {
	switch t := scimerr.Type(s); t {
	case scimerr.NotUnique, scimerr.NotMutable, scimerr.BadValue, scimerr.TooMany, scimerr.Sensitive:
		return t
	}
	return scimerr.None
}

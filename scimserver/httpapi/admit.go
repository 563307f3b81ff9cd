package httpapi

import (
	"net/http"

	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
)

// serve admits a request and lets the route's endpoint answer it.
func (x *exchange) serve(r *http.Request, m methods, allow string) error {
	if err := x.admit(r); err != nil {
		return err
	}
	answer := m.find(r.Method)
	if answer == nil {
		x.set("Allow", allow)
		return scimerr.New(http.StatusMethodNotAllowed, scimerr.None, "this method is not allowed here, only %s", allow)
	}
	return answer(x)
}

// admit finds the tenant and asks who is calling before anything else is told: a stranger learns neither what paths a
// tenant has nor whether it is suspended, and takes nothing from its rate.
func (x *exchange) admit(r *http.Request) (err error) {
	t, ok := x.h.Tenants.Tenant(r.PathValue("namespace"), r.PathValue("name"))
	if !ok {
		return scimerr.NotFound("no tenant at this path: check the base URL")
	}
	x.tenant = t
	x.tol = t.Directory.Tolerances()
	if x.credential, x.subject, err = t.Auth.Authenticate(r, x.tol); err != nil {
		return err
	}
	if t.Unavailable != nil {
		return t.Unavailable
	}
	if err := x.checkRate(); err != nil {
		return err
	}
	return x.enter()
}

func (x *exchange) checkRate() error {
	if x.tenant.Limit == nil {
		return nil
	}
	retryAfter, ok := x.tenant.Limit.Allow(x.start)
	if ok {
		return nil
	}
	e := scimerr.New(http.StatusTooManyRequests, scimerr.None, "too many requests: try again later")
	e.RetryAfter = retryAfter
	return &throttled{err: e, kind: KindRate}
}

// enter waits for a turn among the tenant's requests; end gives it back.
func (x *exchange) enter() error { return x.pass(x.tenant.Gate, &x.gate) }

// enterShare waits for a turn among the tenant's reads. One may be long work for the processors, unlike a write.
func (x *exchange) enterShare() error {
	if x.share != nil {
		return nil
	}
	return x.pass(x.tenant.Share, &x.share)
}

// pass waits in front of a gate, and notes that it is to be left.
func (x *exchange) pass(gate Gate, entered *Gate) error {
	if gate == nil {
		return nil
	}
	retryAfter, ok := gate.Enter(x.r.Context())
	if ok {
		*entered = gate
		return nil
	}
	if err := x.r.Context().Err(); err != nil {
		return err // nobody is there to be told
	}
	e := scimerr.New(http.StatusTooManyRequests, scimerr.None, "too many requests at the same time: send fewer in parallel, and try again later")
	e.RetryAfter = retryAfter
	return &throttled{err: e, kind: KindConcurrency}
}

// leave gives the turns back that the request has.
func (x *exchange) leave() {
	for _, entered := range []*Gate{&x.share, &x.gate} {
		if *entered != nil {
			(*entered).Leave()
			*entered = nil
		}
	}
}

// Kinds of requests that were answered with 429, in Exchange.Kind.
const (
	KindRate        = "RateLimit"
	KindConcurrency = "ConcurrencyLimit"
)

// throttled is an answer of 429.
type throttled struct {
	err  *scimerr.Error
	kind string
}

func (t *throttled) Error() string { return t.err.Error() }

func (t *throttled) Unwrap() error { return t.err }

// Kind implements kinded.
func (t *throttled) Kind() (kind, summary string) { return t.kind, t.err.Detail }

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
		x.w.Header()["Allow"] = []string{allow}
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
	return x.checkRate()
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
	return e
}

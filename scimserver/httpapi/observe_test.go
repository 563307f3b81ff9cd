package httpapi_test

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scim-operator/scim-operator/scimserver/httpapi"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
	"github.com/scim-operator/scim-operator/scimserver/servertest"
)

// recorder keeps what it is told.
type recorder struct {
	mu   sync.Mutex
	seen []httpapi.Exchange
}

func (r *recorder) Observe(e httpapi.Exchange) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen = append(r.seen, e)
}

func (r *recorder) last(t *testing.T) httpapi.Exchange {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.seen) == 0 {
		t.Fatal("nothing was observed")
	}
	return r.seen[len(r.seen)-1]
}

func TestObserve(t *testing.T) {
	t.Parallel()
	all, own := &recorder{}, &recorder{}
	server := servertest.New(t, servertest.WithObserver(all))
	tenant := server.NewTenant(t, servertest.Observe(own))
	for _, tc := range []struct {
		method, path, body string
		headers            []string
		want               httpapi.Exchange
		reason             string
	}{
		{method: "GET", path: "/Users?count=1", want: httpapi.Exchange{Method: "GET", Route: "/Users", Status: 200}},
		{method: "POST", path: "/Users", body: `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"a","active":"True"}`,
			want: httpapi.Exchange{Method: "POST", Route: "/Users", Status: 201, Tolerances: []tolerance.Rule{tolerance.BooleanString}}},
		{method: "GET", path: "/Groups/x", want: httpapi.Exchange{Method: "GET", Route: "/Groups/{id}", Status: 404}, reason: "Group x not found"},
		{method: "BREW", path: "/Users/x", want: httpapi.Exchange{Method: "OTHER", Route: "/Users/{id}", Status: 405}, reason: "this method is not allowed here, only GET, HEAD, PUT, PATCH, DELETE"},
		{method: "GET", path: "/secret/ann", want: httpapi.Exchange{Method: "GET", Status: 404}, reason: "no SCIM endpoint at this path"},
	} {
		a := tenant.Do(t, tc.method, tc.path, tc.body, tc.headers...)
		got := own.last(t)
		detail := ""
		if got.Err != nil {
			detail = got.Err.Detail
		}
		if a.Status != tc.want.Status || detail != tc.reason || got.RequestID != a.Header.Get("X-Request-Id") || got.Duration <= 0 || got.Credential == "" || got.Tenant != tenant.Key {
			t.Errorf("%s %s: answer %d, observed %+v with detail %q", tc.method, tc.path, a.Status, got, detail)
		}
		got = httpapi.Exchange{Method: got.Method, Route: got.Route, Status: got.Status, Tolerances: slices.Clone(got.Tolerances)}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s %s (-want +got):\n%s", tc.method, tc.path, diff)
		}
	}
	if diff := cmp.Diff(len(all.seen), len(own.seen)); diff != "" {
		t.Errorf("requests seen by the server's observer and by the tenant's:\n%s", diff)
	}
}

func TestActivity(t *testing.T) {
	t.Parallel()
	activity := &httpapi.Activity{}
	tenant := servertest.New(t).NewTenant(t, servertest.Observe(activity))
	if _, ok := activity.LastRejection(); ok || !activity.LastRequest().IsZero() {
		t.Fatal("something has happened before the first request")
	}
	before := time.Now()
	tenant.Do(t, http.MethodGet, "/Users", "", "Authorization", "wrong")
	if r, ok := activity.LastRejection(); !ok || r.Reason != "Unauthorized" || r.Detail == "" || r.Time.Before(before) {
		t.Errorf("after a wrong token: got %+v, %t", r, ok)
	}
	if !activity.LastRequest().IsZero() {
		t.Error("a wrong token counts as a request of the identity provider")
	}
	tenant.Do(t, http.MethodGet, "/Users?filter=x", "")
	if r, _ := activity.LastRejection(); r.Reason != "invalidFilter" {
		t.Errorf("after a wrong filter: got %+v", r)
	}
	tenant.Do(t, http.MethodGet, "/Users/nobody", "")
	if r, _ := activity.LastRejection(); r.Reason != "invalidFilter" {
		t.Errorf("a 404 counts as a rejection: %+v", r)
	}
	if activity.LastRequest().Before(before) {
		t.Error("no request is remembered")
	}
}

// TestRejections: kinds are counted, and nothing is kept that only the client may see.
func TestRejections(t *testing.T) {
	t.Parallel()
	activity, at := &httpapi.Activity{}, time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	refuse := func(err *scimerr.Error, kind, summary string) {
		at = at.Add(time.Second)
		activity.Observe(httpapi.Exchange{Start: at, Status: err.Status, Err: err, Kind: kind, Summary: summary})
	}
	refuse(scimerr.New(http.StatusBadRequest, scimerr.BadValue, "ann@example.com is no role"), "UnknownRole", "a value is no role")
	if r, _ := activity.LastRejection(); r.Reason != "UnknownRole" || r.Detail != "a value is no role" || r.Count != 0 {
		t.Errorf("the latest: %+v", r)
	}
	refuse(scimerr.New(http.StatusBadRequest, scimerr.BadValue, "bob@example.com is no role"), "UnknownRole", "a value is no role")
	refuse(scimerr.BadFilter("%s", `userName eq "ann@example.com`), "", "")
	refuse(scimerr.New(http.StatusServiceUnavailable, scimerr.None, "suspended"), "", "")
	refuse(scimerr.New(http.StatusNotFound, scimerr.None, "nobody"), "", "")
	want := []httpapi.Rejection{
		{Time: at.Add(-3 * time.Second), Reason: "UnknownRole", Detail: "a value is no role", Count: 2},
		{Time: at.Add(-2 * time.Second), Reason: "invalidFilter", Count: 1},
	}
	if diff := cmp.Diff(want, activity.Rejections()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for i := range 40 {
		refuse(scimerr.New(http.StatusConflict, scimerr.None, "x"), fmt.Sprint("Kind", i), "x")
	}
	if list := activity.Rejections(); len(list) != 16 || list[0].Reason != "Kind24" || list[15].Reason != "Kind39" {
		t.Errorf("%d kinds from %s", len(list), list[0].Reason)
	}
}

// TestBulkRejections: what is refused within a Bulk request is told of like any other refusal.
func TestBulkRejections(t *testing.T) {
	t.Parallel()
	activity := &httpapi.Activity{}
	tenant := servertest.New(t).NewTenant(t, servertest.Observe(activity))
	op := `{"method":"POST","path":"/Users","bulkId":"%d","data":{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ann"}}`
	a := tenant.Do(t, http.MethodPost, "/Bulk", fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"Operations":[`+
		op+","+op+","+op+`,{"method":"DELETE","path":"/Users/nobody"}]}`, 1, 2, 3))
	if a.Status != http.StatusOK {
		t.Fatalf("Bulk: %d %s", a.Status, a.Body)
	}
	if list := activity.Rejections(); len(list) != 1 || list[0].Reason != "uniqueness" || list[0].Count != 2 {
		t.Errorf("rejections %+v, want two for the name that is taken", list)
	}
	if r, ok := activity.LastRejection(); !ok || r.Reason != "uniqueness" {
		t.Errorf("the latest rejection: %+v, %v", r, ok)
	}
	tenant.Do(t, http.MethodGet, "/Users", "")
	if list := activity.Rejections(); list[0].Count != 2 {
		t.Errorf("a later request counts them again: %+v", list)
	}
}

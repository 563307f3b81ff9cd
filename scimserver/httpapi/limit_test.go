package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/servertest"
)

// clock stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) time() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func TestRate(t *testing.T) {
	t.Parallel()
	clock := &clock{now: time.Now()}
	server := servertest.New(t, servertest.WithClock(clock.time))
	limited, other := server.NewTenant(t, servertest.Rate(1, 2)), server.NewTenant(t)
	get := func(tenant *servertest.Tenant, headers ...string) servertest.Answer {
		return tenant.Do(t, http.MethodGet, "/Users?count=0", "", headers...)
	}
	for range 3 { // a stranger takes nothing from the tenant's rate
		wantError(t, get(limited, "Authorization", "Bearer wrong"), http.StatusUnauthorized)
	}
	for i := range 2 {
		if a := get(limited); a.Status != http.StatusOK {
			t.Fatalf("request %d: %d", i, a.Status)
		}
	}
	refused := get(limited)
	wantError(t, refused, http.StatusTooManyRequests)
	if got := refused.Header.Get("Retry-After"); got != "1" {
		t.Errorf("Retry-After %q, want 1", got)
	}
	if a := get(other); a.Status != http.StatusOK {
		t.Errorf("another tenant: %d", a.Status)
	}
	clock.move(time.Second)
	if a := get(limited); a.Status != http.StatusOK {
		t.Errorf("after the wait: %d", a.Status)
	}
}

// TestLargeGroup reads a group with more members than fit into one piece: it must come in pieces, so that its size costs no
// memory, and whole.
func TestLargeGroup(t *testing.T) {
	t.Parallel()
	const members = 3000
	server := servertest.New(t)
	tenant := server.NewTenant(t)
	id := tenant.Create(t, "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"g"}`)
	addMembers(t, tenant, id, members)
	for path, want := range map[string]int{"/Groups/" + id: members, "/Groups": members, "/Groups/" + id + "?attributes=members.display": members, "/Groups/" + id + "?excludedAttributes=members": 0} {
		w := &pieces{header: http.Header{}}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, tenant.BaseURL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+tenant.Token)
		server.Handler.ServeHTTP(w, req)
		if got := strings.Count(w.text.String(), `"display":`); got != want {
			t.Errorf("%s: %d members, want %d", path, got, want)
		}
		if w.largest > 2*64<<10 {
			t.Errorf("%s: a piece of %d bytes", path, w.largest)
		}
		a := tenant.Do(t, http.MethodGet, path, "")
		var whole map[string]any
		if a.Decode(t, &whole); string(a.Body) != w.text.String() {
			t.Errorf("%s: differs over the network", path)
		}
	}
}

// pieces notes how much is written at once.
type pieces struct {
	header  http.Header
	text    strings.Builder
	largest int
}

func (p *pieces) Header() http.Header { return p.header }

func (*pieces) WriteHeader(int) {}

func (p *pieces) Write(b []byte) (int, error) {
	p.largest = max(p.largest, len(b))
	return p.text.Write(b)
}

// addMembers creates users and makes them members, by bulk and by one PATCH.
func addMembers(t *testing.T, tenant *servertest.Tenant, group string, n int) {
	t.Helper()
	const most = 1000
	for first := 0; first < n; first += most {
		var posts []string
		for i := first; i < min(n, first+most); i++ {
			posts = append(posts, fmt.Sprintf(`{"method":"POST","path":"/Users","bulkId":"b%d","data":{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"u%d"}}`, i, i))
		}
		a := tenant.Do(t, http.MethodPost, "/Bulk", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"Operations":[`+strings.Join(posts, ",")+`]}`)
		var body struct{ Operations []struct{ Location string } }
		a.Decode(t, &body)
		var values []string
		for _, op := range body.Operations {
			values = append(values, fmt.Sprintf(`{"value":%q}`, op.Location[strings.LastIndex(op.Location, "/")+1:]))
		}
		patch := `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"add","path":"members","value":[` + strings.Join(values, ",") + `]}]}`
		if a := tenant.Do(t, http.MethodPatch, "/Groups/"+group, patch); a.Status != http.StatusNoContent {
			t.Fatalf("PATCH: %d %s", a.Status, a.Body)
		}
	}
}

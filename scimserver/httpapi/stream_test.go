package httpapi_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/directory"
	"github.com/scim-operator/scim-operator/scimserver/servertest"
	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/memory"
)

// largeGroup is so many members that the answer does not fit into one piece.
const largeGroup = 8_000

// crowdedStore gives every group that many members.
type crowdedStore struct{ store.Store }

type crowdedReader struct{ store.Reader }

func (s crowdedStore) View(ctx context.Context, tenant string, fn func(store.Reader) error) error {
	return s.Store.View(ctx, tenant, func(r store.Reader) error { return fn(crowdedReader{r}) })
}

func (r crowdedReader) Members(_ context.Context, _ string, yield func(store.Member) error) error {
	for i := range largeGroup {
		if err := yield(store.Member{ID: fmt.Sprintf("018f0000-0000-7000-8000-%012d", i), Type: store.TypeUser, Display: fmt.Sprintf("u%d", i)}); err != nil {
			return err
		}
	}
	return nil
}

// newCrowded is a server whose groups are large, with one of them.
func newCrowded(t *testing.T) (server *servertest.Server, tenant *servertest.Tenant, group string) {
	t.Helper()
	server = servertest.New(t, servertest.WithStore(crowdedStore{memory.New()}))
	tenant = server.NewTenant(t)
	group = tenant.Create(t, "/Groups?excludedAttributes=members", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"g"}`)
	return server, tenant, group
}

// pieces notes how an answer is written.
type pieces struct {
	header         http.Header
	status         int
	text           strings.Builder
	count, largest int
	gate           func() // before each piece, nil: none
}

func (p *pieces) Header() http.Header { return p.header }

func (p *pieces) WriteHeader(status int) { p.status = status }

func (p *pieces) Write(b []byte) (int, error) {
	if p.gate != nil {
		p.gate()
	}
	p.count++
	p.largest = max(p.largest, len(b))
	return p.text.Write(b)
}

// inProcess answers a GET without a network.
func inProcess(ctx context.Context, server *servertest.Server, tenant *servertest.Tenant, path string, w *pieces) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, tenant.BaseURL+path, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+tenant.Token)
	w.header = http.Header{}
	server.Handler.ServeHTTP(w, req)
	return nil
}

// TestLargeGroup reads a group with more members than fit into one piece: it comes in pieces, so that its size costs no
// memory, and whole.
func TestLargeGroup(t *testing.T) {
	t.Parallel()
	server, tenant, id := newCrowded(t)
	for path, want := range map[string]struct{ members, pieces int }{
		"/Groups/" + id: {largeGroup, 2},
		"/Groups":       {largeGroup, 2},
		"/Groups/" + id + "?attributes=members.display": {largeGroup, 1},
		"/Groups/" + id + "?excludedAttributes=members": {0, 1},
		"/Users?count=1000&attributes=displayName":      {0, 1},
		"/Groups/" + id + "?excludedAttributes=meta":    {largeGroup, 2},
		"/Groups?count=0": {0, 1},
		"/Groups/" + id + "?attributes=members.type,meta": {0, 1},
	} {
		w := &pieces{}
		if err := inProcess(t.Context(), server, tenant, path, w); err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(w.text.String(), `"display":`); got != want.members || w.count != want.pieces || w.largest > directory.SpillBytes+1024 {
			t.Errorf("%s: %d members in %d pieces, the largest of %d bytes; want %d in %d", path, got, w.count, w.largest, want.members, want.pieces)
		}
		if length := w.header.Get("Content-Length"); (length == "") != (want.pieces > 1) {
			t.Errorf("%s: Content-Length %q", path, length)
		}
		a := tenant.Do(t, http.MethodGet, path, "")
		var whole map[string]any
		if a.Decode(t, &whole); string(a.Body) != w.text.String() {
			t.Errorf("%s: differs over the network", path)
		}
	}
}

// TestSlowClients lets clients stop in the middle of a large answer: there is a limit to how many a tenant may have, so that
// the others and other tenants are served.
func TestSlowClients(t *testing.T) {
	t.Parallel()
	const most = 4
	server, tenant, id := newCrowded(t)
	other := server.NewTenant(t)
	path := "/Groups/" + id
	var stopped, done sync.WaitGroup
	gate := make(chan struct{})
	slow := make([]*pieces, most)
	stopped.Add(most)
	for i := range slow {
		var once sync.Once
		slow[i] = &pieces{gate: func() {
			once.Do(stopped.Done)
			<-gate
		}}
		done.Go(func() {
			if err := inProcess(t.Context(), server, tenant, path, slow[i]); err != nil {
				t.Error(err)
			}
		})
	}
	stopped.Wait()
	refused := tenant.Do(t, http.MethodGet, path, "")
	wantError(t, refused, http.StatusServiceUnavailable)
	if got := refused.Header.Get("Retry-After"); got != "1" {
		t.Errorf("Retry-After %q, want 1", got)
	}
	if a := tenant.Do(t, http.MethodGet, path+"?excludedAttributes=members", ""); a.Status != http.StatusOK {
		t.Errorf("a small answer: %d", a.Status)
	}
	if a := other.Do(t, http.MethodGet, "/Groups", ""); a.Status != http.StatusOK {
		t.Errorf("another tenant: %d", a.Status)
	}
	close(gate)
	done.Wait()
	for _, w := range slow {
		if got := strings.Count(w.text.String(), `"display":`); w.status != http.StatusOK || got != largeGroup {
			t.Errorf("a slow client: %d with %d members", w.status, got)
		}
	}
	if a := tenant.Do(t, http.MethodGet, path, ""); a.Status != http.StatusOK {
		t.Errorf("afterwards: %d", a.Status)
	}
}

// TestSlowClientGivesTurnBack: a read whose client takes its time for a large answer keeps no other one of its tenant from its turn.
func TestSlowClientGivesTurnBack(t *testing.T) {
	t.Parallel()
	server := servertest.New(t, servertest.WithStore(crowdedStore{memory.New()}))
	turn := turns(make(chan struct{}, 1))
	tenant := server.NewTenant(t, servertest.Share(turn))
	id := tenant.Create(t, "/Groups?excludedAttributes=members", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"g"}`)
	var done sync.WaitGroup
	stopped, goOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	slow := &pieces{gate: func() {
		once.Do(func() { close(stopped) })
		<-goOn
	}}
	done.Go(func() {
		if err := inProcess(t.Context(), server, tenant, "/Groups/"+id, slow); err != nil {
			t.Error(err)
		}
	})
	<-stopped
	for range 3 { // each waits for the turn, and gives it back
		for _, path := range []string{"/Groups/" + id + "?attributes=displayName", "/Users?count=1"} {
			if a := tenant.Do(t, http.MethodGet, path, ""); a.Status != http.StatusOK {
				t.Errorf("%s: %d", path, a.Status)
			}
		}
	}
	if a := tenant.Do(t, http.MethodPost, "/Users/.search", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"]}`); a.Status != http.StatusOK {
		t.Errorf("a search: %d", a.Status)
	}
	close(goOn)
	done.Wait()
	if got := strings.Count(slow.text.String(), `"display":`); got != largeGroup {
		t.Errorf("the slow client got %d members", got)
	}
	if len(turn) > 0 {
		t.Error("a turn was not given back")
	}
}

// TestReadsNeedTurn: what reads is turned away where there is no turn for it, and nothing else is.
func TestReadsNeedTurn(t *testing.T) {
	t.Parallel()
	tenant := servertest.New(t).NewTenant(t, servertest.Share(full{}))
	id := tenant.Create(t, "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ann"}`)
	for _, path := range []string{"/Users", "/Users/" + id, "/", "/Groups?count=0"} {
		refused := tenant.Do(t, http.MethodGet, path, "")
		wantError(t, refused, http.StatusTooManyRequests)
		if got := refused.Header.Get("Retry-After"); got != "7" {
			t.Errorf("%s: Retry-After %q", path, got)
		}
	}
	for _, path := range []string{"/Users/.search", "/.search"} {
		wantError(t, tenant.Do(t, http.MethodPost, path, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"]}`), http.StatusTooManyRequests)
	}
	if a := tenant.Do(t, http.MethodGet, "/Schemas", ""); a.Status != http.StatusOK {
		t.Errorf("discovery: %d", a.Status)
	}
	if a := tenant.Do(t, http.MethodDelete, "/Users/"+id, ""); a.Status != http.StatusNoContent {
		t.Errorf("a write: %d", a.Status)
	}
}

// full is a Gate without a turn for anybody.
type full struct{}

func (full) Enter(context.Context) (time.Duration, bool) { return 7 * time.Second, false }

func (full) Leave() { panic("nobody has entered") }

// turns are a Gate.
type turns chan struct{}

func (g turns) Enter(ctx context.Context) (time.Duration, bool) {
	select {
	case g <- struct{}{}:
		return 0, true
	case <-ctx.Done():
		return time.Second, false
	}
}

func (g turns) Leave() { <-g }

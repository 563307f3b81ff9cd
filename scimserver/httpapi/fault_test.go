package httpapi_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/servertest"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// faultyStore breaks on demand.
type faultyStore struct {
	store.Store
	mu    sync.Mutex
	fault func() error // nil: none
}

func (s *faultyStore) set(fault func() error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = fault
}

func (s *faultyStore) check() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fault == nil {
		return nil
	}
	return s.fault()
}

func (s *faultyStore) View(ctx context.Context, tenant string, fn func(store.Reader) error) error {
	if err := s.check(); err != nil {
		return err
	}
	return s.Store.View(ctx, tenant, fn)
}

func (s *faultyStore) Update(ctx context.Context, tenant string, fn func(store.Writer) error) error {
	if err := s.check(); err != nil {
		return err
	}
	return s.Store.Update(ctx, tenant, fn)
}

// syncBuffer takes a log from many goroutines.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func newFaulty(t *testing.T) (*faultyStore, *servertest.Tenant, *syncBuffer) {
	t.Helper()
	faulty := &faultyStore{Store: servertest.OpenSQLite(t)}
	log := &syncBuffer{}
	server := servertest.New(t, servertest.WithStore(faulty), servertest.WithLog(slog.New(slog.NewTextHandler(log, nil))))
	return faulty, server.NewTenant(t), log
}

const annJSON = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ann"}`

func TestStoreFaults(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		fault      func() error
		status     int
		retryAfter string
		logged     string
	}{
		"unavailable": {func() error { return fmt.Errorf("disk: %w", store.ErrUnavailable) }, 503, "30", "disk"},
		"interrupted": {func() error { return context.Canceled }, 503, "1", "canceled"},
		"unknown":     {func() error { return errors.New("page 5 is torn") }, 500, "", "page 5 is torn"},
		"panic":       {func() error { panic("index out of range") }, 500, "", "index out of range"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			faulty, tenant, log := newFaulty(t)
			id := tenant.Create(t, "/Users", annJSON)
			faulty.set(tc.fault)
			for _, req := range [][3]string{
				{"GET", "/Users/" + id, ""},
				{"GET", "/Users?filter=userName+eq+%22ann%22", ""},
				{"POST", "/Users", strings.Replace(annJSON, "ann", "bob", 1)},
				{"PUT", "/Users/" + id, strings.Replace(annJSON, "ann", "bob", 1)},
				{"PATCH", "/Users/" + id, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"userName","value":"bob"}]}`},
				{"DELETE", "/Users/" + id, ""},
			} {
				a := tenant.Do(t, req[0], req[1], req[2])
				wantError(t, a, tc.status)
				if got := a.Header.Get("Retry-After"); got != tc.retryAfter {
					t.Errorf("%s: Retry-After %q, want %q", req[0], got, tc.retryAfter)
				}
				if strings.Contains(string(a.Body), tc.logged) {
					t.Errorf("%s: the client is told the cause: %s", req[0], a.Body)
				}
				if id := a.Header.Get("X-Request-Id"); !strings.Contains(log.String(), id) || id == "" {
					t.Errorf("%s: request %q is not in the log", req[0], id)
				}
			}
			if !strings.Contains(log.String(), tc.logged) || strings.Contains(log.String(), "ann") || strings.Contains(log.String(), "bob") {
				t.Errorf("log without the cause, or with a person:\n%s", log)
			}
			faulty.set(nil)
			if a := tenant.Do(t, "GET", "/Users/"+id, ""); a.Status != 200 || !strings.Contains(string(a.Body), `"ann"`) {
				t.Errorf("afterwards: %d %s", a.Status, a.Body)
			}
		})
	}
}

// wantError checks that an answer is a SCIM error of a status.
func wantError(t *testing.T, a servertest.Answer, status int) {
	t.Helper()
	var body struct {
		Schemas []string
		Status  string
		Detail  string
	}
	a.Decode(t, &body)
	if a.Status != status || body.Status != fmt.Sprint(status) || len(body.Schemas) != 1 || body.Schemas[0] != scimerr.Schema || body.Detail == "" || a.Header.Get("Content-Type") != "application/scim+json" {
		t.Errorf("got %d %q %s, want a SCIM error of status %d", a.Status, a.Header.Get("Content-Type"), a.Body, status)
	}
}

// brokenReader fails in the middle of the members.
type brokenStore struct{ store.Store }

type brokenReader struct{ store.Reader }

func (s brokenStore) View(ctx context.Context, tenant string, fn func(store.Reader) error) error {
	return s.Store.View(ctx, tenant, func(r store.Reader) error { return fn(brokenReader{r}) })
}

func (r brokenReader) Members(_ context.Context, _ string, yield func(store.Member) error) error {
	for range 20_000 {
		if err := yield(store.Member{ID: "018f0000-0000-7000-8000-000000000000", Type: store.TypeUser, Display: "A"}); err != nil {
			return err
		}
	}
	return errors.New("page 5 is torn")
}

// TestBrokenStream: a client must not take the first half of a group for the group.
func TestBrokenStream(t *testing.T) {
	t.Parallel()
	log := &syncBuffer{}
	server := servertest.New(t, servertest.WithStore(brokenStore{servertest.OpenSQLite(t)}), servertest.WithLog(slog.New(slog.NewTextHandler(log, nil))))
	tenant := server.NewTenant(t)
	id := tenant.Create(t, "/Groups?excludedAttributes=members", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"g"}`)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, tenant.BaseURL+"/Groups/"+id, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+tenant.Token)
	res, err := server.Client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if _, err = io.Copy(io.Discard, res.Body); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("reading the answer: got %v, want an end in the middle", err)
	}
	if !strings.Contains(log.String(), "page 5 is torn") {
		t.Errorf("the cause is not in the log:\n%s", log)
	}
}

func TestUnavailableTenant(t *testing.T) {
	t.Parallel()
	suspended := scimerr.Unavailable(nil, time.Minute, "the tenant is suspended")
	tenant := servertest.New(t).NewTenant(t, servertest.Unavailable(suspended))
	a := tenant.Do(t, http.MethodGet, "/Users", "")
	wantError(t, a, http.StatusServiceUnavailable)
	if got := a.Header.Get("Retry-After"); got != "60" {
		t.Errorf("Retry-After %q, want 60", got)
	}
	wantError(t, tenant.Do(t, http.MethodGet, "/Users", "", "Authorization", "wrong"), http.StatusUnauthorized)
}

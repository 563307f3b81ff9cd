package feed_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/auth"
	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/feed"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

var now = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

const key = "acme-ns/acme"

// world is the store and the use cases behind the feed, after the words of their interfaces.
type world struct {
	mu      sync.Mutex
	first   int64 // sequence of the oldest event that is kept
	events  []store.Event
	members []store.MemberRecord
	holds   []store.Hold
	broken  error
	looked  chan struct{} // gets a signal with each look at the events, nil: nobody waits
}

func (w *world) Events(_ context.Context, tenant string, after int64, limit int) ([]store.Event, error) {
	if w.looked != nil {
		w.looked <- struct{}{}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.broken != nil || tenant != key {
		return nil, w.broken
	}
	if after+1 < w.first {
		return nil, store.ErrGone
	}
	var list []store.Event
	for _, e := range w.events {
		if e.Sequence > after && len(list) < limit {
			list = append(list, e)
		}
	}
	return list, nil
}

func (w *world) Backlog(context.Context, string) (store.Backlog, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	b := store.Backlog{First: w.first, Last: w.first - 1}
	for _, e := range w.events {
		b.Last = e.Sequence
	}
	return b, w.broken
}

func (w *world) View(_ context.Context, _ string, fn func(store.Reader) error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.broken != nil {
		return w.broken
	}
	return fn(reader{w: w})
}

type reader struct {
	store.Reader
	w *world
}

func (r reader) Member(_ context.Context, id string) (store.MemberRecord, error) {
	for _, m := range r.w.members {
		if m.ID == id {
			return m, nil
		}
	}
	return store.MemberRecord{}, store.ErrNotFound
}

func (r reader) MemberPage(_ context.Context, after string, limit int) (page []store.MemberRecord, err error) {
	for _, m := range r.w.members {
		if m.ID > after && len(page) < limit {
			page = append(page, m)
		}
	}
	return page, nil
}

func (r reader) Holds(_ context.Context, id string) (list []store.Hold, err error) {
	for _, h := range r.w.holds {
		if h.MemberID == id {
			list = append(list, h)
		}
	}
	return list, nil
}

func (w *world) RemoveMember(_ context.Context, id string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := len(w.members)
	w.members = slices.DeleteFunc(w.members, func(m store.MemberRecord) bool { return m.ID == id })
	if w.broken == nil && len(w.members) == n {
		return store.ErrNotFound
	}
	return w.broken
}

func (w *world) PutHold(_ context.Context, id, name, reason string) error {
	h := store.Hold{MemberID: id, Name: name, Reason: reason, Created: now}
	w.mu.Lock()
	defer w.mu.Unlock()
	if !slices.ContainsFunc(w.members, func(m store.MemberRecord) bool { return m.ID == h.MemberID }) {
		return store.ErrNotFound
	}
	w.holds = append(w.holds, h)
	return w.broken
}

func (w *world) DeleteHold(_ context.Context, id, name string) (bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := len(w.holds)
	w.holds = slices.DeleteFunc(w.holds, func(h store.Hold) bool { return h.MemberID == id && h.Name == name })
	return len(w.holds) < n, w.broken
}

func (w *world) add(bodies ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, b := range bodies {
		n := w.first + int64(len(w.events))
		w.events = append(w.events, store.Event{Sequence: n, ID: "evt_" + b, Created: now, Body: []byte(`{"type":"` + b + `"}`)})
	}
}

// scene is the handler with its surroundings.
type scene struct {
	*testing.T
	world   *world
	handler *feed.Handler
	tenant  *feed.Tenant
	mu      sync.Mutex
	routes  []string
}

func newScene(t *testing.T) *scene {
	t.Helper()
	s := &scene{T: t, world: &world{first: 1}}
	bearer, err := auth.NewBearer([]config.Token{{ID: "f1", SHA256: config.HashToken("feed-token")}}, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	s.tenant = &feed.Tenant{Key: key, Auth: auth.NewCredentials(bearer, nil), Members: s.world}
	log := slog.New(slog.DiscardHandler)
	s.handler = feed.New(feed.Deps{Tenants: s, Store: s.world, Observe: s, Log: log, Clock: func() time.Time { return now }})
	return s
}

func (s *scene) Feed(namespace, name string) (*feed.Tenant, bool) {
	return s.tenant, namespace+"/"+name == key
}

func (s *scene) ObserveFeed(tenant, method, route string, status int, _ time.Time, _ time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.routes = append(s.routes, strings.Join([]string{tenant, method, route, http.StatusText(status)}, " "))
}

func (s *scene) request(method, path, body string) *http.Request {
	r := httptest.NewRequest(method, "/"+key+"/members/v1/"+path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer feed-token")
	return r
}

func (s *scene) do(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return w
}

// get expects an answer of 200 and decodes it.
func (s *scene) get(path string) map[string]any {
	s.Helper()
	w := s.do(s.request(http.MethodGet, path, ""))
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/json" || w.Header().Get("Cache-Control") != "no-store" {
		s.Fatalf("GET %s: %d %v %s", path, w.Code, w.Header(), w.Body)
	}
	var body map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		s.Fatal(err)
	}
	return body
}

// refused expects a problem.
func (s *scene) refused(w *httptest.ResponseRecorder, status int, detail string) map[string]any {
	s.Helper()
	var p map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		s.Fatalf("%d %s: %v", w.Code, w.Body, err)
	}
	text, _ := p["detail"].(string)
	if w.Code != status || p["status"] != float64(status) || p["title"] == "" || !strings.Contains(text, detail) ||
		w.Header().Get("Content-Type") != "application/problem+json" {
		s.Errorf("%d %v %s; want %d, %q", w.Code, w.Header(), w.Body, status, detail)
	}
	return p
}

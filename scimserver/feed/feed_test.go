package feed_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scim-operator/scim-operator/scimserver/feed"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

func TestServes(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]bool{
		"/ns/acme/members/v1/events": true, "/ns/acme/members/v1/": true, "/ns/acme/members/v1": true, "/members/v1/members/v1/x": true,
		"/ns/acme/scim/v2/Users": false, "/ns/acme/members/v2/events": false, "/members/v1/events": false, "/": false, "": false, "//": false,
		"/ns/acme/members/v1x": false, "//acme/members/v1/events": false,
	} {
		if got := feed.Serves(path); got != want {
			t.Errorf("%q: %v", path, got)
		}
	}
}

func envelope(id, typ string, sequence float64) map[string]any {
	return map[string]any{"id": id, "sequence": sequence, "created": "2026-11-22T10:00:00Z", "event": map[string]any{"type": typ}}
}

func TestEvents(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	if diff := cmp.Diff(map[string]any{"events": []any{}, "next": 0.0}, s.get("events")); diff != "" {
		t.Errorf("no events (-want +got):\n%s", diff)
	}
	s.world.add("a", "b", "c")
	want := map[string]any{"events": []any{envelope("evt_b", "b", 2), envelope("evt_c", "c", 3)}, "next": 3.0}
	if diff := cmp.Diff(want, s.get("events?after=1")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	want = map[string]any{"events": []any{envelope("evt_a", "a", 1)}, "next": 1.0}
	if diff := cmp.Diff(want, s.get("events?limit=1")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := s.get("events?after=3&wait=0"); got["next"] != 3.0 {
		t.Errorf("at the end: %v", got)
	}
	if got := s.get("events?limit=99999&wait=0"); len(got["events"].([]any)) != 3 {
		t.Errorf("with a large limit: %v", got)
	}
	for query, detail := range map[string]string{
		"after=x": "after is not a number", "after=-1": "after is not a number", "limit=0": "limit is not a number from 1",
		"wait=soon": "wait is not a time", "wait=-1": "wait is not a time", "after=99999999999999999999": "after is not a number",
	} {
		s.refused(s.do(s.request(http.MethodGet, "events?"+query, "")), http.StatusBadRequest, detail)
	}
}

func TestEventsThatAreGone(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.world.first = 10
	s.world.add("a", "b")
	for path, detail := range map[string]string{"events?after=7": "no longer kept", "events?after=12": "began anew", "events?after=12&wait=5": "began anew"} {
		p := s.refused(s.do(s.request(http.MethodGet, path, "")), http.StatusGone, detail)
		if p["type"] != "https://scim-operator.io/problems/resync" || p["oldest"] != 9.0 {
			t.Errorf("%s: %v", path, p)
		}
	}
	if got := s.get("events?after=9"); len(got["events"].([]any)) != 2 {
		t.Errorf("%v", got)
	}
}

func TestLongPoll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		poll := func(query string) <-chan map[string]any {
			ch := make(chan map[string]any, 1)
			go func() { ch <- s.get(query) }()
			synctest.Wait()
			return ch
		}
		answer := poll("events?wait=30")
		s.handler.Wake("acme-ns/other")
		s.handler.Wake(key) // a commit that wrote nothing to see
		<-time.After(10 * time.Second)
		synctest.Wait()
		select {
		case got := <-answer:
			t.Fatalf("an answer without an event: %v", got)
		default:
		}
		began := time.Now()
		s.world.add("a")
		s.handler.Wake(key)
		if got := <-answer; len(got["events"].([]any)) != 1 || time.Since(began) != 0 {
			t.Errorf("%v after %s", got, time.Since(began))
		}

		answer = poll("events?after=1&wait=20s")
		if got := <-answer; got["next"] != 1.0 || time.Since(began) != 20*time.Second {
			t.Errorf("%v after %s", got, time.Since(began))
		}
		answer = poll("events?after=1&wait=100h")
		<-answer
		if time.Since(began) != 20*time.Second+feed.MaxWait {
			t.Errorf("waited %s", time.Since(began))
		}
		for query, want := range map[string]time.Duration{"after=1": feed.DefaultWait, "after=1&wait=": feed.DefaultWait, "after=1&wait=0": 0} {
			asked := time.Now()
			if got := <-poll("events?" + query); got["next"] != 1.0 || time.Since(asked) != want {
				t.Errorf("%s: %v after %s, want it after %s", query, got, time.Since(asked), want)
			}
		}
		answer = poll("events?after=1")
		s.world.add("b")
		s.handler.Wake(key)
		if got := <-answer; got["next"] != 2.0 {
			t.Errorf("the next event: %v", got)
		}
	})
}

func TestLongPollsEndWithTheServer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		answer := make(chan map[string]any, 1)
		began := time.Now()
		go func() { answer <- s.get("events?wait=30") }()
		synctest.Wait()
		s.handler.EndWaits()
		<-answer
		s.get("events?wait=30")
		if time.Since(began) != 0 {
			t.Errorf("ended after %s", time.Since(began))
		}
	})
}

func TestLongPollsAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan int, feed.MaxWaiting)
		for range feed.MaxWaiting {
			go func() { ended <- s.do(s.request(http.MethodGet, "events?wait=60", "").WithContext(ctx)).Code }()
		}
		synctest.Wait()
		w := s.do(s.request(http.MethodGet, "events?wait=1", ""))
		s.refused(w, http.StatusTooManyRequests, "too many long polls")
		if w.Header().Get("Retry-After") != "1" {
			t.Errorf("%v", w.Header())
		}
		s.get("events") // does not wait
		cancel()
		for range feed.MaxWaiting {
			if code := <-ended; code != 499 {
				t.Errorf("status %d of a client that has gone", code)
			}
		}
		s.get("events?wait=1")
	})
}

// TestNoEventIsMissed: an event that is written between the look and the wait rings all the same.
func TestNoEventIsMissed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		s.world.looked = make(chan struct{})
		answer := make(chan map[string]any, 1)
		began := time.Now()
		go func() { answer <- s.get("events?wait=30") }()
		synctest.Wait()
		s.handler.Wake(key) // the first look is under way
		<-s.world.looked
		synctest.Wait() // and there is another
		s.world.add("a")
		s.handler.Wake(key)
		go func() {
			for range s.world.looked { // lets every further look pass
			}
		}()
		if got := <-answer; len(got["events"].([]any)) != 1 || time.Since(began) != 0 {
			t.Errorf("%v after %s", got, time.Since(began))
		}
		close(s.world.looked)
	})
}

func people(s *scene, n int) {
	for i := range n {
		id := fmt.Sprintf("m%d", i)
		s.world.members = append(s.world.members, store.MemberRecord{
			ID: id, UserID: "u" + id, UserName: id + "@example.com", Active: true, Role: "Staff", Fields: []byte(`{"badge":"7"}`), Sequence: int64(i + 1),
			Created: now, Modified: now,
		})
	}
}

func TestMembers(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	people(s, 5)
	s.world.add("a", "b")
	s.world.holds = []store.Hold{{MemberID: "m1", Name: "asset-7", Reason: "laptop", Created: now}}
	s.world.members[1].UserID, s.world.members[1].Pending, s.world.members[1].Groups = "", []byte(`{"type":"member.removed"}`), []byte(`["Admins"]`)
	want := map[string]any{
		"id": "m1", "userName": "m1@example.com", "active": true, "role": "Staff", "fields": map[string]any{"badge": "7"}, "groups": []any{"Admins"},
		"linked": false, "sequence": 2.0, "pending": map[string]any{"type": "member.removed"}, "created": "2026-11-22T10:00:00Z", "modified": "2026-11-22T10:00:00Z",
		"holds": []any{map[string]any{"name": "asset-7", "reason": "laptop", "created": "2026-11-22T10:00:00Z"}},
	}
	if diff := cmp.Diff(want, s.get("members/m1")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	var ids []string
	for after, pages := "", 0; ; pages++ {
		page := s.get("members?limit=2&after=" + after)
		if page["sequence"] != 2.0 || pages > 5 {
			t.Fatalf("page %d: %v", pages, page)
		}
		for _, m := range page["members"].([]any) {
			ids = append(ids, m.(map[string]any)["id"].(string))
		}
		if after, _ = page["next"].(string); after == "" {
			break
		}
	}
	if diff := cmp.Diff([]string{"m0", "m1", "m2", "m3", "m4"}, ids); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	s.refused(s.do(s.request(http.MethodGet, "members/none", "")), http.StatusNotFound, "no such member")
	s.refused(s.do(s.request(http.MethodGet, "members?limit=-1", "")), http.StatusBadRequest, "limit")
}

func TestChanges(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	people(s, 2)
	if w := s.do(s.request(http.MethodPut, "members/m1/holds/asset-7", `{"reason":" laptop 7 is linked "}`)); w.Code != http.StatusNoContent || w.Body.Len() > 0 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	want := []store.Hold{{MemberID: "m1", Name: "asset-7", Reason: "laptop 7 is linked", Created: now}}
	if diff := cmp.Diff(want, s.world.holds); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if w := s.do(s.request(http.MethodDelete, "members/m1/holds/asset-7", "")); w.Code != http.StatusNoContent {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	s.refused(s.do(s.request(http.MethodDelete, "members/m1/holds/asset-7", "")), http.StatusNotFound, "no such hold")
	s.refused(s.do(s.request(http.MethodPut, "members/none/holds/asset-7", `{"reason":"x"}`)), http.StatusNotFound, "no such member")
	if w := s.do(s.request(http.MethodDelete, "members/m1", "")); w.Code != http.StatusNoContent {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	s.refused(s.do(s.request(http.MethodDelete, "members/m1", "")), http.StatusNotFound, "no such member")

	for body, detail := range map[string]string{
		"": "not a JSON object", "x": "not a JSON object", "[]": "not a JSON object", `{"reason":1}`: "not a JSON object", `{"raison":"x"}`: "not a JSON object",
		`{"reason":"x"}{}`: "not a JSON object", `{}`: "reason has 1 to 500", `{"reason":" "}`: "reason has 1 to 500", `{"reason":"a\nb"}`: "no line breaks",
		`{"reason":"` + strings.Repeat("ä", 501) + `"}`: "reason has 1 to 500",
	} {
		s.refused(s.do(s.request(http.MethodPut, "members/m0/holds/a", body)), http.StatusBadRequest, detail)
	}
	large := `{"reason":"` + strings.Repeat("x", 9000) + `"}`
	s.refused(s.do(s.request(http.MethodPut, "members/m0/holds/a", large)), http.StatusRequestEntityTooLarge, "8192 bytes")
	for _, name := range []string{"a b", "-a", strings.Repeat("a", 65), "ä"} {
		r := s.request(http.MethodPut, "members/m0/holds/x", `{"reason":"x"}`)
		r.URL.Path = strings.TrimSuffix(r.URL.Path, "x") + name
		s.refused(s.do(r), http.StatusBadRequest, "the name of a hold")
	}
	if len(s.world.holds) != 0 {
		t.Errorf("holds %v", s.world.holds)
	}
}

func TestStrangers(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.tenant.Unavailable = scimerr.Unavailable(nil, time.Minute, "being purged")
	for name, header := range map[string][]string{
		"nothing": nil, "another token": {"Bearer other"}, "no scheme": {"feed-token"}, "basic": {"Basic ZmVlZC10b2tlbg=="}, "two": {"Bearer feed-token", "Bearer feed-token"},
	} {
		r := s.request(http.MethodGet, "events", "")
		r.Header["Authorization"] = header
		w := s.do(r)
		s.refused(w, http.StatusUnauthorized, "feed credentials")
		if w.Header().Get("WWW-Authenticate") == "" {
			t.Errorf("%s: %v", name, w.Header())
		}
	}
	r := s.request(http.MethodGet, "nothing/here", "")
	r.Header.Del("Authorization")
	s.refused(s.do(r), http.StatusUnauthorized, "feed credentials") // no word about paths to strangers
	w := s.do(s.request(http.MethodGet, "events", ""))
	s.refused(w, http.StatusServiceUnavailable, "being purged")
	if w.Header().Get("Retry-After") != "60" {
		t.Errorf("%v", w.Header())
	}
	s.refused(s.do(httptest.NewRequest(http.MethodGet, "/acme-ns/other/members/v1/events", nil)), http.StatusNotFound, "no tenant")
}

type limiter bool

func (l limiter) Allow(time.Time) (time.Duration, bool) { return 1500 * time.Millisecond, bool(l) }

func TestPathsAndMethods(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	people(s, 1)
	for path, allow := range map[string]string{"events": "GET", "members": "GET", "members/m0": "DELETE, GET", "members/m0/holds/x": "DELETE, PUT"} {
		w := s.do(s.request(http.MethodPatch, path, ""))
		s.refused(w, http.StatusMethodNotAllowed, "only "+allow)
		if w.Header().Get("Allow") != allow {
			t.Errorf("%s: %v", path, w.Header())
		}
	}
	for _, path := range []string{"", "event", "events/", "members/", "members/m0/holds", "members/m0/holds/", "members/m0/holds/a/b", "members//holds/a"} {
		s.refused(s.do(s.request(http.MethodGet, path, "")), http.StatusNotFound, "nothing at this path")
	}
	if w := s.do(s.request(http.MethodHead, "members/m0", "")); w.Code != http.StatusOK {
		t.Errorf("HEAD: %d", w.Code)
	}
	s.do(s.request("BREW", "events", ""))
	s.tenant.Limit = limiter(false)
	w := s.do(s.request(http.MethodGet, "events", ""))
	s.refused(w, http.StatusTooManyRequests, "too many requests")
	if w.Header().Get("Retry-After") != "2" {
		t.Errorf("%v", w.Header())
	}
	for _, want := range []string{"acme-ns/acme PATCH /members/v1/members/{id} Method Not Allowed", "acme-ns/acme OTHER /members/v1/events Method Not Allowed", "acme-ns/acme GET  Not Found"} {
		if !slices.Contains(s.routes, want) {
			t.Errorf("%q is not among what was observed: %q", want, s.routes)
		}
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	people(s, 1)
	requests := []*http.Request{
		s.request(http.MethodGet, "events", ""), s.request(http.MethodGet, "members", ""), s.request(http.MethodGet, "members/m0", ""),
		s.request(http.MethodPut, "members/m0/holds/x", `{"reason":"x"}`), s.request(http.MethodDelete, "members/m0/holds/x", ""), s.request(http.MethodDelete, "members/m0", ""),
	}
	s.world.broken = fmt.Errorf("look: %w", store.ErrUnavailable)
	for _, r := range requests[:4] {
		if w := s.do(r); w.Header().Get("Retry-After") != "5" {
			s.refused(w, http.StatusServiceUnavailable, "database")
		}
	}
	s.world.broken = errors.New("secret of the machine room")
	for _, r := range requests[4:] {
		w := s.do(r)
		s.refused(w, http.StatusInternalServerError, "its log says why")
		if strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%s", w.Body)
		}
	}
	s.world.broken = nil
	people(s, 1)
	s.world.members[0].Fields = []byte("{broken")
	s.refused(s.do(s.request(http.MethodGet, "members", "")), http.StatusInternalServerError, "")
}

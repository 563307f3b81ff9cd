package exampleapp_test

import (
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scim-operator/scim-operator/scimserver/outbox/webhook"
	"github.com/scim-operator/scim-operator/test/exampleapp"
)

// deliver sends an event as the server does.
func deliver(a *exampleapp.App, key webhook.Key, id, body string, at time.Time) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/hooks/scim", strings.NewReader(body))
	r.Header.Set("webhook-id", id)
	r.Header.Set("webhook-timestamp", strconv.FormatInt(at.Unix(), 10))
	r.Header.Set("webhook-signature", webhook.Sign([]webhook.Key{key}, id, at, []byte(body)))
	w := httptest.NewRecorder()
	a.ServeHTTP(w, r)
	return w
}

func event(typ, name string, sequence int) string {
	return `{"type":"` + typ + `","sequence":` + strconv.Itoa(sequence) + `,"tenant":"` + tenant + `","member":{"id":"m-` + name + `","userName":"` + name +
		`","active":` + strconv.FormatBool(typ != "member.deactivated") + `,"role":null,"fields":{}},"previous":{}}`
}

func newApp(t *testing.T, o exampleapp.Options) (*exampleapp.App, webhook.Key) {
	t.Helper()
	if len(o.Keys) == 0 {
		key, err := webhook.NewKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		o.Keys = []webhook.Key{key}
	}
	o.Log = quiet(t)
	a, err := exampleapp.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	return a, o.Keys[0]
}

func TestReceiver(t *testing.T) {
	t.Parallel()
	a, key := newApp(t, exampleapp.Options{})
	stranger := webhook.Key(strings.Repeat("x", 32))
	now := time.Now()
	for name, tc := range map[string]struct {
		answer *httptest.ResponseRecorder
		want   int
	}{
		"an event":            {deliver(a, key, "1", event("member.created", "ann", 1), now), 204},
		"the same again":      {deliver(a, key, "1", event("member.created", "ann", 1), now), 204},
		"a replay":            {deliver(a, key, "2", event("member.removed", "ann", 2), now.Add(-time.Hour)), 401},
		"of somebody else":    {deliver(a, stranger, "3", event("member.removed", "ann", 3), now), 401},
		"no JSON":             {deliver(a, key, "4", "<html>", now), 422},
		"no event":            {deliver(a, key, "5", "{}", now), 422},
		"more than it reads":  {deliver(a, key, "6", strings.Repeat("x", 2<<20), now), 413},
		"no security token":   {post(a, "/hooks/set", "hello"), 400},
		"a page":              {get(a, "/"), 200},
		"nothing":             {get(a, "/nothing"), 404},
		"an unknown member":   {put(a, "/api/assets/x", `{"tenant":"`+tenant+`","member":"none"}`), 404},
		"an asset of nobody":  {put(a, "/api/assets/x", `{`), 400},
		"an asset not linked": {do(a, http.MethodDelete, "/api/assets/x", ""), 404},
		"no feed":             {do(a, http.MethodDelete, "/api/members/a/b/c", ""), 409},
	} {
		if tc.answer.Code != tc.want {
			t.Errorf("%s: %d %s, want %d", name, tc.answer.Code, tc.answer.Body, tc.want)
		}
	}
	if m := a.Members(tenant); len(m) != 1 || m[0].UserName != "ann" {
		t.Errorf("%+v", m)
	}
	if page := get(a, "/").Body.String(); !strings.Contains(page, "ann") || !strings.Contains(page, tenant) {
		t.Errorf("%s", page)
	}
}

func do(a *exampleapp.App, method, path, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	a.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
	return w
}

func get(a *exampleapp.App, path string) *httptest.ResponseRecorder {
	return do(a, http.MethodGet, path, "")
}
func put(a *exampleapp.App, path, body string) *httptest.ResponseRecorder {
	return do(a, http.MethodPut, path, body)
}
func post(a *exampleapp.App, path, body string) *httptest.ResponseRecorder {
	return do(a, http.MethodPost, path, body)
}

// TestOrderDoesNotMatter: whatever comes twice or late changes nothing.
func TestOrderDoesNotMatter(t *testing.T) {
	t.Parallel()
	a, key := newApp(t, exampleapp.Options{})
	for _, e := range []struct {
		id, typ  string
		sequence int
	}{
		{"1", "member.created", 1}, {"3", "member.deactivated", 3}, {"2", "member.updated", 2}, {"3", "member.deactivated", 3}, {"1", "member.created", 1},
	} {
		if w := deliver(a, key, e.id, event(e.typ, "ann", e.sequence), time.Now()); w.Code != http.StatusNoContent {
			t.Errorf("%+v: %d", e, w.Code)
		}
	}
	if m := a.Members(tenant); len(m) != 1 || m[0].Active {
		t.Errorf("%+v", m)
	}
	var strange []string
	for _, d := range a.Deliveries() {
		if d.Duplicate {
			strange = append(strange, d.ID+" duplicate")
		} else if d.Stale {
			strange = append(strange, d.ID+" stale")
		}
	}
	if diff := cmp.Diff([]string{"2 stale", "3 duplicate", "1 duplicate"}, strange); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestJournal: what was acknowledged is there after the process has ended, and half a line does no harm.
func TestJournal(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "journal")
	key := webhook.Key(strings.Repeat("k", 32))
	a, _ := newApp(t, exampleapp.Options{Keys: []webhook.Key{key}, Journal: file})
	deliver(a, key, "1", event("member.created", "ann", 1), time.Now())
	deliver(a, key, "2", event("member.created", "ben", 2), time.Now())
	put(a, "/api/assets/laptop", `{"tenant":"`+tenant+`","member":"m-ann"}`)
	put(a, "/api/devices/phone", `{"tenant":"`+tenant+`","member":"m-ben"}`)
	put(a, "/api/assets/other", `{"tenant":"`+tenant+`","member":"m-ben"}`)
	do(a, http.MethodDelete, "/api/assets/other", "")
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"id":"3","event":{"type":"member.rem`); err != nil {
		t.Fatal(err)
	}
	_ = f.Close()
	for range 2 {
		again, _ := newApp(t, exampleapp.Options{Keys: []webhook.Key{key}, Journal: file})
		if diff := cmp.Diff(a.Members(tenant), again.Members(tenant)); diff != "" {
			t.Errorf("(-before +after):\n%s", diff)
		}
		if w := deliver(again, key, "9", event("member.deactivated", "ann", 9), time.Now()); w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), "laptop") {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		if body := get(again, "/api/devices").Body.String(); !strings.Contains(body, `"phone":{"tenant":"`+tenant+`","member":"m-ben","policy":"standard"}`) {
			t.Errorf("%s", body)
		}
	}
	if _, err := exampleapp.New(exampleapp.Options{Journal: t.TempDir()}); err == nil {
		t.Error("a folder is a journal")
	}
}

func TestBehaviour(t *testing.T) {
	t.Parallel()
	a, key := newApp(t, exampleapp.Options{})
	put(a, "/api/behaviour", `{"status":503}`)
	if w := deliver(a, key, "1", event("member.created", "ann", 1), time.Now()); w.Code != 503 {
		t.Errorf("%d", w.Code)
	}
	put(a, "/api/behaviour", `{}`)
	if w := deliver(a, key, "1", event("member.created", "ann", 1), time.Now()); w.Code != 204 {
		t.Errorf("%d", w.Code)
	}
}

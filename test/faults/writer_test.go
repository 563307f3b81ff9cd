package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"
)

// usersOfOne is how many users one writer has: few, so that each has many events.
const usersOfOne = 12

// writer is an identity provider with users of its own. What it doesn't know for sure it looks up, as they do.
type writer struct {
	c    *course
	name int
	rand *rand.Rand
}

// run does the operations, and more of them as long as too little was broken meanwhile.
func (w *writer) run(ctx context.Context, operations int) error {
	for n := 0; n < operations || w.c.broken.Load() < leastFaults; n++ {
		name := fmt.Sprintf("u%d.%d@example.com", w.name, w.rand.IntN(usersOfOne))
		if err := w.operate(ctx, name, n); err != nil {
			return fmt.Errorf("writer %d, operation %d: %w", w.name, n, err)
		}
		w.c.done.Add(1)
		wait(time.Duration(w.rand.IntN(40)) * time.Millisecond) // so that faults meet many operations
	}
	return nil
}

// operate chooses how the user is to be, and tries until the server has said that it is so.
func (w *writer) operate(ctx context.Context, name string, n int) error {
	want := person{title: fmt.Sprintf("title %d", n), active: w.rand.IntN(3) > 0}
	gone := w.rand.IntN(8) == 0
	w.c.mu.Lock()
	known := w.c.users[name]
	w.c.mu.Unlock()
	if known.id == "" {
		want.active = true // one who has never been active is no member
	}
	for try := 0; ; try++ {
		id, err := w.make(ctx, name, known.id, want, gone, try > 0)
		if err == nil {
			w.remember(name, id, want, gone)
			return nil
		}
		if ctx.Err() != nil {
			return err
		}
		w.c.retries.Add(1)
		wait(20 * time.Millisecond)
	}
}

func (w *writer) remember(name, id string, want person, gone bool) {
	w.c.mu.Lock()
	defer w.c.mu.Unlock()
	if gone {
		delete(w.c.users, name)
		return
	}
	want.id = id
	w.c.users[name] = want
}

// make returns the user's id. After a failure the state of the user is not known, and is looked up.
func (w *writer) make(ctx context.Context, name, id string, want person, gone, lookUp bool) (string, error) {
	if lookUp {
		var err error
		if id, err = w.find(ctx, name); err != nil {
			return "", err
		}
	}
	switch {
	case gone && id == "":
		return "", nil
	case gone:
		return "", w.expect(ctx, http.MethodDelete, "/Users/"+id, nil, nil, http.StatusNoContent)
	case id == "":
		var u struct{ ID string }
		err := w.expect(ctx, http.MethodPost, "/Users", want.body(name), &u, http.StatusCreated)
		return u.ID, err
	case w.rand.IntN(2) == 0:
		return id, w.expect(ctx, http.MethodPut, "/Users/"+id, want.body(name), nil, http.StatusOK)
	}
	patch := map[string]any{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"}, "Operations": []any{
		map[string]any{"op": "replace", "value": map[string]any{"title": want.title, "active": want.active}},
	}}
	return id, w.expect(ctx, http.MethodPatch, "/Users/"+id, patch, nil, http.StatusOK)
}

func (p person) body(name string) map[string]any {
	return map[string]any{
		"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:User"}, "userName": name, "title": p.title, "active": p.active,
	}
}

func (w *writer) find(ctx context.Context, name string) (id string, err error) {
	var page struct{ Resources []struct{ ID string } }
	path := "/Users?filter=" + url.QueryEscape(fmt.Sprintf("userName eq %q", name))
	if err := w.expect(ctx, http.MethodGet, path, nil, &page, http.StatusOK); err != nil || len(page.Resources) == 0 {
		return "", err
	}
	return page.Resources[0].ID, nil
}

func (w *writer) expect(ctx context.Context, method, path string, body, into any, status int) error {
	s := w.c.site
	return call(ctx, method, s.base()+s.tenant.Base+path, s.tenant.Token, body, into, status)
}

var client = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 2 * writers}}

func call(ctx context.Context, method, url, token string, body, into any, status int) error {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		content = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(ctx, method, url, content)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/scim+json")
	res, err := client.Do(r)
	if err != nil {
		return fmt.Errorf("%w: %w", errGone, err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return fmt.Errorf("%w: %w", errGone, err)
	}
	if res.StatusCode != status {
		return fmt.Errorf("%s %s: %s: %s", method, url, res.Status, text)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(text, into)
}

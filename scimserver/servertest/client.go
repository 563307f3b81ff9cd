package servertest

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

// Answer is what a tenant has said.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Do sends a request to the tenant with its token, over the network. The path is relative to the base URL; headers are
// pairs of name and value. A body is sent as application/scim+json. Without an answer the test has failed, and the Answer
// is zero; so Do may be called from any goroutine.
func (t *Tenant) Do(tb testing.TB, method, path, body string, headers ...string) Answer {
	tb.Helper()
	a, err := t.send(tb.Context(), method, path, body, headers)
	if err != nil {
		tb.Errorf("%s %s: %v", method, path, err)
	}
	return a
}

func (t *Tenant) send(ctx context.Context, method, path, body string, headers []string) (a Answer, err error) {
	req, err := http.NewRequestWithContext(ctx, method, t.BaseURL+path, strings.NewReader(body))
	if err != nil {
		return a, err
	}
	req.Header.Set("Authorization", "Bearer "+t.Token)
	if body != "" {
		req.Header.Set("Content-Type", "application/scim+json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := t.server.Client.Do(req)
	if err != nil {
		return a, err
	}
	defer res.Body.Close()
	a = Answer{Status: res.StatusCode, Header: res.Header}
	a.Body, err = io.ReadAll(res.Body)
	return a, err
}

// Create posts a resource and returns its id.
func (t *Tenant) Create(tb testing.TB, endpoint, body string) string {
	tb.Helper()
	a := t.Do(tb, http.MethodPost, endpoint, body)
	if a.Status != http.StatusCreated {
		tb.Fatalf("POST %s %s: %d %s", endpoint, body, a.Status, a.Body)
	}
	var resource struct{ ID string }
	a.Decode(tb, &resource)
	return resource.ID
}

// Decode reads the JSON body.
func (a Answer) Decode(tb testing.TB, v any) {
	tb.Helper()
	if err := json.Unmarshal(a.Body, v); err != nil {
		tb.Errorf("answer %d %q: %v", a.Status, a.Body, err)
	}
}

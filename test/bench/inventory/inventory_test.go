package inventory

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/outbox/webhook"
)

func post(t *testing.T, a *Application, key webhook.Key) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	body := `{"member":{"userName":"ann"}}`
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, a.URL, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	h := http.Header{}
	text, err := webhook.Standard{Keys: []webhook.Key{key}}.Render(webhook.Message{ID: "evt_1", Body: []byte(body)}, time.Now(), h)
	if err != nil || string(text) != body {
		t.Fatal(string(text), err)
	}
	r.Header = h
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	return res.StatusCode
}

func TestApplication(t *testing.T) {
	t.Parallel()
	a, err := Start(false)
	if err != nil {
		t.Fatal(err)
	}
	var seen string
	a.Watch(func(userName string, _ time.Time) { seen = userName })
	if status := post(t, a, a.Key); status != http.StatusNoContent || seen != "ann" {
		t.Errorf("status %d, saw %q", status, seen)
	}
	a.Away(true)
	if status := post(t, a, a.Key); status != http.StatusServiceUnavailable {
		t.Errorf("away: status %d", status)
	}
	a.Away(false)
	if n, last := a.Received(); n != 1 || time.Since(last) > time.Minute {
		t.Errorf("received %d, the latest at %s", n, last)
	}
	post(t, a, webhook.Key(strings.Repeat("k", 32)))
	if err := a.Close(); err == nil || !strings.Contains(err.Error(), "wrong signatures") {
		t.Errorf("Close: %v", err)
	}
}

package exampleapp

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/outbox/set"
	"github.com/scim-operator/scim-operator/scimserver/outbox/webhook"
)

const maxBody = 1 << 20

// webhook takes an event in the format of Standard Webhooks.
func (a *App) webhook(w http.ResponseWriter, r *http.Request) {
	body, ok := a.body(w, r)
	if !ok {
		return
	}
	id, err := webhook.Verify(a.Keys, r.Header, body, a.Clock())
	if err != nil {
		answer(w, http.StatusUnauthorized, map[string]string{"detail": err.Error()})
		return
	}
	e, err := decodeEvent(body)
	if err != nil {
		answer(w, http.StatusUnprocessableEntity, map[string]string{"detail": err.Error()})
		return
	}
	switch err := a.take(id, e); {
	case errors.As(err, new(refusal)):
		answer(w, http.StatusConflict, map[string]string{"detail": err.Error(), "scimType": "mutability"})
	case err != nil:
		a.Log.Error("event was not kept", "webhookID", id, "error", err)
		w.WriteHeader(http.StatusInternalServerError)
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

// token takes a security event token. As it is a notice, the member is read from the feed.
func (a *App) token(w http.ResponseWriter, r *http.Request) {
	body, ok := a.body(w, r)
	if !ok {
		return
	}
	claims, err := set.Verify(a.Keys, a.Audience, body)
	if refused := (*set.Error)(nil); errors.As(err, &refused) {
		answer(w, http.StatusBadRequest, refused)
		return
	}
	if err := a.notice(r.Context(), claims); err != nil {
		a.Log.Error("security event token was not kept", "jti", claims.ID, "error", err)
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusAccepted)
}

// body reads a request, after what behaviour says.
func (a *App) body(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return nil, false
	}
	b := a.behaviour.Load()
	select {
	case <-time.After(time.Duration(b.DelaySeconds) * time.Second):
	case <-r.Context().Done():
		return nil, false
	}
	if b.Status != 0 {
		answer(w, b.Status, map[string]string{"detail": "this is how it should behave"})
		return nil, false
	}
	return body, true
}

// take keeps an event, or returns a refusal.
func (a *App) take(id string, e Event) error {
	v := a.inventory
	v.mu.Lock()
	defer v.mu.Unlock()
	if err := v.check(e); err != nil && !a.Lenient && !v.seen[id] {
		v.deliveries = append(v.deliveries, Delivery{ID: id, Tenant: e.Tenant, Member: e.Member.ID, Type: e.Type, Sequence: e.Sequence, Refused: err.Error()})
		return err
	}
	return a.record(entry{ID: id, Event: &e})
}

// versionOf is the sequence that a token says in the ETag of its event.
func versionOf(claims set.Claims) (sequence int64) {
	for _, e := range claims.Events {
		text := strings.Trim(strings.TrimPrefix(e.Version, "W/"), `"`)
		if n := json.Number(text); text != "" {
			sequence, _ = n.Int64()
		}
	}
	return sequence
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // to a client that has gone
}

package outbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/outbox/webhook"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// outcome is what became of one attempt.
type outcome struct {
	lane       *lane
	event      store.Event
	kind       Outcome // Delivered, Retried, Parked
	reason     string  // of a failure; without personal data
	retryAfter time.Duration
	unhealthy  bool // it speaks of the receiver, not of this event
	givenUp    bool // by us: it counts for nothing
	at, next   time.Time
}

// judge reads an answer. 2xx is success whatever the body. 409, 413 and 422 concern this one event: it is parked at once.
// Everything else may be mended, and is tried again.
func judge(a webhook.Answer, err error) outcome {
	switch {
	case err != nil:
		return outcome{kind: Retried, reason: err.Error(), unhealthy: true}
	case a.Status >= 200 && a.Status < 300:
		return outcome{kind: Delivered}
	case refusesEvent(a):
		return outcome{kind: Parked, reason: reasonOf(a.Status)}
	}
	return outcome{kind: Retried, reason: reasonOf(a.Status), retryAfter: a.RetryAfter, unhealthy: true}
}

func refusesEvent(a webhook.Answer) bool {
	switch a.Status {
	case http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return true
	case http.StatusBadRequest: // many say that to a wrong signature, too; RFC 8935 §2.4 has words for it
		return errOf(a.Body) == "invalid_request"
	}
	return false
}

// errOf is the error code of RFC 8935 §2.3.
func errOf(body []byte) string {
	var said struct {
		Err string `json:"err"`
	}
	if json.Unmarshal(body, &said) != nil {
		return ""
	}
	return said.Err
}

func reasonOf(status int) string {
	text := fmt.Sprintf("HTTP %d %s", status, http.StatusText(status))
	switch {
	case status >= 300 && status < 400:
		return text + ": redirects are not followed; set the webhook's url to where it leads"
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return text + ": compare the signing keys of both sides"
	case status == http.StatusNotFound, status == http.StatusMethodNotAllowed, status == http.StatusGone:
		return text + ": look at the webhook's url"
	}
	return text
}

package webhook

import (
	"net/http"
	"strconv"
	"time"
)

// Message is what is to be sent: a JSON body with the id that stays the same over all attempts.
type Message struct {
	ID      string
	Created time.Time // when it came to be
	Source  string    // URL of the tenant's member feed, which stands for the sender
	Body    []byte
}

// Format turns a message into a request: its body, and headers that it adds to h. now is the time of this attempt.
type Format interface {
	Render(m Message, now time.Time, h http.Header) (body []byte, err error)
}

// Standard is the format of the Standard Webhooks specification.
type Standard struct {
	Keys []Key // one, or two while keys are rotated
}

// Render implements Format.
func (s Standard) Render(m Message, now time.Time, h http.Header) ([]byte, error) {
	h.Set("Content-Type", "application/json")
	h.Set(HeaderID, m.ID)
	h.Set(HeaderTimestamp, strconv.FormatInt(now.Unix(), 10))
	h.Set(HeaderSignature, Sign(s.Keys, m.ID, now, m.Body))
	return m.Body, nil
}

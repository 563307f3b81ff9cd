package rolling

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/outbox/webhook"
)

// receiver is the application. It remembers what it was told.
type receiver struct {
	*httptest.Server
	t   *testing.T
	key webhook.Key

	mu         sync.Mutex
	bodies     map[string][]byte // by webhook-id
	last       map[string]int64  // sequence of the latest new event, by member
	titles     map[string]string // by user name
	sequences  map[int64]bool
	duplicates int
}

func newReceiver(t *testing.T, key webhook.Key) *receiver {
	r := &receiver{
		t: t, key: key, bodies: map[string][]byte{}, last: map[string]int64{}, titles: map[string]string{}, sequences: map[int64]bool{},
	}
	r.Server = httptest.NewServer(http.HandlerFunc(r.serve))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) serve(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return // the sender has died
	}
	id, err := webhook.Verify([]webhook.Key{r.key}, req.Header, body, time.Now())
	if err != nil {
		r.t.Errorf("webhook: %v", err)
	}
	r.take(id, body)
	w.WriteHeader(http.StatusNoContent)
}

// take remembers an event. One that was told before has to be the same; a new one of a member is behind the others.
func (r *receiver) take(id string, body []byte) {
	var e struct {
		Sequence int64 `json:"sequence"`
		Member   struct {
			ID       string `json:"id"`
			UserName string `json:"userName"`
			Fields   struct {
				Title string `json:"title"`
			} `json:"fields"`
		} `json:"member"`
	}
	if err := json.Unmarshal(body, &e); err != nil {
		r.t.Errorf("webhook: %v", err)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if before, known := r.bodies[id]; known {
		r.duplicates++
		if !bytes.Equal(before, body) {
			r.t.Errorf("%s was told in two ways", id)
		}
		return
	}
	if r.sequences[e.Sequence] {
		r.t.Errorf("event %d has two webhook-ids", e.Sequence)
	}
	if e.Sequence < r.last[e.Member.ID] {
		r.t.Errorf("event %d of a member was told after %d", e.Sequence, r.last[e.Member.ID])
	}
	r.bodies[id], r.last[e.Member.ID], r.sequences[e.Sequence] = body, e.Sequence, true
	r.titles[e.Member.UserName] = e.Member.Fields.Title
}

// await waits until the application knows everything: no event is missing, and members are as users are.
func (r *receiver) await(people []*person, titles map[string]string, within time.Duration) (duplicates int) {
	r.t.Helper()
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for end := time.Now().Add(within); ; <-ticker.C {
		missing, wrong := r.compare(people, titles)
		if missing == 0 && wrong == 0 {
			break
		}
		if time.Now().After(end) {
			r.t.Errorf("after %s %d events are missing, and %d members are not as their users are", within, missing, wrong)
			break
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.duplicates
}

func (r *receiver) compare(people []*person, titles map[string]string) (missing, wrong int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	latest := int64(0)
	for n := range r.sequences {
		latest = max(latest, n)
	}
	for _, p := range people {
		if r.titles[p.name] != titles[p.id] {
			wrong++
		}
	}
	return int(latest) - len(r.sequences), wrong
}

package httpapi

import (
	"net/http"
	"sync"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
)

// Bounds on answers that are too large to be built in memory. Such an answer keeps a reading transaction of the store open
// while the client takes it, so that slow clients must neither keep it for long nor have all of them.
const (
	streamTimeout    = time.Minute
	streams          = 8
	streamsPerTenant = 4
)

// streamCount counts the large answers under way, by tenant.
type streamCount struct {
	mu    sync.Mutex
	total int
	each  map[string]int
}

func (s *streamCount) begin(tenant string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.total >= streams || s.each[tenant] >= streamsPerTenant {
		return scimerr.Unavailable(nil, time.Second, "too many large answers at the same time: try again, or ask for less")
	}
	if s.each == nil {
		s.each = make(map[string]int)
	}
	s.total++
	s.each[tenant]++
	return nil
}

func (s *streamCount) end(tenant string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.total--
	if s.each[tenant]--; s.each[tenant] == 0 {
		delete(s.each, tenant)
	}
}

// beginStream sends the head of a large answer.
func (x *exchange) beginStream() error {
	if err := x.h.streams.begin(x.tenant.Directory.Key); err != nil {
		return err
	}
	x.streaming = true
	x.setHead()
	x.w.Header()["Content-Type"] = contentType
	_ = http.NewResponseController(x.w).SetWriteDeadline(time.Now().Add(streamTimeout)) // not every ResponseWriter can
	x.WriteHeader(x.intent)
	return nil
}

// endStream is called at the end of every exchange.
func (x *exchange) endStream() {
	if x.streaming {
		x.h.streams.end(x.tenant.Directory.Key)
	}
}

package app

import (
	"sync"
	"time"
)

// rota goes round all tenants, a few at a time, so that what is looked at now and then costs the same in each second, however
// many tenants there are. It is for one goroutine.
type rota struct {
	least time.Duration // of a round
	each  time.Duration // of a round for each tenant, where that is longer

	keys  []string // of this round
	began time.Time
	done  int // of keys
}

// eachTenant is how long a round takes for each tenant: twenty looks in a second.
const eachTenant = 50 * time.Millisecond

// due returns the tenants whose turn has come since the last call. keys are asked for at the beginning of a round.
func (r *rota) due(now time.Time, keys func() []string) []string {
	if r.began.IsZero() || (r.done == len(r.keys) && now.Sub(r.began) >= r.round()) {
		r.keys, r.began, r.done = keys(), now, 0
		return nil
	}
	from := r.done
	r.done = max(from, min(len(r.keys), int(now.Sub(r.began)*time.Duration(len(r.keys))/r.round())))
	return r.keys[from:r.done]
}

func (r *rota) round() time.Duration { return max(r.least, time.Duration(len(r.keys))*r.each) }

// pause is the time until the next turn, a second at least.
func (r *rota) pause() time.Duration {
	return max(time.Second, min(r.least, r.round()/time.Duration(max(1, len(r.keys)))))
}

// marks are tenants of which somebody has something to say. The zero value is ready; it is safe for concurrent use.
type marks struct {
	mu   sync.Mutex
	keys map[string]bool
}

func (m *marks) add(key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.keys == nil {
		m.keys = map[string]bool{}
	}
	m.keys[key] = true
}

// take returns the tenants that were marked since the last call.
func (m *marks) take() map[string]bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	keys := m.keys
	m.keys = nil
	return keys
}

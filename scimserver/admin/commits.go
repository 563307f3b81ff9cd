package admin

import (
	"maps"
	"slices"
	"sync"
)

// Commits tells whoever follows a log that there is more of it.
type Commits struct {
	mu      sync.Mutex
	waiting map[string]chan struct{}
}

// Wake returns a channel that the next Signal for the tenant closes.
func (c *Commits) Wake(tenant string) <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	ch := c.waiting[tenant]
	if ch == nil {
		if c.waiting == nil {
			c.waiting = map[string]chan struct{}{}
		}
		ch = make(chan struct{})
		c.waiting[tenant] = ch
	}
	return ch
}

// Waiting are the tenants whose log somebody follows, or has followed since their latest Signal.
func (c *Commits) Waiting() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Collect(maps.Keys(c.waiting))
}

// Signal is for store.Outbox.OnCommit.
func (c *Commits) Signal(tenant string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ch := c.waiting[tenant]; ch != nil {
		close(ch)
		delete(c.waiting, tenant)
	}
}

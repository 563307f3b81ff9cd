package feed

import (
	"maps"
	"slices"
	"sync"
)

// bell tells the long polls of a tenant that there is something new.
type bell struct {
	mu      sync.Mutex
	tenants map[string]*listeners
	ended   chan struct{} // closed at the end
}

type listeners struct {
	count int
	rung  chan struct{} // closed by the next ring
}

func newBell() *bell { return &bell{tenants: map[string]*listeners{}, ended: make(chan struct{})} }

// listen returns where to get the signal of the next ring from, and what to call in the end. ok is false when too many
// listen. Who doesn't wait hears nothing, and doesn't count.
func (b *bell) listen(tenant string, waits bool) (rang func() <-chan struct{}, leave func(), ok bool) {
	if !waits {
		return func() <-chan struct{} { return nil }, func() {}, true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	l := b.tenants[tenant]
	if l == nil {
		l = &listeners{rung: make(chan struct{})}
		b.tenants[tenant] = l
	}
	if l.count >= MaxWaiting {
		return nil, nil, false
	}
	l.count++
	rang = func() <-chan struct{} {
		b.mu.Lock()
		defer b.mu.Unlock()
		return l.rung
	}
	return rang, func() { b.leave(tenant, l) }, true
}

// end is called once.
func (b *bell) end() { close(b.ended) }

func (b *bell) leave(tenant string, l *listeners) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if l.count--; l.count == 0 {
		delete(b.tenants, tenant)
	}
}

func (b *bell) waiting() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Collect(maps.Keys(b.tenants))
}

func (b *bell) ring(tenant string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if l := b.tenants[tenant]; l != nil {
		close(l.rung)
		l.rung = make(chan struct{})
	}
}

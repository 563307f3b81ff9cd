package kubeutil

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// Pace keeps passes over one object apart that are costly because much hangs on it. What changes during the pause is dealt
// with at once afterwards, so a thousand changes cost some passes, not a thousand; a single one is not held up. The zero
// value is ready.
type Pace struct {
	mu   sync.Mutex
	next map[types.NamespacedName]pause
}

type pause struct{ begins, ends time.Time }

// Wait is how long a pass over the object has to wait yet, 0: not at all.
func (p *Pace) Wait(key types.NamespacedName, now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	one, ok := p.next[key]
	if ok && now.Before(one.ends) && !now.Before(one.begins) { // the clock may have been set back
		return one.ends.Sub(now)
	}
	delete(p.next, key)
	return 0
}

// Passed notes a pass that has ended, and how long the next one is to wait.
func (p *Pace) Passed(key types.NamespacedName, ended time.Time, wait time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.next == nil {
		p.next = map[types.NamespacedName]pause{}
	}
	p.next[key] = pause{ended, ended.Add(wait)}
}

// Forget drops what is known of an object that is gone.
func (p *Pace) Forget(key types.NamespacedName) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.next, key)
}

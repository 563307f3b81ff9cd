package kubeutil

import (
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Memo keeps what was decoded from an object and from the version of it before, so that a thousand tenants of one server
// don't decode its configuration a thousand times, and whoever compares two versions decodes one. The values are shared:
// nobody may change them. The zero value is ready.
type Memo[T any] struct {
	mu      sync.Mutex
	entries map[types.NamespacedName][2]memoEntry[T] // the later decoded one first
}

type memoEntry[T any] struct {
	uid     types.UID
	version string
	value   T
}

// Of returns the decoded form of obj, which decode makes unless it is known for this version of obj.
func (m *Memo[T]) Of(obj client.Object, decode func() (T, error)) (T, error) {
	key := client.ObjectKeyFromObject(obj)
	m.mu.Lock()
	defer m.mu.Unlock()
	known := m.entries[key]
	for _, e := range known {
		if e.version != "" && e.uid == obj.GetUID() && e.version == obj.GetResourceVersion() {
			return e.value, nil
		}
	}
	value, err := decode()
	if err != nil {
		return value, err
	}
	if m.entries == nil {
		m.entries = map[types.NamespacedName][2]memoEntry[T]{}
	}
	m.entries[key] = [2]memoEntry[T]{{uid: obj.GetUID(), version: obj.GetResourceVersion(), value: value}, known[0]}
	return value, nil
}

// Forget drops what is known of an object that is gone.
func (m *Memo[T]) Forget(key types.NamespacedName) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.entries, key)
}

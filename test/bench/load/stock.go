package load

import "sync"

// Stock is what one operation leaves for another: users to delete, members to remove. It is safe for concurrent use.
type Stock[T any] struct {
	mu    sync.Mutex
	items []T
}

// Put adds an item.
func (s *Stock[T]) Put(item T) {
	s.mu.Lock()
	s.items = append(s.items, item)
	s.mu.Unlock()
}

// Take removes an item.
func (s *Stock[T]) Take() (item T, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.items) == 0 {
		return item, false
	}
	last := len(s.items) - 1
	item = s.items[last]
	s.items = s.items[:last]
	return item, true
}

// Len is the number of items.
func (s *Stock[T]) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.items)
}

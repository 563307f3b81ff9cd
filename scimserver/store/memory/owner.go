package memory

import (
	"context"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// Own implements store.Store.
func (s *Store) Own(ctx context.Context, owner string, tenants map[string]string) (map[string]store.Ownership, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errClosed
	}
	others := map[string]store.Ownership{}
	for key, from := range tenants {
		s.self[key] = owner
		if o := s.owners[key]; o.Free(owner, from) {
			s.owners[key] = store.Ownership{Owner: owner}
		} else if o != (store.Ownership{Owner: owner}) {
			others[key] = o
		}
	}
	return others, nil
}

// Owner implements store.Store.
func (s *Store) Owner(ctx context.Context, key string) (store.Ownership, error) {
	if _, err := s.tenant(ctx, key); err != nil {
		return store.Ownership{}, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.owners[key], nil
}

// PassOwner implements store.Store.
func (s *Store) PassOwner(ctx context.Context, key string, from, to store.Ownership) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false, errClosed
	}
	if s.owners[key] != from {
		return false, nil
	}
	s.owners[key] = to
	return true, nil
}

// owned has a tenant that came into being belong to whom the process acts as; s.mu is held.
func (s *Store) owned(key string) {
	if s.owners[key].Owner == "" && s.self[key] != "" {
		s.owners[key] = store.Ownership{Owner: s.self[key]}
	}
}

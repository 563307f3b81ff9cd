package memory

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"sync"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/local"
)

// Store is a store.Store in memory.
type Store struct {
	*data
	self map[string]string // whom the process acts as, by tenant
}

// data are what the processes share.
type data struct {
	local.Claims
	shared  bool
	mu      sync.RWMutex
	tenants map[string]*tenant
	purged  map[purge]bool
	secrets map[string][]byte
	closed  bool
	commits []func(tenant string)
	owners  map[string]store.Ownership
}

type purge struct{ tenant, uid string }

var _ store.Store = (*Store)(nil)

// New makes an empty store.
func New() *Store {
	return &Store{self: make(map[string]string), data: &data{
		tenants: make(map[string]*tenant), purged: make(map[purge]bool), secrets: make(map[string][]byte),
		owners: make(map[string]store.Ownership),
	}}
}

// Beside returns the same data as another process sees them, which acts as an owner of its own.
func (s *Store) Beside() *Store { return &Store{self: make(map[string]string), data: s.data} }

// NewShared makes an empty store that says of itself that several processes use it.
func NewShared() *Store {
	s := New()
	s.shared = true
	return s
}

// Shared implements store.Store.
func (s *Store) Shared() bool { return s.shared }

var errClosed = fmt.Errorf("%w: the store is closed", store.ErrUnavailable)

// tenant returns the state of a tenant, which is never changed: a transaction makes a new one.
func (s *Store) tenant(ctx context.Context, key string) (*tenant, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return nil, errClosed
	}
	if t := s.tenants[key]; t != nil {
		return t, nil
	}
	return newTenant(), nil
}

// View implements store.Store.
func (s *Store) View(ctx context.Context, key string, fn func(store.Reader) error) error {
	t, err := s.tenant(ctx, key)
	if err != nil {
		return err
	}
	return fn(t)
}

// Update implements store.Store.
func (s *Store) Update(ctx context.Context, key string, fn func(store.Writer) error) error {
	return s.update(ctx, key, false, func(t *tenant) error { return fn(t) })
}

// update runs fn in a transaction, if the ownership permits it.
func (s *Store) update(ctx context.Context, key string, loading bool, fn func(*tenant) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	if err := s.owners[key].Permits(key, s.self[key], loading); err != nil {
		return err
	}
	next := newTenant()
	if t := s.tenants[key]; t != nil {
		next = t.clone()
	}
	if err := fn(next); err != nil {
		return err
	}
	s.tenants[key] = next
	s.owned(key)
	if next.members.told {
		next.members.told = false
		for _, f := range s.commits {
			f(key)
		}
	}
	return nil
}

// Counts implements store.Store.
func (s *Store) Counts(ctx context.Context, key string) (c store.Counts, err error) {
	t, err := s.tenant(ctx, key)
	if err != nil {
		return c, err
	}
	for _, r := range t.resources {
		switch {
		case r.Type == store.TypeGroup:
			c.Groups++
		case r.Type == store.TypeUser && r.Active:
			c.ActiveUsers++
			c.Users++
		case r.Type == store.TypeUser:
			c.Users++
		}
	}
	for _, m := range t.members.byID {
		c.Members++
		if m.Active {
			c.ActiveMembers++
		}
	}
	return c, nil
}

// Purge implements store.Store.
func (s *Store) Purge(ctx context.Context, key, uid string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	if o := s.owners[key]; o.Owner != "" && o.Owner != s.self[key] {
		return &store.NotOwnerError{Tenant: key, Ownership: o}
	}
	if p := (purge{key, uid}); !s.purged[p] {
		s.purged[p] = true
		delete(s.tenants, key)
		s.Forget(key)
		delete(s.owners, key)
	}
	return nil
}

// Secret implements store.Store.
func (s *Store) Secret(ctx context.Context, name string) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errClosed
	}
	if s.secrets[name] == nil {
		s.secrets[name] = make([]byte, store.SecretSize)
		_, _ = rand.Read(s.secrets[name]) // it never fails
	}
	return slices.Clone(s.secrets[name]), nil
}

// Ping implements store.Store.
func (s *Store) Ping(ctx context.Context) error {
	_, err := s.tenant(ctx, "")
	return err
}

// Close implements store.Store.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return nil
}

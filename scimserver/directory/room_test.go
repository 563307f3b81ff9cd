package directory

import (
	"context"
	"sync"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// countedStore counts how often it is asked, and what was created.
type countedStore struct {
	store.Store
	mu          sync.Mutex
	asked, have int64
}

func (s *countedStore) Counts(context.Context, string) (store.Counts, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	return store.Counts{Users: s.have}, nil
}

// TestRoom lets parallel clients create as many users as they may: hardly anything is counted at first, and the limit is kept.
func TestRoom(t *testing.T) {
	t.Parallel()
	schemas, err := schema.New(schema.Options{})
	if err != nil {
		t.Fatal(err)
	}
	user, _ := schemas.ResourceType(store.TypeUser)
	const limit, clients = 20_000, 8
	s := &countedStore{}
	d := New(Deps{Store: s})
	c := &Call{Tenant: &Tenant{Key: "a/b", Schemas: schemas, MaxUsers: limit}, Type: user}
	askedHalfway := int64(0)
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() {
			for d.checkRoom(context.Background(), c) == nil {
				s.mu.Lock()
				if s.have++; s.have == limit/2 {
					askedHalfway = s.asked
				}
				s.mu.Unlock()
			}
		})
	}
	wg.Wait()
	if s.have < limit || s.have >= limit+clients {
		t.Errorf("%d users, limit %d", s.have, limit)
	}
	if askedHalfway > limit/2/50 {
		t.Errorf("counted %d times for %d users", askedHalfway, limit/2)
	}
	s.have = limit - 1
	if err := d.checkRoom(context.Background(), c); err != nil {
		t.Errorf("after a deletion: %v", err)
	}
}

package postgres

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// queued waits until n transactions of a tenant wait for their turn.
func queued(t *testing.T, s *Store, tenant string, n int32) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for range 5000 {
		s.lanes.mu.Lock()
		l := s.lanes.of[tenant]
		s.lanes.mu.Unlock()
		if l.waiting.Load() == n {
			return
		}
		<-tick.C
	}
	t.Fatalf("no %d transactions wait", n)
}

// TestRefusalWaits: who is refused a name that another one of the batch has just taken is told so when that one is committed, and
// not before.
func TestRefusalWaits(t *testing.T) {
	t.Parallel()
	s := openNew(t).(*Store)
	defer func() { _ = s.Close() }()
	for n := range 50 {
		if refusalWaits(t, s, n) {
			return
		}
	}
	t.Error("three transactions never came together")
}

// refusalWaits tells whether the three transactions that it makes were a batch, else nothing can be said.
func refusalWaits(t *testing.T, s *Store, n int) bool {
	t.Helper()
	const tenant = "tenants/t1"
	first, second := counter(2*n, 0), counter(2*n, 0)
	second.ID = counter(2*n+1, 0).ID
	var batches [3]*batch
	goOn, hold := make(chan struct{}), make(chan struct{})
	update := func(i int, fn func(store.Writer) error) <-chan error {
		done := make(chan error, 1)
		go func() {
			done <- s.Update(context.Background(), tenant, func(w store.Writer) error {
				if batches[i] == nil {
					batches[i] = w.(*tx).b
				}
				return fn(w)
			})
		}()
		return done
	}
	insert := func(r store.Record) func(store.Writer) error {
		return func(w store.Writer) error {
			_, err := w.Insert(context.Background(), r)
			return err
		}
	}
	started := make(chan struct{})
	taking := update(0, func(w store.Writer) error {
		close(started)
		<-goOn
		return insert(first)(w)
	})
	<-started
	refused := update(1, insert(second))
	queued(t, s, tenant, 1)
	held := make(chan struct{})
	holding := update(2, func(store.Writer) error {
		close(held)
		<-hold
		return nil
	})
	queued(t, s, tenant, 2)
	close(goOn)
	<-held
	together := batches[0] == batches[1] && batches[1] == batches[2]
	if together {
		select {
		case err := <-refused:
			t.Errorf("refused before the other one is committed: %v", err)
			refused = nil
		case <-time.After(50 * time.Millisecond):
		}
	}
	close(hold)
	if err := errors.Join(<-taking, <-holding); err != nil {
		t.Fatal(err)
	}
	if refused != nil {
		taken := new(store.UniquenessError)
		if err := <-refused; !errors.As(err, &taken) {
			t.Errorf("the second one: %v", err)
		}
	}
	return together
}

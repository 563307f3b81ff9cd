package sqlite

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// TestViewOfPurgedTenant purges a tenant in part after a View has looked up its number and before it reads anything: what
// is left must not show.
func TestViewOfPurgedTenant(t *testing.T) {
	t.Parallel()
	s := openTemp(t)
	ctx := context.Background()
	const tenant, users = "a/b", 3 * sweepRows / 2
	err := s.Update(ctx, tenant, func(w store.Writer) (err error) {
		for n := range users {
			_, errInsert := w.Insert(ctx, store.Record{
				Type: store.TypeUser, ID: fmt.Sprint("u", n), Created: time.Now(), Modified: time.Now(), Doc: []byte(`{"schemas":[]}`),
			})
			err = errors.Join(err, errInsert)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	err = s.View(ctx, tenant, func(r store.Reader) error {
		detach := func(t *tx) error { return t.detach("1") }
		sweep := func(t *tx) error { _, err := t.sweep(); return err }
		for _, step := range []func(*tx) error{detach, sweep} {
			if err := s.writer.update(&request{ctx: ctx, tenant: tenant, alone: true, fn: step}); err != nil {
				return err
			}
		}
		if n, err := countResources(s); n == 0 || n == users {
			return fmt.Errorf("%d resources are left, want some (%v)", n, err)
		}
		for n := range users {
			if _, err := r.Get(ctx, store.TypeUser, fmt.Sprint("u", n)); !errors.Is(err, store.ErrNotFound) {
				return fmt.Errorf("user %d: got error %v, want ErrNotFound", n, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func countResources(s *Store) (int64, error) {
	session, err := s.readers.get(context.Background())
	if err != nil {
		return 0, err
	}
	defer s.readers.put(session)
	st, err := session.prepare("SELECT count(*) FROM resource")
	if err != nil {
		return 0, err
	}
	return st.Int()
}

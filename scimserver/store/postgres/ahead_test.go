package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

func counter(id, n int) store.Record {
	at := time.UnixMilli(1).UTC()
	name := "counter " + strconv.Itoa(id)
	return store.Record{
		Type: store.TypeUser, ID: fmt.Sprintf("01900000-0000-7000-8000-%012d", id), Created: at, Modified: at, Active: true,
		Doc: []byte(strconv.Itoa(n)), Keys: store.Keys{Name: name, NameUnique: true, Display: name},
	}
}

// TestReadAhead has many transactions of one tenant, which tell what they read, count in a few rows, compete for names, fail
// late and take rows away: what was read ahead is never older than what was written before.
func TestReadAhead(t *testing.T) {
	t.Parallel()
	s := openNew(t)
	defer func() { _ = s.Close() }()
	const rows, workers, rounds = 3, 16, 40
	ctx := context.Background()
	update := func(a store.Ahead, fn func(store.Writer) error) error {
		return s.Update(store.WithAhead(ctx, a), "tenants/t1", fn)
	}
	insert := func(r store.Record) error {
		return update(store.AheadOfInsert(&r), func(w store.Writer) error {
			_, err := w.Insert(ctx, r)
			return err
		})
	}
	for i := range rows {
		if err := insert(counter(i, 0)); err != nil {
			t.Fatal(err)
		}
	}
	var counted [rows]atomic.Int64
	var made [rounds]atomic.Int64
	late := errors.New("late")
	var all sync.WaitGroup
	for n := range workers {
		all.Go(func() {
			for i := range rounds {
				row := (n + i) % rows
				fails := (n*rounds+i)%7 == 0
				err := update(store.Ahead{Type: store.TypeUser, ID: counter(row, 0).ID}, func(w store.Writer) error {
					rec, err := w.Get(ctx, store.TypeUser, counter(row, 0).ID)
					if err != nil {
						return err
					}
					value, err := strconv.Atoi(string(rec.Doc))
					if err != nil {
						return err
					}
					next, err := w.Replace(ctx, counter(row, value+1))
					if err != nil {
						return err
					}
					if next.Version != int64(value)+2 {
						return fmt.Errorf("version %d with value %d", next.Version, value)
					}
					if !fails {
						return nil
					}
					if got, err := w.Get(ctx, store.TypeUser, rec.ID); err != nil || got.Version != next.Version { // sends the change
						return fmt.Errorf("own change: %v, %w", got, err)
					}
					return late
				})
				switch {
				case fails && !errors.Is(err, late), !fails && err != nil:
					t.Error(err)
				case !fails:
					counted[row].Add(1)
				}
				// one name, which all want at about the same time, each with an id of its own
				r := counter(1000+i, 0)
				r.ID = fmt.Sprintf("01900000-0000-7000-9000-%012d", n*rounds+i)
				taken := new(store.UniquenessError)
				switch err := insert(r); {
				case err == nil:
					made[i].Add(1)
				case !errors.As(err, &taken) || taken.Attribute != "userName":
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	for i := range rows {
		err := s.View(ctx, "tenants/t1", func(r store.Reader) error {
			rec, err := r.Get(ctx, store.TypeUser, counter(i, 0).ID)
			if want := strconv.FormatInt(counted[i].Load(), 10); string(rec.Doc) != want {
				t.Errorf("row %d has counted to %s, want %s", i, rec.Doc, want)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	for i := range made {
		if n := made[i].Load(); n != 1 {
			t.Errorf("%d users have the name %d", n, i)
		}
	}
	testAheadOfDelete(t, s)
}

// testAheadOfDelete deletes users while others change them.
func testAheadOfDelete(t *testing.T, s store.Store) {
	t.Helper()
	ctx := context.Background()
	var all sync.WaitGroup
	for i := range 50 {
		r := counter(5000+i, 0)
		err := s.Update(ctx, "tenants/t1", func(w store.Writer) error {
			_, err := w.Insert(ctx, r)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		var deleted atomic.Int64
		for range 6 {
			all.Go(func() {
				err := s.Update(store.WithAhead(ctx, store.Ahead{Type: r.Type, ID: r.ID}), "tenants/t1", func(w store.Writer) error {
					if _, err := w.Get(ctx, r.Type, r.ID); err != nil {
						return err
					}
					return w.Delete(ctx, r.Type, r.ID, r.Modified)
				})
				switch {
				case err == nil:
					deleted.Add(1)
				case !errors.Is(err, store.ErrNotFound):
					t.Error(err)
				}
			})
		}
		all.Wait()
		if n := deleted.Load(); n != 1 {
			t.Errorf("a user was deleted %d times", n)
		}
	}
	counts, err := s.Counts(ctx, "tenants/t1")
	if want := int64(3 + 40); err != nil || counts.Users != want {
		t.Errorf("%d users, %v; want %d", counts.Users, err, want)
	}
}

// TestReadAheadForItself: a new user without company takes two round trips, the first of which locks the tenant and finds the
// name free.
func TestReadAheadForItself(t *testing.T) {
	t.Parallel()
	s := openNew(t)
	defer func() { _ = s.Close() }()
	first, same := counter(1, 0), counter(1, 0)
	same.ID = counter(2, 0).ID
	insert := func(r store.Record) (sent int, err error) {
		ctx := store.WithAhead(context.Background(), store.AheadOfInsert(&r))
		err = s.Update(ctx, "tenants/t1", func(w store.Writer) error {
			if _, err := w.NextSequence(ctx); err != nil { // sends what has to be sent
				return err
			}
			b := w.(*tx).b
			b.pending = append(b.pending, ask{sql: "SELECT 1"})
			_, err := w.Insert(ctx, r)
			sent = 1 - min(len(b.pending), 1)
			return err
		})
		return sent, err
	}
	if sent, err := insert(first); err != nil || sent != 0 {
		t.Errorf("a new name: %d further round trips, %v", sent, err)
	}
	taken := new(store.UniquenessError)
	if sent, err := insert(same); !errors.As(err, &taken) || taken.Attribute != "userName" || sent != 1 {
		t.Errorf("a name that is taken: %d further round trips, %v", sent, err)
	}
}

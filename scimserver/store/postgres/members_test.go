package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// crowd is one group that many workers change, each with users of its own.
type crowd struct {
	s       store.Store
	group   store.Record
	mu      sync.Mutex
	members []string // that must be in the group
	changes int64    // of the group
	both    int64    // how often the user has joined, less how often it has left, whom all workers change
}

var errOwn = errors.New("own")

// change lets a user join or leave, and tells whether that changed the group. It may fail behind what it has done.
func (c *crowd) change(id string, join, fails bool) (changed bool, err error) {
	ctx := store.WithAhead(context.Background(), store.Ahead{Type: store.TypeGroup, ID: c.group.ID, Members: []string{id}})
	err = c.s.Update(ctx, "tenants/t1", func(w store.Writer) error {
		before, err := w.Get(ctx, store.TypeGroup, c.group.ID)
		if err != nil {
			return err
		}
		var n int
		if join {
			n, _, err = w.AddMembers(ctx, c.group.ID, []string{id})
		} else {
			n, err = w.RemoveMembers(ctx, c.group.ID, []string{id})
		}
		if changed = n > 0; err != nil || !changed {
			return err
		}
		if err := w.Touch(ctx, store.TypeGroup, c.group.ID, before.Modified.Add(time.Millisecond)); err != nil {
			return err
		}
		if after, err := w.Get(ctx, store.TypeGroup, c.group.ID); err != nil || after.Version != before.Version+1 {
			return fmt.Errorf("version %d after %d: %w", after.Version, before.Version, err)
		}
		if fails {
			return errOwn
		}
		return nil
	})
	return changed, err
}

// run makes random changes, and drops a user at the end.
func (c *crowd) run(t *testing.T, r *rand.Rand, worker int) {
	const users, rounds = 4, 60
	var is [users]bool
	id := func(n int) string { return counter(100*worker+n+100, 0).ID }
	changes, both := int64(0), int64(0)
	for range rounds {
		if join := r.IntN(2) == 0; r.IntN(2) == 0 {
			changed, err := c.change(counter(2, 0).ID, join, false)
			if err != nil {
				t.Errorf("worker %d: %v", worker, err)
			}
			changes += units(changed)
			both += units(changed && join) - units(changed && !join)
		}
		n, join, fails := r.IntN(users), r.IntN(3) > 0, r.IntN(8) == 0
		changed, err := c.change(id(n), join, fails)
		switch {
		case fails && changed && errors.Is(err, errOwn):
		case err != nil:
			t.Errorf("worker %d: %v", worker, err)
		case changed != (is[n] != join):
			t.Errorf("worker %d: member %v, join %v, changed %v", worker, is[n], join, changed)
		case changed:
			is[n] = join
			changes++
		}
	}
	ctx := store.WithAhead(context.Background(), store.Ahead{Type: store.TypeUser, ID: id(0)})
	err := c.s.Update(ctx, "tenants/t1", func(w store.Writer) error {
		if _, err := w.Get(ctx, store.TypeUser, id(0)); err != nil {
			return err
		}
		return w.Delete(ctx, store.TypeUser, id(0), c.group.Modified)
	})
	if err != nil {
		t.Errorf("worker %d: %v", worker, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if is[0] {
		changes++ // the group is touched as a member of it goes
	}
	c.changes += changes
	c.both += both
	for n := 1; n < users; n++ {
		if is[n] {
			c.members = append(c.members, id(n))
		}
	}
}

// pass has users join while they are deleted: no group holds who is no more.
func (c *crowd) pass(t *testing.T, from, to int) {
	var all sync.WaitGroup
	for n := from; n < to; n++ {
		id := counter(n, 0).ID
		all.Go(func() {
			ctx := store.WithAhead(context.Background(), store.Ahead{Type: store.TypeUser, ID: id})
			err := c.s.Update(ctx, "tenants/t1", func(w store.Writer) error {
				if _, err := w.Get(ctx, store.TypeUser, id); err != nil {
					return err
				}
				return w.Delete(ctx, store.TypeUser, id, c.group.Modified)
			})
			if err != nil {
				t.Errorf("delete: %v", err)
			}
		})
		all.Go(func() {
			changed, err := c.change(id, true, false)
			if err != nil {
				t.Errorf("join: %v", err)
			}
			c.mu.Lock()
			defer c.mu.Unlock()
			c.changes += 2 * units(changed) // it leaves as it is deleted
		})
	}
	all.Wait()
}

// TestCrowdedGroup: what is read ahead of a group, and joined of its changes, is as if they were made one by one.
func TestCrowdedGroup(t *testing.T) {
	t.Parallel()
	s := openNew(t).(*Store)
	defer func() { _ = s.Close() }()
	c := &crowd{s: s, group: counter(1, 0)}
	c.group.Type, c.group.Keys.NameUnique = store.TypeGroup, false
	const workers = 12
	err := s.Update(context.Background(), "tenants/t1", func(w store.Writer) error {
		if _, err := w.Insert(context.Background(), c.group); err != nil {
			return err
		}
		for n := 2; n < 100*(workers+2); n++ {
			if _, err := w.Insert(context.Background(), counter(n, 0)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	var all sync.WaitGroup
	for worker := range workers {
		all.Go(func() { c.run(t, rand.New(rand.NewPCG(seed, uint64(worker))), worker) })
	}
	all.Go(func() { c.pass(t, 100*(workers+1), 100*(workers+2)) })
	all.Wait()
	var lost int64
	err = s.single(context.Background(), ask{
		sql:  "SELECT count(*) FROM membership m WHERE NOT EXISTS (SELECT 1 FROM resource r WHERE r.tenant = m.tenant AND r.seq = m.member)",
		scan: func(rows pgx.Rows) error { return rows.Scan(&lost) },
	})
	if err != nil || lost != 0 {
		t.Errorf("%d members are no resources, %v", lost, err)
	}
	if c.both == 1 {
		c.members = append(c.members, counter(2, 0).ID)
	} else if c.both != 0 {
		t.Errorf("one user has joined %d times more than it has left", c.both)
	}
	var got []string
	err = s.View(context.Background(), "tenants/t1", func(r store.Reader) error {
		rec, err := r.Get(context.Background(), store.TypeGroup, c.group.ID)
		if err != nil {
			return err
		}
		if rec.Version != 1+c.changes {
			t.Errorf("version %d after %d changes", rec.Version, c.changes)
		}
		return r.Members(context.Background(), c.group.ID, func(m store.Member) error {
			got = append(got, m.ID)
			return nil
		})
	})
	if diff := cmp.Diff(c.members, got, cmpopts.SortSlices(func(a, b string) bool { return a < b })); err != nil || diff != "" {
		t.Errorf("members (-want +got): %v\n%s", err, diff)
	}
}

package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

var tenantTests = map[string]func(*testing.T, *bench){
	"see nothing of each other": testIsolation,
	"counts":                    testCounts,
	"purge":                     testPurge,
	"purge once per uid":        testPurgeOnce,
	"purge of nothing":          testPurgeNothing,
	"purge that is interrupted": testPurgeInterrupted,
	"purge under load":          testPurgeUnderLoad,
}

func testIsolation(t *testing.T, b *bench) {
	other := b.at(globex)
	b.insertUsers(1, 3)
	b.insert(groupRecord(id(100), "staff"))
	b.add(id(100), ids(1, 2)...)
	other.insertUsers(3, 4)
	other.insert(groupRecord(id(100), "crew"))

	other.missing(store.TypeUser, id(1))
	other.equal("members", len(other.members(id(100))), 0)
	_, unknown := other.add(id(100), id(1), id(3))
	other.equal("unknown", unknown, ids(1))
	other.failsWith(store.ErrNotFound, func(ctx context.Context, w store.Writer) error {
		return w.Delete(ctx, store.TypeUser, id(2), day(2))
	})
	other.update(func(ctx context.Context, w store.Writer) error { return w.Delete(ctx, store.TypeUser, id(3), day(2)) })
	other.view(func(ctx context.Context, r store.Reader) error {
		groups, err := r.GroupsOf(ctx, ids(1, 2, 3))
		other.equal("GroupsOf", len(groups), 0)
		return err
	})
	b.get(store.TypeUser, id(3))
	b.equal("members", b.members(id(100)), ids(1, 2))
	b.equal("Counts", b.counts(), store.Counts{Users: 3, ActiveUsers: 3, Groups: 1})
	b.equal("Counts of the other", other.counts(), store.Counts{Users: 1, ActiveUsers: 1, Groups: 1})
}

func testCounts(t *testing.T, b *bench) {
	b.equal("empty", b.counts(), store.Counts{})
	b.insertUsers(1, 4)
	b.insert(groupRecord(id(100), "staff"))
	for _, step := range []struct {
		active bool
		want   int64
	}{{false, 3}, {false, 3}, {true, 4}, {true, 4}, {false, 3}} {
		r := userRecord(id(2), "u2")
		r.Active = step.active
		b.update(func(ctx context.Context, w store.Writer) error {
			_, err := w.Replace(ctx, r)
			return err
		})
		b.equal("Counts", b.counts(), store.Counts{Users: 4, ActiveUsers: step.want, Groups: 1})
	}
	b.update(func(ctx context.Context, w store.Writer) error {
		return errors.Join(w.Delete(ctx, store.TypeUser, id(2), day(2)), w.Delete(ctx, store.TypeUser, id(3), day(2)))
	})
	b.equal("Counts", b.counts(), store.Counts{Users: 2, ActiveUsers: 2, Groups: 1})
}

// populate fills the tenant with nested groups and keys.
func (b *bench) populate(users int) {
	b.tb.Helper()
	b.insertUsers(1, users)
	b.insert(withBadge(userRecord(id(9000), "badge"), "1"), groupRecord(id(9001), "inner"), groupRecord(id(9002), "outer"))
	var all []string
	for n := 1; n <= users; n++ {
		all = append(all, id(n))
	}
	b.add(id(9001), all...)
	b.add(id(9002), id(9001), id(1), id(9002))
}

func (b *bench) purge(uid string) {
	b.tb.Helper()
	if err := b.Purge(context.Background(), b.tenant, uid); err != nil {
		b.tb.Fatalf("Purge: %v", err)
	}
}

// empty checks that the tenant has nothing, and takes everything anew.
func (b *bench) empty() {
	b.tb.Helper()
	b.equal("Counts", b.counts(), store.Counts{})
	b.missing(store.TypeUser, id(1))
	_, total := b.find(store.Query{Type: store.TypeUser, Limit: 5})
	b.equal("total", total, int64(0))
	b.populate(3)
	b.equal("Counts", b.counts(), store.Counts{Users: 4, ActiveUsers: 4, Groups: 2})
	b.equal("members", b.members(id(9002)), []string{id(9001), id(1), id(9002)})
}

func testPurge(t *testing.T, b *bench) {
	b.populate(2500)
	b.at(globex).populate(10)
	b.purge("uid-1")
	b.empty()
	b.equal("Counts", b.at(globex).counts(), store.Counts{Users: 11, ActiveUsers: 11, Groups: 2})
	b.equal("members", len(b.at(globex).members(id(9001))), 10)
}

func testPurgeOnce(t *testing.T, b *bench) {
	b.populate(5)
	b.purge("uid-1")
	b.populate(6)
	b.purge("uid-1")
	b.equal("Counts", b.counts(), store.Counts{Users: 7, ActiveUsers: 7, Groups: 2})
	b.at(globex).populate(4)
	b.at(globex).purge("uid-1")
	b.at(globex).empty()
	b.equal("Counts", b.counts(), store.Counts{Users: 7, ActiveUsers: 7, Groups: 2})
	b.purge("uid-2")
	b.empty()
}

func testPurgeNothing(t *testing.T, b *bench) {
	b.purge("uid-1")
	b.populate(3)
	b.purge("uid-1")
	b.equal("Counts", b.counts(), store.Counts{Users: 4, ActiveUsers: 4, Groups: 2})
}

// testPurgeInterrupted ends the context ever later, until the purge comes through.
func testPurgeInterrupted(t *testing.T, b *bench) {
	b.populate(3000)
	ctx := &countdown{Context: context.Background()}
	for tries := 1; ; tries++ {
		ctx.left = tries
		err := b.Purge(ctx, b.tenant, "uid-1")
		if err == nil {
			break
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("Purge: got error %v, want context.Canceled", err)
		}
	}
	b.empty()
}

// countdown is a context that has ended when it was asked a number of times.
type countdown struct {
	context.Context
	left int
}

func (c *countdown) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

// testPurgeUnderLoad writes to the tenant and to another while it is purged.
func testPurgeUnderLoad(t *testing.T, b *bench) {
	b.populate(2000)
	stop, done := make(chan struct{}), make(chan error, 2)
	for _, o := range []*bench{b, b.at(globex)} {
		go func() { done <- o.keepInserting(stop) }()
	}
	b.purge("uid-1")
	close(stop)
	for range 2 {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	for _, o := range []*bench{b, b.at(globex)} {
		_, total := o.find(store.Query{Type: store.TypeUser, Limit: 1})
		o.equal("Counts", o.counts(), store.Counts{Users: total, ActiveUsers: total})
	}
	b.missing(store.TypeUser, id(1))
}

func (b *bench) keepInserting(stop chan struct{}) error {
	for n := 20_000; ; n++ {
		select {
		case <-stop:
			return nil
		default:
		}
		if taken := b.tryInsert(userRecord(id(n), fmt.Sprint("n", n))); taken != "" {
			return errors.New(taken)
		}
	}
}

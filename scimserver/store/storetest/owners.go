package storetest

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

var ownerTests = map[string]func(*testing.T, *bench){
	"nobody's tenant may be written":             testOwnNobody,
	"a tenant is taken by its first owner":       testOwnFirst,
	"a tenant is owned before it has data":       testOwnEmpty,
	"another owner is refused everywhere":        testOwnFence,
	"a tenant is taken from whom it was said":    testOwnTake,
	"what is moved or incomplete is not taken":   testOwnTakeMarked,
	"an owner acts without taking":               testOwnAct,
	"a mark keeps the owner itself from writing": testOwnMarks,
	"ownership is passed once":                   testPassOwner,
	"a purge sets a tenant free":                 testOwnPurge,
	"no write slips behind a seal":               testSeal,
}

const (
	east = "scim-system/east/uid-1"
	west = "scim-system/west/uid-2"
)

// own has the process act as owner for the tenant.
func (b *bench) own(owner, from string) map[string]store.Ownership {
	b.tb.Helper()
	others, err := b.Own(context.Background(), owner, map[string]string{b.tenant: from})
	if err != nil {
		b.tb.Fatalf("Own: %v", err)
	}
	return others
}

func (b *bench) ownership() store.Ownership {
	b.tb.Helper()
	o, err := b.Owner(context.Background(), b.tenant)
	if err != nil {
		b.tb.Fatalf("Owner: %v", err)
	}
	return o
}

// pass changes the ownership, which must be as it is said.
func (b *bench) pass(from, to store.Ownership) {
	b.tb.Helper()
	if ok, err := b.PassOwner(context.Background(), b.tenant, from, to); err != nil || !ok {
		b.tb.Fatalf("PassOwner from %v: got %t, %v", from, ok, err)
	}
}

// tryWrite tries to write, and returns the error.
func (b *bench) tryWrite(n int) error {
	ctx := context.Background()
	return b.Update(ctx, b.tenant, func(w store.Writer) error {
		_, err := w.Insert(ctx, userRecord(id(n), "u"+id(n)))
		return err
	})
}

// refused checks that the error names the owner.
func (b *bench) refused(what string, err error, want store.Ownership) {
	b.tb.Helper()
	no, ok := errors.AsType[*store.NotOwnerError](err)
	if !ok || !errors.Is(err, store.ErrNotOwner) {
		b.tb.Errorf("%s: got error %v, want ErrNotOwner", what, err)
		return
	}
	b.equal(what, *no, store.NotOwnerError{Tenant: b.tenant, Ownership: want})
}

func testOwnNobody(_ *testing.T, b *bench) {
	b.insertUsers(1, 1)
	b.equal("owner", b.ownership(), store.Ownership{})
	b.equal("others", b.own(east, ""), map[string]store.Ownership{})
	b.insertUsers(2, 2)
	b.equal("owner", b.ownership(), store.Ownership{Owner: east})
}

func testOwnFirst(_ *testing.T, b *bench) {
	b.own(east, "")
	b.insertUsers(1, 1)
	b.equal("again", b.own(east, ""), map[string]store.Ownership{})
	b.equal("others", b.own(west, ""), map[string]store.Ownership{b.tenant: {Owner: east}})
	b.refused("insert", b.tryWrite(2), store.Ownership{Owner: east})
	b.equal("others", b.own(east, ""), map[string]store.Ownership{})
	b.insertUsers(2, 2)
	b.equal("another tenant", b.at(globex).ownership(), store.Ownership{})
	b.at(globex).insertUsers(1, 1)
}

func testOwnEmpty(_ *testing.T, b *bench) {
	b.own(east, "")
	b.equal("owner", b.ownership(), store.Ownership{Owner: east})
	b.equal("counts", b.counts(), store.Counts{})
	b.own(west, "")
	b.refused("insert", b.tryWrite(1), store.Ownership{Owner: east})
}

func testOwnFence(t *testing.T, b *bench) {
	ctx := context.Background()
	b.own(east, "")
	b.update(func(ctx context.Context, w store.Writer) error { return appendEvent(ctx, w, 1, store.MemberCreated, 0) })
	b.own(west, "")
	east := store.Ownership{Owner: east}
	for what, write := range map[string]func() error{
		"Delivered": func() error { return b.Delivered(ctx, b.tenant, []int64{1}) },
		"Failed":    func() error { return b.Failed(ctx, b.tenant, 1, store.Attempt{Park: true}) },
		"Replay": func() error {
			_, err := b.Replay(ctx, b.tenant, store.ReplayQuery{})
			return err
		},
		"PruneEvents": func() error {
			_, err := b.PruneEvents(ctx, b.tenant, day(30), 0, 10)
			return err
		},
		"PruneLog": func() error {
			_, err := b.PruneLog(ctx, b.tenant, day(30), 0, 10)
			return err
		},
		"Purge": func() error { return b.Purge(ctx, b.tenant, "uid") },
		"Load": func() error {
			return b.Load(ctx, b.tenant, nil, []store.Row{{RowKey: store.RowKey{Kind: store.RowWork, Key: id(1)}}})
		},
	} {
		b.refused(what, write(), east)
	}
	b.equal("events", b.sequences(0), []int64{1})
	b.equal("due", b.due(day(20)), []int64{1})
	_ = t
}

func testOwnTake(_ *testing.T, b *bench) {
	b.own(east, "")
	b.insertUsers(1, 1)
	b.equal("from another", b.own(west, "scim-system/north/uid-3"), map[string]store.Ownership{b.tenant: {Owner: east}})
	b.equal("from the owner", b.own(west, east), map[string]store.Ownership{})
	b.insertUsers(2, 2)
	b.equal("owner", b.ownership(), store.Ownership{Owner: west})
	b.own(east, "")
	b.refused("insert", b.tryWrite(3), store.Ownership{Owner: west})
}

func testOwnTakeMarked(_ *testing.T, b *bench) {
	for _, mark := range []string{store.Moved("m"), store.Loading("m")} {
		b.own(east, west)
		b.pass(b.ownership(), store.Ownership{Owner: east, Mark: mark})
		b.equal(mark, b.own(west, east), map[string]store.Ownership{b.tenant: {Owner: east, Mark: mark}})
		b.pass(b.ownership(), store.Ownership{Owner: east})
	}
	b.pass(store.Ownership{Owner: east}, store.Ownership{Owner: east, Mark: store.Sealed("m")})
	b.equal("sealed", b.own(west, east), map[string]store.Ownership{})
	b.equal("owner", b.ownership(), store.Ownership{Owner: west})
}

func testOwnAct(_ *testing.T, b *bench) {
	b.equal("others", b.own(east, store.TakeNothing), map[string]store.Ownership{b.tenant: {}})
	b.equal("owner", b.ownership(), store.Ownership{})
	b.pass(store.Ownership{}, store.Ownership{Owner: east, Mark: store.Moved("m")})
	b.purge("uid")
	b.equal("owner", b.ownership(), store.Ownership{})
}

func testOwnMarks(_ *testing.T, b *bench) {
	ctx := context.Background()
	work := []store.Row{{RowKey: store.RowKey{Kind: store.RowWork, Key: id(1)}}}
	b.own(east, "")
	for _, mark := range []string{store.Sealed("m"), store.Moved("m"), store.Loading("m")} {
		o := store.Ownership{Owner: east, Mark: mark}
		b.pass(store.Ownership{Owner: east}, o)
		b.equal("others", b.own(east, east), map[string]store.Ownership{b.tenant: o})
		b.refused("insert "+mark, b.tryWrite(1), o)
		if err := b.Load(ctx, b.tenant, nil, work); mark == store.Loading("m") && err != nil {
			b.tb.Errorf("Load: %v", err)
		} else if mark != store.Loading("m") {
			b.refused("load "+mark, err, o)
		}
		b.pass(o, store.Ownership{Owner: east})
	}
	b.insertUsers(1, 1)
	b.equal("work", b.work(5), []string{id(1)})
}

func testPassOwner(_ *testing.T, b *bench) {
	ctx := context.Background()
	b.own(east, "")
	from, to := store.Ownership{Owner: east}, store.Ownership{Owner: west}
	b.pass(from, to)
	if ok, err := b.PassOwner(ctx, b.tenant, from, to); ok || err != nil {
		b.tb.Errorf("PassOwner again: got %t, %v", ok, err)
	}
	b.refused("insert", b.tryWrite(1), to)
	b.own(west, "")
	b.insertUsers(1, 1)
	b.at(globex).pass(store.Ownership{}, store.Ownership{Owner: west, Mark: store.Loading("m")})
	b.equal("of a tenant without data", b.at(globex).ownership(), store.Ownership{Owner: west, Mark: store.Loading("m")})
}

func testOwnPurge(_ *testing.T, b *bench) {
	b.own(east, "")
	b.insertUsers(1, 1)
	b.pass(store.Ownership{Owner: east}, store.Ownership{Owner: east, Mark: store.Moved("m")})
	b.purge("uid")
	b.equal("owner", b.ownership(), store.Ownership{})
	b.equal("others", b.own(west, ""), map[string]store.Ownership{})
	b.insertUsers(2, 2)
	b.equal("counts", b.counts(), store.Counts{Users: 1, ActiveUsers: 1})
}

// testSeal seals a tenant under load: what was acknowledged is there, and nothing came behind.
func testSeal(t *testing.T, b *bench) {
	b.own(east, "")
	var written atomic.Int64
	var workers sync.WaitGroup
	begun := make(chan struct{})
	for w := range 4 {
		workers.Go(func() {
			for n := range 10_000 {
				err := b.tryWrite(1 + w*10_000 + n)
				if errors.Is(err, store.ErrNotOwner) {
					return
				}
				if err != nil {
					t.Errorf("Update: %v", err)
					return
				}
				if written.Add(1) == 20 {
					close(begun)
				}
			}
		})
	}
	select {
	case <-begun:
	case <-time.After(time.Minute):
		t.Fatal("there were no writes")
	}
	b.pass(store.Ownership{Owner: east}, store.Ownership{Owner: east, Mark: store.Sealed("m")})
	sealed := b.counts().Users
	workers.Wait()
	b.equal("users behind the seal", b.counts().Users, sealed)
	b.equal("users that were acknowledged", sealed, written.Load())
}

package storetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/transfer"
)

// follow takes passes until there is no difference.
func (b *bench) follow(to *bench) (passes int) {
	b.tb.Helper()
	for passes = 1; passes < 10; passes++ {
		d, err := transfer.Pass(context.Background(), transfer.Local{Store: b.Store, Tenant: b.tenant}, to.Store, to.tenant, nil)
		if err != nil {
			b.tb.Fatalf("Pass: %v", err)
		}
		if d.None() {
			return passes
		}
	}
	b.tb.Error("the passes do not end")
	return passes
}

func testTransferPasses(_ *testing.T, b *bench) {
	b.everything()
	targets := []*bench{b.at("other/name"), b.model()}
	random := rand.New(rand.NewPCG(1, 2))
	for range 8 {
		for _, to := range targets {
			b.follow(to)
			b.same(to)
		}
		for range 20 {
			b.change(random)
		}
	}
}

// change does one thing or another.
func (b *bench) change(r *rand.Rand) {
	n := 1 + r.IntN(60)
	ctx := context.Background()
	err := b.Update(ctx, b.tenant, func(w store.Writer) error {
		switch r.IntN(12) {
		case 0, 1:
			_, err := w.Insert(ctx, userRecord(id(1000+r.IntN(1e6)), fmt.Sprint("n", r.IntN(1e6))))
			return err
		case 2, 3:
			_, err := w.Replace(ctx, userRecord(id(n), fmt.Sprint("r", r.IntN(100))))
			return err
		case 4:
			return w.Delete(ctx, store.TypeUser, id(n), day(5))
		case 5:
			_, _, err := w.AddMembers(ctx, id(50+r.IntN(2)), ids(n, n+1, n+2))
			return err
		case 6:
			_, err := w.RemoveMembers(ctx, id(50), ids(n))
			return err
		case 7:
			return w.DeleteMember(ctx, id(n%10))
		case 8:
			return w.InsertMember(ctx, memberRecord(n, fmt.Sprint("m", n)))
		case 9:
			return appendEvent(ctx, w, n%4, store.MemberUpdated, 0)
		case 10:
			return errors.Join(w.AppendLog(ctx, store.LogRow{Time: day(6), Entry: []byte("{}")}), w.SetState(ctx, fmt.Sprint(n%3), []byte{byte(n)}))
		}
		return errors.Join(w.AddWork(ctx, ids(n)), w.RemoveWork(ctx, ids(n+1)))
	})
	if _, taken := errors.AsType[*store.UniquenessError](err); err != nil && !taken && !errors.Is(err, store.ErrNotFound) {
		b.tb.Fatal(err)
	}
	if r.IntN(4) == 0 {
		if err := b.Delivered(ctx, b.tenant, []int64{int64(r.IntN(40))}); err != nil {
			b.tb.Fatal(err)
		}
	}
}

func testTransferSwap(_ *testing.T, b *bench) {
	b.insertUsers(1, 3)
	b.insertMembers(memberRecord(1, "u1"), memberRecord(2, "u2"))
	to := b.at("other/name")
	b.follow(to)
	b.update(func(ctx context.Context, w store.Writer) error {
		one, two := memberRecord(1, "u1"), memberRecord(2, "u2")
		one.UserID, two.UserID = id(2), id(1)
		var err error
		for _, r := range []store.Record{userRecord(id(1), "aside"), userRecord(id(2), "u1"), userRecord(id(1), "u2")} {
			_, again := w.Replace(ctx, r)
			err = errors.Join(err, again)
		}
		return errors.Join(err, w.DeleteMember(ctx, id(1)), w.ReplaceMember(ctx, two), w.InsertMember(ctx, one))
	})
	b.follow(to)
	b.same(to)
	to.equal("taken", to.tryName("u2"), &store.UniquenessError{Attribute: "userName"})
}

// tryName adds a user with the name, and returns the error.
func (b *bench) tryName(name string) error {
	ctx := context.Background()
	return b.Update(ctx, b.tenant, func(w store.Writer) error {
		_, err := w.Insert(ctx, userRecord(id(777), name))
		return err
	})
}

func testTransferReborn(_ *testing.T, b *bench) {
	b.everything()
	to := b.at("other/name")
	b.follow(to)
	b.update(func(ctx context.Context, w store.Writer) error {
		if err := w.Delete(ctx, store.TypeUser, id(1), day(4)); err != nil {
			return err
		}
		_, err := w.Insert(ctx, userRecord(id(1), "u1"))
		return err
	})
	b.follow(to)
	b.same(to)

	b.insertUsers(70, 70)
	d, err := transfer.Pass(context.Background(), transfer.Local{Store: b.Store, Tenant: b.tenant}, to.Store, to.tenant, nil)
	if err != nil {
		b.tb.Fatal(err)
	}
	b.equal("of one new user", transfer.Difference{Loaded: d.Loaded, Removed: d.Removed}, transfer.Difference{Loaded: 1})
}

// testTransferGoesOn has the copy do what the original does.
func testTransferGoesOn(_ *testing.T, b *bench) {
	b.everything()
	to := b.at("other/name")
	b.follow(to)
	for _, x := range []*bench{b, to} {
		x.update(func(ctx context.Context, w store.Writer) error {
			if err := appendEvent(ctx, w, 1, store.MemberUpdated, 5); err != nil {
				return err
			}
			if err := w.AppendLog(ctx, store.LogRow{Time: day(8), Entry: []byte("{}")}); err != nil {
				return err
			}
			_, err := w.Replace(ctx, userRecord(id(2), "another"))
			return errors.Join(err, w.Delete(ctx, store.TypeUser, id(3), day(8)))
		})
		ctx := context.Background()
		for range 3 { // what waits for another comes after it
			due, err := x.Due(ctx, x.tenant, day(20), 10, 0)
			if err == nil {
				err = x.Delivered(ctx, x.tenant, sequencesOf(due))
			}
			if err != nil {
				x.tb.Fatal(err)
			}
		}
		if _, err := x.Replay(ctx, x.tenant, store.ReplayQuery{ParkedOnly: true, At: day(9)}); err != nil {
			x.tb.Fatal(err)
		}
		x.insertUsers(60, 62)
	}
	b.same(to)
	b.equal("due", to.due(day(30)), b.due(day(30)))
}

func testTransferLarge(t *testing.T, b *bench) {
	b.populate(1800)
	to := b.at("other/name")
	var steps []int64
	d, err := transfer.Pass(context.Background(), transfer.Local{Store: b.Store, Tenant: b.tenant}, to.Store, to.tenant, func(done, total int64) {
		steps = append(steps, done)
		b.equal("total", total, int64(1805))
	})
	if err != nil {
		t.Fatalf("Pass: %v", err)
	}
	b.equal("difference", d, transfer.Difference{Rows: 1805, Loaded: 1805})
	if len(steps) < 4 {
		t.Errorf("loaded in %d portions", len(steps))
	}
	b.same(to)
}

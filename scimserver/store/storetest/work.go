package storetest

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

var workTests = map[string]func(*testing.T, *bench){
	"users in the order of creation": testUsersAfter,
	"users to be looked at":          testWork,
	"users below a group":            testWorkBelow,
	"intents":                        testIntents,
	"off-boardings":                  testOffboardings,
	"state":                          testState,
}

func testUsersAfter(_ *testing.T, b *bench) {
	b.insertUsers(3, 3)
	b.insertUsers(1, 2)
	b.insert(groupRecord(id(9), "crew"))
	var got []string
	position := ""
	walk := func() {
		b.view(func(ctx context.Context, r store.Reader) error {
			users, last, err := r.UsersAfter(ctx, position, 2)
			for _, u := range users {
				got = append(got, u.ID)
				b.equal("type", u.Type, store.TypeUser)
			}
			position = last
			return err
		})
	}
	walk()
	b.equal("first", got, []string{id(3), id(1)})
	b.update(func(ctx context.Context, w store.Writer) error { return w.Delete(ctx, store.TypeUser, id(1), day(2)) })
	b.insertUsers(4, 4)
	walk()
	walk()
	b.equal("all", got, []string{id(3), id(1), id(2), id(4)})
	b.view(func(ctx context.Context, r store.Reader) error {
		if _, _, err := r.UsersAfter(ctx, "nonsense", 2); err == nil {
			b.tb.Error("a position of another store was accepted")
		}
		return nil
	})
}

// work is what waits, sorted.
func (b *bench) work(limit int) (ids []string) {
	b.tb.Helper()
	b.view(func(ctx context.Context, r store.Reader) (err error) {
		ids, err = r.Work(ctx, limit)
		return err
	})
	slices.Sort(ids)
	return ids
}

func testWork(_ *testing.T, b *bench) {
	b.update(func(ctx context.Context, w store.Writer) error {
		return errors.Join(w.AddWork(ctx, []string{id(2), id(1), id(2)}), w.AddWork(ctx, []string{id(1), id(3)}))
	})
	b.equal("each once", b.work(9), []string{id(1), id(2), id(3)})
	b.equal("limit", len(b.work(2)), 2)
	b.update(func(ctx context.Context, w store.Writer) error { return w.RemoveWork(ctx, []string{id(1), id(9)}) })
	b.equal("left", b.work(9), []string{id(2), id(3)})
	b.equal("of another tenant", b.at(globex).work(9), []string(nil))
}

func testWorkBelow(_ *testing.T, b *bench) {
	b.insertUsers(1, 4)
	b.insert(groupRecord(id(10), "a"), groupRecord(id(11), "b"), groupRecord(id(12), "c"))
	b.update(func(ctx context.Context, w store.Writer) error {
		add := func(group int, members ...int) error {
			ids := make([]string, len(members))
			for i, n := range members {
				ids[i] = id(n)
			}
			_, _, err := w.AddMembers(ctx, id(group), ids)
			return err
		}
		// 10 holds 1 and 11, 11 holds 2, 12 and, in a circle, 10
		return errors.Join(add(10, 1, 11), add(11, 2, 12, 10), add(12, 3), w.AddWorkBelow(ctx, id(11)), w.AddWorkBelow(ctx, id(99)))
	})
	b.equal("below", b.work(9), []string{id(1), id(2), id(3)})
}

func testIntents(_ *testing.T, b *bench) {
	first := store.Intent{ID: "b", MemberID: id(1), UserID: id(2), Created: day(1), Sequence: 4, Body: []byte(`{"a":1}`)}
	second := store.Intent{ID: "a", Created: day(2), Body: []byte(`{}`)}
	b.update(func(ctx context.Context, w store.Writer) error {
		old := first
		old.Sequence = 0
		return errors.Join(w.PutIntent(ctx, second), w.PutIntent(ctx, old), w.PutIntent(ctx, first))
	})
	intents := func() (list []store.Intent) {
		b.view(func(ctx context.Context, r store.Reader) (err error) {
			list, err = r.Intents(ctx)
			return err
		})
		return list
	}
	b.equal("intents", intents(), []store.Intent{first, second})
	b.update(func(ctx context.Context, w store.Writer) error {
		return errors.Join(w.DeleteIntent(ctx, "b"), w.DeleteIntent(ctx, "zzz"))
	})
	b.equal("left", intents(), []store.Intent{second})
}

func testOffboardings(_ *testing.T, b *bench) {
	book := func(at, oldest int) {
		b.update(func(ctx context.Context, w store.Writer) error { return w.BookOffboarding(ctx, day(at), day(oldest)) })
	}
	since := func(n int) (count int64) {
		b.view(func(ctx context.Context, r store.Reader) (err error) {
			count, err = r.Offboardings(ctx, day(n))
			return err
		})
		return count
	}
	b.equal("none", since(1), int64(0))
	book(1, 1)
	book(3, 1)
	book(3, 1)
	b.equal("window", []int64{since(1), since(2), since(3), since(4)}, []int64{3, 2, 2, 0})
	book(4, 3)
	b.equal("forgotten", since(1), int64(3))
}

func testState(_ *testing.T, b *bench) {
	state := func(name string) (value string) {
		b.view(func(ctx context.Context, r store.Reader) error {
			v, err := r.State(ctx, name)
			value = string(v)
			return err
		})
		return value
	}
	set := func(name string, value []byte) {
		b.update(func(ctx context.Context, w store.Writer) error { return w.SetState(ctx, name, value) })
	}
	set("remap", []byte("one"))
	set("brake", []byte("two"))
	set("remap", []byte("three"))
	b.equal("state", []string{state("remap"), state("brake"), state("other")}, []string{"three", "two", ""})
	set("remap", nil)
	b.equal("removed", state("remap"), "")
}

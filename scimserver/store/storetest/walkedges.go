package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// testLongValues: a position does not grow with the value, and is refused once the value is another one.
func testLongValues(t *testing.T, b *bench) {
	long := strings.Repeat("long ", 4000)
	for i := range 6 {
		b.insert(userRecord(id(i), fmt.Sprintf("%s%d", long, i)))
	}
	q := store.Query{Type: store.TypeUser, Limit: 2, Sort: by(t, "userName", "", false)}
	b.equal("forward", b.mustWalk(q, false, nil), ids(0, 1, 2, 3, 4, 5))
	b.equal("backward", b.mustWalk(q, true, nil), ids(0, 1, 2, 3, 4, 5))
	q.Walk = &store.Walk{}
	page, err := b.page(q)
	if err != nil {
		t.Fatal(err)
	}
	q.Walk.From = page.Last
	b.update(func(ctx context.Context, w store.Writer) error {
		_, err := w.Replace(ctx, userRecord(id(1), "short"))
		return err
	})
	if next, err := b.page(q); !errors.Is(err, store.ErrPosition) && !slices.Equal(idsOf(next), ids(2, 3)) {
		t.Errorf("behind a changed one: %v, %v", idsOf(next), err)
	}
}

// testNoPositions: whatever is no position is ErrPosition, or stands somewhere; nothing else happens.
func testNoPositions(t *testing.T, b *bench) {
	b.insertUsers(1, 5)
	for _, sort := range []*store.Sort{nil, by(t, "userName", "", true)} {
		q := store.Query{Type: store.TypeUser, Limit: 2, Sort: sort, Walk: &store.Walk{}}
		page, err := b.page(q)
		if err != nil {
			t.Fatal(err)
		}
		for _, from := range [][]byte{{}, {0x80}, {1}, []byte("\x01x"), []byte(strings.Repeat("\xff", 40)), page.Last[:1], append(slices.Clone(page.Last), 0)} {
			q.Walk.From = from
			if _, err := b.page(q); err != nil && !errors.Is(err, store.ErrPosition) {
				t.Errorf("from %x: %v", from, err)
			}
		}
	}
}

// testWalkInTransaction: a writer's walk sees its own changes.
func testWalkInTransaction(t *testing.T, b *bench) {
	b.insertUsers(1, 3)
	b.update(func(ctx context.Context, w store.Writer) error {
		if _, err := w.Insert(ctx, userRecord(id(9), "u9")); err != nil {
			return err
		}
		if err := w.Delete(ctx, store.TypeUser, id(2), day(2)); err != nil {
			return err
		}
		for _, sort := range []*store.Sort{nil, by(t, "userName", "", false)} {
			page, err := w.Find(ctx, store.Query{Type: store.TypeUser, Limit: 2, Sort: sort, Walk: &store.Walk{}})
			if err != nil {
				return err
			}
			b.equal("first page", idsOf(page), ids(1, 3))
			b.equal("total", page.Total, int64(3))
			page, err = w.Find(ctx, store.Query{Type: store.TypeUser, Limit: 2, Sort: sort, Walk: &store.Walk{From: page.Last}})
			if err != nil {
				return err
			}
			b.equal("second page", idsOf(page), ids(9))
		}
		return nil
	})
}

func testWalkOfOneTenant(t *testing.T, b *bench) {
	for n := range 20 {
		b.insert(userRecord(id(n), fmt.Sprintf("u%02d", n)), groupRecord(id(100+n), "g"))
		b.at(globex).insert(userRecord(id(n), fmt.Sprintf("u%02d", n)))
	}
	for _, sort := range []*store.Sort{nil, by(t, "userName", "", true), by(t, "title", "", false)} {
		q := store.Query{Type: store.TypeUser, Limit: 3, Sort: sort}
		b.equal("users", len(b.at(globex).mustWalk(q, false, nil)), 20)
		b.equal("users", len(b.mustWalk(q, true, nil)), 20)
	}
}

func testSecret(t *testing.T, b *bench) {
	ctx := context.Background()
	one, err := b.Secret(ctx, "one")
	if err != nil || len(one) != store.SecretSize {
		t.Fatalf("%d bytes, %v", len(one), err)
	}
	again, err := b.Secret(ctx, "one")
	if err != nil || !slices.Equal(one, again) {
		t.Errorf("another one the second time, %v", err)
	}
	other, err := b.Secret(ctx, "other")
	if err != nil || slices.Equal(one, other) {
		t.Errorf("the same for another name, %v", err)
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := b.Secret(cancelled, "third"); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

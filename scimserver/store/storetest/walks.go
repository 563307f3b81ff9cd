package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

var walkTests = map[string]func(*testing.T, *bench){
	"there and back":                 testThereAndBack,
	"of nothing":                     testEmptyWalks,
	"while resources come and go":    testWalkAmongChanges,
	"while sort values change":       testWalkAmongRenames,
	"from where a resource was":      testWalkFromTheDeleted,
	"by long values":                 testLongValues,
	"from no position":               testNoPositions,
	"in a transaction":               testWalkInTransaction,
	"of one tenant":                  testWalkOfOneTenant,
	"a secret is made once a name":   testSecret,
	"while others write, at random":  testWalkWhileOthersWrite,
	"totals of those who are active": testActiveTotals,
}

// walked is what a walk has met.
type walked struct {
	ids    []string
	totals []int64
	pages  int
}

// walk goes through all pages of the query in one direction. between is called after each page but the last.
func (b *bench) walk(q store.Query, backward bool, between func()) (w walked, err error) {
	q.Walk = &store.Walk{Backward: backward}
	for {
		page, err := b.page(q)
		if err != nil {
			return w, err
		}
		ids := idsOf(page)
		if len(ids) > q.Limit || page.More && len(ids) < q.Limit || (len(ids) > 0) != (page.First != nil && page.Last != nil) {
			return w, fmt.Errorf("page %d: %d resources of %d, first %x, last %x, more %v", w.pages, len(ids), q.Limit, page.First, page.Last, page.More)
		}
		w.pages++
		w.totals = append(w.totals, page.Total)
		if backward {
			w.ids = append(ids, w.ids...)
			q.Walk.From = page.First
		} else {
			w.ids = append(w.ids, ids...)
			q.Walk.From = page.Last
		}
		if !page.More {
			return w, nil
		}
		if between != nil {
			between()
		}
	}
}

func (b *bench) page(q store.Query) (page store.Page, err error) {
	err = b.View(context.Background(), b.tenant, func(r store.Reader) error {
		page, err = r.Find(context.Background(), q)
		return err
	})
	return page, err
}

func idsOf(p store.Page) (ids []string) {
	for _, r := range p.Records {
		ids = append(ids, r.ID)
	}
	return ids
}

func (b *bench) mustWalk(q store.Query, backward bool, between func()) []string {
	b.tb.Helper()
	w, err := b.walk(q, backward, between)
	if err != nil {
		b.tb.Fatal(err)
	}
	return w.ids
}

// walkSame holds that walking meets what the model lists, in its order, there and back, and counts it.
func (p *pair) walkSame(t fataler, s search, limit int) {
	s.offset, s.limit = 0, 1000
	q, _, err := p.query(s)
	if err != nil {
		t.Fatalf("%+v: %v", s, err)
	}
	want, err := findPage(p.model, q)
	if err != nil {
		t.Fatalf("%+v: model: %v", s, err)
	}
	q.Limit = limit
	for _, backward := range []bool{false, true} {
		for name, b := range map[string]*bench{"model": p.model, "store": p.tested} {
			got, err := b.walk(q, backward, nil)
			if err != nil {
				t.Fatalf("%+v: walk of the %s, backward %v: %v", s, name, backward, err)
			}
			if !slices.Equal(want.IDs, got.ids) {
				t.Fatalf("%+v: walk of the %s in pages of %d, backward %v: got %v, want %v", s, name, limit, backward, got.ids, want.IDs)
			}
			if i := slices.IndexFunc(got.totals, func(n int64) bool { return n != want.Total }); i >= 0 {
				t.Fatalf("%+v: walk of the %s, backward %v: page %d counts %d, want %d", s, name, backward, i, got.totals[i], want.Total)
			}
		}
	}
}

// by sorts users by an attribute.
func by(t testing.TB, name, sub string, descending bool) *store.Sort {
	t.Helper()
	rt, _ := newRegistry(t, false).ResourceType(store.TypeUser)
	p, ok := rt.Lookup("", name, sub)
	if !ok {
		t.Fatalf("no attribute %s.%s", name, sub)
	}
	return &store.Sort{Path: p, Descending: descending}
}

func testThereAndBack(t *testing.T, b *bench) {
	const n = 2100 // more than two blocks of 1024
	b.insertUsers(1, n)
	var want []string
	for i := range n {
		want = append(want, id(i+1))
	}
	for _, limit := range []int{1, 100, 1024, n, n + 1} {
		q := store.Query{Type: store.TypeUser, Limit: limit}
		b.equal("forward", b.mustWalk(q, false, nil), want)
		b.equal("backward", b.mustWalk(q, true, nil), want)
	}
	q := store.Query{Type: store.TypeUser, Limit: 10, Walk: &store.Walk{}}
	first, err := b.page(q)
	if err != nil {
		t.Fatal(err)
	}
	q.Walk.From = first.Last
	second, err := b.page(q)
	if err != nil {
		t.Fatal(err)
	}
	q.Walk = &store.Walk{From: second.First, Backward: true}
	back, err := b.page(q)
	if err != nil {
		t.Fatal(err)
	}
	b.equal("the page before the second", idsOf(back), idsOf(first))
	b.equal("more before it", back.More, false)
	q.Walk = &store.Walk{From: first.Last, Total: 77}
	if page, err := b.page(q); err != nil || !slices.Equal(idsOf(page), idsOf(second)) {
		t.Errorf("with a total: %v, %v", idsOf(page), err)
	}
	q.Limit, q.Walk = 0, &store.Walk{}
	page, err := b.page(q)
	if err != nil || len(page.Records) != 0 || page.Total != n || page.First != nil || page.Last != nil {
		t.Errorf("no resources wanted: %+v, %v", page, err)
	}
}

func testEmptyWalks(t *testing.T, b *bench) {
	for round := range 2 {
		for _, q := range []store.Query{
			{Type: store.TypeGroup, Limit: 5},
			{Type: "Device", Limit: 5},
			{Type: store.TypeGroup, Limit: 5, Sort: by(t, "displayName", "", true)},
		} {
			for _, backward := range []bool{false, true} {
				b.equal("ids", len(b.mustWalk(q, backward, nil)), 0)
			}
		}
		b.insertUsers(3*round+1, 3*round+3) // users are no groups
	}
}

func testWalkAmongChanges(t *testing.T, b *bench) {
	const n = 60
	b.insertUsers(1, n)
	for name, q := range map[string]store.Query{
		"order of creation": {Type: store.TypeUser, Limit: 7},
		"by userName":       {Type: store.TypeUser, Limit: 7, Sort: by(t, "userName", "", false)},
		"by created":        {Type: store.TypeUser, Limit: 7, Sort: by(t, "meta", "created", true)},
	} {
		for _, backward := range []bool{false, true} {
			round := 0
			got := b.mustWalk(q, backward, func() {
				round++
				b.update(func(ctx context.Context, w store.Writer) error {
					come, go_ := id(100_000+round), id(100_000+round-1)
					r := userRecord(come, fmt.Sprintf("%s u%d", string(rune('a'+round)), round))
					r.Created = day(1 + round%9)
					if _, err := w.Insert(ctx, r); err != nil {
						return err
					}
					if err := w.Delete(ctx, store.TypeUser, go_, day(2)); err != nil && !errors.Is(err, store.ErrNotFound) {
						return err
					}
					return w.Touch(ctx, store.TypeUser, id(1+round), day(3))
				})
			})
			b.equal(name, stay(got, n), n)
			b.update(func(ctx context.Context, w store.Writer) error {
				return w.Delete(ctx, store.TypeUser, id(100_000+round), day(2))
			})
		}
	}
}

// stay counts which of the first n users a walk has met; one met twice makes the number wrong.
func stay(met []string, n int) int {
	times := map[string]int{}
	for _, m := range met {
		times[m]++
	}
	count := 0
	for i := range n {
		if times[id(i+1)] == 1 {
			count++
		}
	}
	return count
}

// testWalkAmongRenames: who does not move is met once whatever others do; who moves may be met twice, or not at all.
func testWalkAmongRenames(t *testing.T, b *bench) {
	const n = 40
	b.insertUsers(1, n)
	q := store.Query{Type: store.TypeUser, Limit: 3, Sort: by(t, "userName", "", false)}
	round := 0
	got := b.mustWalk(q, false, func() {
		round++
		b.update(func(ctx context.Context, w store.Writer) error {
			i := 1 + round%n
			if i%2 == 0 {
				return nil
			}
			_, err := w.Replace(ctx, userRecord(id(i), fmt.Sprintf("%cmoved%d", 'a'+round%26, i)))
			return err
		})
	})
	for i := 2; i <= n; i += 2 {
		if !slices.Contains(got, id(i)) || slices.Index(got, id(i)) != lastIndex(got, id(i)) {
			t.Errorf("user %d stayed and was not met once: %v", i, got)
		}
	}
}

func lastIndex(list []string, s string) int {
	for i, e := range slices.Backward(list) {
		if e == s {
			return i
		}
	}
	return -1
}

func testWalkFromTheDeleted(t *testing.T, b *bench) {
	b.insertUsers(1, 9)
	for _, sort := range []*store.Sort{nil, by(t, "userName", "", false), by(t, "externalId", "", false), by(t, "name", "familyName", false)} {
		q := store.Query{Type: store.TypeUser, Limit: 3, Sort: sort, Walk: &store.Walk{}}
		page, err := b.page(q)
		if err != nil {
			t.Fatal(err)
		}
		last := page.Records[2].ID
		b.update(func(ctx context.Context, w store.Writer) error { return w.Delete(ctx, store.TypeUser, last, day(2)) })
		q.Walk.From = page.Last
		next, err := b.page(q)
		if err != nil || slices.Contains(idsOf(next), page.Records[1].ID) || len(next.Records) != min(3, len(b.ids(store.TypeUser))-2) {
			t.Errorf("behind a deleted one: %v, %v", idsOf(next), err)
		}
	}
}

// ids are those of all resources of a type.
func (b *bench) ids(typ string) []string {
	ids, _ := b.find(store.Query{Type: typ, Limit: 10_000})
	return ids
}

// testActiveTotals: who says nothing counts as active, but does not match active eq true.
func testActiveTotals(t *testing.T, b *bench) {
	const n = 2300
	b.insertUsers(1, n)
	rt, _ := newRegistry(t, false).ResourceType(store.TypeUser)
	want := map[bool][]string{}
	b.update(func(ctx context.Context, w store.Writer) error {
		for i := 1; i <= n; i++ {
			r := userRecord(id(i), fmt.Sprint("u", i))
			switch {
			case i%5 == 0 || i > 1100 && i < 1200:
				r.Active, r.Keys.Active, r.Doc = false, false, []byte(`{"schemas":[],"active":false}`)
				want[false] = append(want[false], r.ID)
			case i%7 == 0:
				r.Keys.Active, r.Doc = false, []byte(`{"schemas":[]}`)
			default:
				want[true] = append(want[true], r.ID)
				continue
			}
			if _, err := w.Replace(ctx, r); err != nil {
				return err
			}
		}
		return nil
	})
	for value, ids := range want {
		q := store.Query{Type: store.TypeUser, Filter: parseFilter(t, rt, fmt.Sprint("active eq ", value)), Limit: 50}
		b.equal("walk", b.mustWalk(q, false, nil), ids)
		for _, offset := range []int64{0, 1, 999, 1024, 1500, int64(len(ids)) - 1, int64(len(ids)), 5000} {
			q.Offset = offset
			got, total := b.find(q)
			b.equal("total", total, int64(len(ids)))
			first := min(offset, int64(len(ids)))
			b.equal("page", len(got), len(ids[first:min(first+50, int64(len(ids)))]))
			if len(got) > 0 {
				b.equal("page", got, ids[first:first+int64(len(got))])
			}
		}
	}
	b.equal("Counts", b.counts(), store.Counts{Users: n, ActiveUsers: n - int64(len(want[false]))})
}

func parseFilter(t testing.TB, rt *schema.ResourceType, text string) filter.Expr {
	t.Helper()
	e, err := filter.Parse(text, rt, tolerance.Compatible(), filter.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

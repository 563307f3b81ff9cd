package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

var listTests = map[string]func(*testing.T, *bench){
	"transient pages":                testTransient,
	"pages in the order of creation": testPages,
	"pages after deletions":          testSparsePages,
	"of types side by side":          testTypesApart,
	"of nothing":                     testEmptyLists,
	"records are complete":           testListRecords,
}

func testPages(t *testing.T, b *bench) {
	const n = 2500
	for first := 1; first <= n; first += 500 {
		b.insertUsers(first, first+499)
	}
	for _, offset := range []int64{0, 1, 99, 1000, 1022, 1023, 1024, 1025, 2047, 2048, 2400, 2499, 2500, 9999} {
		got, total := b.find(store.Query{Type: store.TypeUser, Offset: offset, Limit: 100})
		var want []string
		for i := offset + 1; i <= min(offset+100, n); i++ {
			want = append(want, id(int(i)))
		}
		b.equal("page", got, want)
		b.equal("total", total, int64(n))
	}
}

func testSparsePages(t *testing.T, b *bench) {
	const n = 2500
	b.insertUsers(1, n)
	var left []string
	b.update(func(ctx context.Context, w store.Writer) error {
		for i := 1; i <= n; i++ {
			if i%3 == 0 || i > 1000 && i < 2100 {
				if err := w.Delete(ctx, store.TypeUser, id(i), day(2)); err != nil {
					return err
				}
				continue
			}
			left = append(left, id(i))
		}
		return nil
	})
	b.insertUsers(n+1, n+10)
	for i := range 10 {
		left = append(left, id(n+1+i))
	}
	for offset := range len(left) {
		got, total := b.find(store.Query{Type: store.TypeUser, Offset: int64(offset), Limit: 3})
		if !slices.Equal(got, left[offset:min(offset+3, len(left))]) || total != int64(len(left)) {
			t.Fatalf("offset %d: got %v of %d", offset, got, total)
		}
	}
}

func testTypesApart(t *testing.T, b *bench) {
	for n := range 30 {
		b.insert(userRecord(id(n), "u"+id(n)), groupRecord(id(100+n), "g"))
		b.at(globex).insert(userRecord(id(n), "u"+id(n)))
	}
	got, total := b.find(store.Query{Type: store.TypeGroup, Offset: 10, Limit: 2})
	b.equal("groups", got, ids(110, 111))
	b.equal("total", total, int64(30))
	got, _ = b.at(globex).find(store.Query{Type: store.TypeUser, Offset: 28, Limit: 5})
	b.equal("users", got, ids(28, 29))
}

func testEmptyLists(t *testing.T, b *bench) {
	for range 2 {
		for _, q := range []store.Query{{Type: store.TypeGroup, Limit: 10}, {Type: store.TypeGroup, Offset: 3}, {Type: "Device", Limit: 1}} {
			got, total := b.find(q)
			b.equal("page", len(got), 0)
			b.equal("total", total, int64(0))
		}
		b.insertUsers(1, 1)
		got, total := b.find(store.Query{Type: store.TypeUser, Limit: 0})
		b.equal("page", len(got), 0)
		b.equal("total", total, int64(1))
		b.update(func(ctx context.Context, w store.Writer) error { return w.Delete(ctx, store.TypeUser, id(1), day(1)) })
	}
}

func testListRecords(t *testing.T, b *bench) {
	r := userRecord(id(1), "ann")
	r.Modified, r.Active = day(4), false
	b.insert(r)
	b.view(func(ctx context.Context, rd store.Reader) error {
		page, err := rd.Find(ctx, store.Query{Type: store.TypeUser, Limit: 1})
		r.Version, r.Keys = 1, store.Keys{}
		b.equal("Find", page, store.Page{Total: 1, Records: []store.Record{r}})
		return err
	})
}

// testTransient holds that transient pages are what others are, until the end of their View and for all of it.
func testTransient(t *testing.T, b *bench) {
	b.insertUsers(1, 400)
	for n := range 50 {
		b.insert(groupRecord(id(1000+n), fmt.Sprint("g", n)))
	}
	name, path := nameFilter(t, "u7")
	var queries []store.Query
	for _, limit := range []int{3, 40, 400, 0, 1} {
		queries = append(queries,
			store.Query{Type: store.TypeUser, Limit: limit, Offset: 5},
			store.Query{Type: store.TypeGroup, Limit: limit},
			store.Query{Type: store.TypeUser, Limit: limit, Sort: &store.Sort{Path: path, Descending: true}},
			store.Query{Type: store.TypeUser, Limit: limit, Filter: name},
			store.Query{Type: store.TypeUser, Limit: limit, Walk: &store.Walk{}},
			store.Query{Type: store.TypeUser, Limit: limit, Walk: &store.Walk{Backward: true}},
		)
	}
	for range 3 {
		b.view(func(ctx context.Context, r store.Reader) error {
			var want, got []store.Page
			for _, q := range queries {
				page, err := r.Find(ctx, q)
				q.Transient = true
				again, err2 := r.Find(ctx, q)
				if err := errors.Join(err, err2); err != nil {
					return err
				}
				want, got = append(want, page), append(got, again)
			}
			b.equal("pages", got, want)
			return nil
		})
	}
}

// nameFilter selects the user with a name.
func nameFilter(tb testing.TB, name string) (filter.Expr, schema.Path) {
	registry, err := schema.New(schema.Options{Groups: true})
	if err != nil {
		tb.Fatal(err)
	}
	rt, _ := registry.ResourceType(store.TypeUser)
	e, err := filter.Parse(fmt.Sprintf("userName eq %q", name), rt, nil, filter.Limits{})
	if err != nil {
		tb.Fatal(err)
	}
	return e, e.(filter.Compare).Path
}

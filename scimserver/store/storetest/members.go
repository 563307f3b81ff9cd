package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

var memberTests = map[string]func(*testing.T, *bench){
	"add keeps the order":                testAddMembers,
	"add of unknown ids":                 testUnknownMembers,
	"remove":                             testRemoveMembers,
	"replace keeps the place of others":  testReplaceMembers,
	"clear":                              testClearMembers,
	"of a group that is not there":       testNoGroup,
	"stop in the middle":                 testMembersStop,
	"of every type":                      testMemberTypes,
	"members in":                         testMembersIn,
	"groups of":                          testGroupsOf,
	"groups of a page":                   testGroupsOfPage,
	"groups of a page that changes":      testGroupsOfChange,
	"a member that is deleted":           testMemberDeleted,
	"a group that is deleted":            testGroupDeleted,
	"parallel changes lose nobody":       testParallelMembers,
	"many":                               testManyMembers,
	"versions are the caller's business": testMemberVersions,
}

// group makes users 1 to 5 and the group 100.
func (b *bench) group() string {
	b.tb.Helper()
	b.insertUsers(1, 5)
	b.insert(groupRecord(id(100), "staff"))
	return id(100)
}

func ids(numbers ...int) (ids []string) {
	for _, n := range numbers {
		ids = append(ids, id(n))
	}
	return ids
}

func (b *bench) add(group string, members ...string) (added int, unknown []string) {
	b.tb.Helper()
	b.update(func(ctx context.Context, w store.Writer) (err error) {
		added, unknown, err = w.AddMembers(ctx, group, members)
		return err
	})
	return added, unknown
}

func (b *bench) remove(group string, members ...string) (removed int) {
	b.tb.Helper()
	b.update(func(ctx context.Context, w store.Writer) (err error) {
		removed, err = w.RemoveMembers(ctx, group, members)
		return err
	})
	return removed
}

func testAddMembers(t *testing.T, b *bench) {
	g := b.group()
	for _, step := range []struct {
		add   []int
		added int
		want  []int
	}{
		{[]int{3, 1}, 2, []int{3, 1}},
		{[]int{1, 3}, 0, []int{3, 1}},
		{[]int{2, 3, 2, 2}, 1, []int{3, 1, 2}},
		{nil, 0, []int{3, 1, 2}},
	} {
		added, unknown := b.add(g, ids(step.add...)...)
		b.equal("added", added, step.added)
		b.equal("unknown", len(unknown), 0)
		b.equal("members", b.members(g), ids(step.want...))
	}
}

func testUnknownMembers(t *testing.T, b *bench) {
	g := b.group()
	b.at(globex).insertUsers(20, 20)
	added, unknown := b.add(g, id(9), id(2), id(20), "nobody", id(9))
	b.equal("added", added, 1)
	b.equal("unknown", unknown, []string{id(9), id(20), "nobody"})
	b.equal("members", b.members(g), ids(2))
}

func testRemoveMembers(t *testing.T, b *bench) {
	g := b.group()
	b.add(g, ids(1, 2, 3, 4)...)
	b.equal("removed", b.remove(g, id(2), id(5), id(2), id(77), id(4)), 2)
	b.equal("members", b.members(g), ids(1, 3))
	b.add(g, id(2))
	b.equal("members", b.members(g), ids(1, 3, 2))
}

func testReplaceMembers(t *testing.T, b *bench) {
	g := b.group()
	b.add(g, ids(1, 2, 3)...)
	b.update(func(ctx context.Context, w store.Writer) error {
		added, removed, unknown, err := w.ReplaceMembers(ctx, g, []string{id(4), id(3), id(88), id(1), id(4)})
		b.equal("added", added, 1)
		b.equal("removed", removed, 1)
		b.equal("unknown", unknown, ids(88))
		return err
	})
	b.equal("members", b.members(g), ids(1, 3, 4))
}

func testClearMembers(t *testing.T, b *bench) {
	g := b.group()
	b.add(g, ids(1, 2, 3)...)
	for _, want := range []int{3, 0} {
		b.update(func(ctx context.Context, w store.Writer) error {
			removed, err := w.ClearMembers(ctx, g)
			b.equal("removed", removed, want)
			return err
		})
	}
	b.equal("members", len(b.members(g)), 0)
}

func testNoGroup(t *testing.T, b *bench) {
	b.group()
	for _, g := range []string{id(99), id(1), ""} {
		b.failsWith(store.ErrNotFound, func(ctx context.Context, w store.Writer) error {
			_, _, err := w.AddMembers(ctx, g, ids(1))
			_, err2 := w.RemoveMembers(ctx, g, ids(1))
			_, _, _, err3 := w.ReplaceMembers(ctx, g, ids(1))
			_, err4 := w.ClearMembers(ctx, g)
			for _, err := range []error{err, err2, err3, err4} {
				b.equal("error", errors.Is(err, store.ErrNotFound), true)
			}
			return err
		})
		b.equal("members", len(b.members(g)), 0)
	}
}

func testMembersStop(t *testing.T, b *bench) {
	g := b.group()
	b.add(g, ids(1, 2, 3)...)
	b.view(func(ctx context.Context, r store.Reader) error {
		n := 0
		err := r.Members(ctx, g, func(store.Member) error {
			n++
			return errStop
		})
		b.equal("error", errors.Is(err, errStop), true)
		b.equal("calls", n, 1)
		return nil
	})
	b.equal("members", b.members(g), ids(1, 2, 3))
}

func testMemberTypes(t *testing.T, b *bench) {
	g := b.group()
	nameless := userRecord(id(6), "x")
	nameless.Keys.Display = ""
	b.insert(groupRecord(id(101), "sub"), nameless)
	b.add(g, id(101), id(1), id(6), g)
	var got []store.Member
	b.view(func(ctx context.Context, r store.Reader) error {
		return r.Members(ctx, g, func(m store.Member) error {
			got = append(got, m)
			return nil
		})
	})
	b.equal("members", got, []store.Member{
		{ID: id(101), Type: store.TypeGroup, Display: "sub"},
		{ID: id(1), Type: store.TypeUser, Display: "u1"},
		{ID: id(6), Type: store.TypeUser},
		{ID: g, Type: store.TypeGroup, Display: "staff"},
	})
}

func testMembersIn(t *testing.T, b *bench) {
	g := b.group()
	b.add(g, ids(1, 2, 3)...)
	b.view(func(ctx context.Context, r store.Reader) error {
		got, err := r.MembersIn(ctx, g, []string{id(3), id(4), id(1), "nobody"})
		b.equal("MembersIn", got, ids(3, 1))
		none, err2 := r.MembersIn(ctx, id(99), ids(1))
		b.equal("MembersIn of no group", len(none), 0)
		return errors.Join(err, err2)
	})
}

func testGroupsOf(t *testing.T, b *bench) {
	g := b.group()
	b.insert(groupRecord(id(101), "Sub"))
	b.add(id(101), ids(2, 1)...)
	b.add(g, id(101), id(1))
	b.view(func(ctx context.Context, r store.Reader) error {
		got, err := r.GroupsOf(ctx, []string{id(1), id(2), id(3), id(101), "nobody", id(1)})
		b.equal("GroupsOf", got, map[string][]store.GroupRef{
			id(1):   {{ID: g, DisplayName: "staff"}, {ID: id(101), DisplayName: "Sub"}},
			id(2):   {{ID: id(101), DisplayName: "Sub"}},
			id(101): {{ID: g, DisplayName: "staff"}},
		})
		return err
	})
}

// testGroupsOfPage asks for the groups of what Find has returned, as every list of users does.
func testGroupsOfPage(t *testing.T, b *bench) {
	const users = 40
	b.insertUsers(1, users)
	b.at(globex).populate(5)
	want := map[string][]store.GroupRef{}
	for g := range 5 {
		ref := store.GroupRef{ID: id(100 + g), DisplayName: fmt.Sprint("Group ", g)}
		b.insert(groupRecord(ref.ID, ref.DisplayName))
		for n := g + 1; n <= users; n += g + 2 {
			b.add(ref.ID, id(n))
			want[id(n)] = append(want[id(n)], ref)
		}
	}
	b.view(func(ctx context.Context, r store.Reader) error {
		page, err := r.Find(ctx, store.Query{Type: store.TypeUser, Limit: users})
		var found []string
		for _, rec := range page.Records {
			found = append(found, rec.ID)
		}
		for _, asked := range [][]string{found, found[3:7], {found[1], found[30]}, {found[2], "nobody"}, append(found[5:8:8], found[6])} {
			got, err := r.GroupsOf(ctx, asked)
			if err != nil {
				return err
			}
			b.equal("GroupsOf", got, only(want, asked))
		}
		return err
	})
}

func only(all map[string][]store.GroupRef, ids []string) map[string][]store.GroupRef {
	m := map[string][]store.GroupRef{}
	for _, id := range ids {
		if all[id] != nil {
			m[id] = all[id]
		}
	}
	return m
}

// testGroupsOfChange changes what a page has shown before it asks for the groups.
func testGroupsOfChange(t *testing.T, b *bench) {
	g := id(100)
	b.insert(groupRecord(g, "staff"))
	b.insertUsers(1, 5)
	b.update(func(ctx context.Context, w store.Writer) error {
		if _, err := w.Find(ctx, store.Query{Type: store.TypeUser, Limit: 5}); err != nil {
			return err
		}
		if err := w.Delete(ctx, store.TypeUser, id(5), day(2)); err != nil {
			return err
		}
		if _, err := w.Insert(ctx, userRecord(id(6), "u6")); err != nil {
			return err
		}
		if _, _, err := w.AddMembers(ctx, g, ids(6, 4)); err != nil {
			return err
		}
		got, err := w.GroupsOf(ctx, ids(1, 2, 3, 4, 5))
		b.equal("GroupsOf", got, map[string][]store.GroupRef{id(4): {{ID: g, DisplayName: "staff"}}})
		return err
	})
}

func testMemberDeleted(t *testing.T, b *bench) {
	g := b.group()
	b.insert(groupRecord(id(101), "other"))
	b.add(g, ids(1, 2, 3)...)
	b.add(id(101), id(3))
	b.update(func(ctx context.Context, w store.Writer) error { return w.Delete(ctx, store.TypeUser, id(2), day(5)) })
	b.equal("members", b.members(g), ids(1, 3))
	got := b.get(store.TypeGroup, g)
	b.equal("Version", got.Version, int64(2))
	b.equal("Modified", got.Modified, day(5))
	b.equal("Version of another group", b.get(store.TypeGroup, id(101)).Version, int64(1))
	b.insert(userRecord(id(2), "u2"))
	b.equal("members", b.members(g), ids(1, 3))
}

func testGroupDeleted(t *testing.T, b *bench) {
	g := b.group()
	b.insert(groupRecord(id(101), "outer"))
	b.add(g, ids(1, 2, 3)...)
	b.add(id(101), g, id(1))
	b.update(func(ctx context.Context, w store.Writer) error { return w.Delete(ctx, store.TypeGroup, g, day(5)) })
	b.equal("members of outer", b.members(id(101)), ids(1))
	b.view(func(ctx context.Context, r store.Reader) error {
		got, err := r.GroupsOf(ctx, ids(1, 2, 3))
		b.equal("GroupsOf", got, map[string][]store.GroupRef{id(1): {{ID: id(101), DisplayName: "outer"}}})
		return err
	})
	b.equal("Counts", b.counts(), store.Counts{Users: 5, ActiveUsers: 5, Groups: 1})
	b.insert(groupRecord(g, "again"))
	b.equal("members", len(b.members(g)), 0)
}

// testParallelMembers adds and removes in parallel, each goroutine its own members.
func testParallelMembers(t *testing.T, b *bench) {
	const workers, each = 8, 10
	b.insertUsers(1, workers*each)
	b.insert(groupRecord(id(1000), "staff"))
	done := make(chan error, workers)
	for w := range workers {
		go func() { done <- b.churn(id(1000), w*each+1, w*each+each) }()
	}
	for range workers {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	got := b.members(id(1000))
	slices.Sort(got)
	var want []string
	for n := 2; n <= workers*each; n += 2 {
		want = append(want, id(n))
	}
	b.equal("members", got, want)
}

// churn adds members one by one, all of them once more, and removes the odd ones.
func (b *bench) churn(group string, first, last int) error {
	ctx := context.Background()
	for round := range 3 {
		for n := first; n <= last; n++ {
			err := b.Update(ctx, b.tenant, func(w store.Writer) (err error) {
				if round == 2 && n%2 == 1 {
					_, err = w.RemoveMembers(ctx, group, ids(n))
				} else {
					_, _, err = w.AddMembers(ctx, group, ids(n))
				}
				return err
			})
			if err != nil {
				return fmt.Errorf("member %d: %w", n, err)
			}
		}
	}
	return nil
}

func testManyMembers(t *testing.T, b *bench) {
	const n = 3000
	b.insertUsers(1, n)
	b.insert(groupRecord(id(n+1), "all"))
	var all []string
	for i := n; i > 0; i-- {
		all = append(all, id(i))
	}
	added, unknown := b.add(id(n+1), all...)
	b.equal("added", added, n)
	b.equal("unknown", len(unknown), 0)
	b.equal("members", b.members(id(n+1)), all)
	b.equal("removed", b.remove(id(n+1), all[:n-1]...), n-1)
	b.equal("members", b.members(id(n+1)), ids(1))
}

func testMemberVersions(t *testing.T, b *bench) {
	g := b.group()
	b.add(g, ids(1, 2)...)
	b.remove(g, id(1))
	b.equal("Version", b.get(store.TypeGroup, g).Version, int64(1))
}

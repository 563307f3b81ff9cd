package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// snapshotTests hold that a View sees one state, whatever it begins with.
var snapshotTests = map[string]func(*testing.T, *bench){
	"whatever is read first":           testSnapshotReads,
	"a change between two views shows": testFreshReads,
	"a purge before the first read":    testPurgedView,
}

// read is one use of a Reader, and what it has returned.
type read func(ctx context.Context, r store.Reader) (string, error)

// reads are of what snapshotChange changes.
func reads(tb testing.TB) map[string]read {
	return map[string]read{
		"user":             getRead(store.TypeUser, id(1)),
		"no user":          getRead(store.TypeUser, id(9)),
		"no group":         getRead(store.TypeGroup, id(1)),
		"user outside":     getRead(store.TypeUser, id(3)),
		"group":            getRead(store.TypeGroup, id(21)),
		"find a name":      findRead(tb, `userName eq "u1"`),
		"find no name":     findRead(tb, `userName eq "u9"`),
		"find an id":       findRead(tb, `id eq "`+id(2)+`"`),
		"find by contents": findRead(tb, `userName co "u"`),
		"list":             findRead(tb, ""),
		"groups": func(ctx context.Context, r store.Reader) (string, error) {
			groups, err := r.GroupsOf(ctx, []string{id(1), id(2), id(3), id(21)})
			return fmt.Sprint(groups), err
		},
		"members": func(ctx context.Context, r store.Reader) (text string, err error) {
			err = r.Members(ctx, id(21), func(m store.Member) error {
				text += fmt.Sprint(m)
				return nil
			})
			return text, err
		},
		"members in": func(ctx context.Context, r store.Reader) (string, error) {
			in, err := r.MembersIn(ctx, id(21), []string{id(1), id(2), id(3)})
			return fmt.Sprint(in), err
		},
	}
}

// getRead gets a resource, the groups that hold it and those that hold these.
func getRead(typ, id string) read {
	return func(ctx context.Context, r store.Reader) (string, error) {
		rec, err := r.Get(ctx, typ, id)
		if errors.Is(err, store.ErrNotFound) {
			return "none", nil
		}
		if err != nil {
			return "", err
		}
		groups, err := above(ctx, r, []string{id})
		return fmt.Sprintf("%d %s %s", rec.Version, rec.Doc, groups), err
	}
}

func findRead(tb testing.TB, text string) read {
	registry, err := schema.New(schema.Options{Groups: true})
	if err != nil {
		tb.Fatal(err)
	}
	rt, _ := registry.ResourceType(store.TypeUser)
	q := store.Query{Type: store.TypeUser, Limit: 50, BaseURL: baseURL}
	if text != "" {
		if q.Filter, err = filter.Parse(text, rt, nil, filter.Limits{}); err != nil {
			tb.Fatal(err)
		}
	}
	return func(ctx context.Context, r store.Reader) (string, error) {
		page, err := r.Find(ctx, q)
		if err != nil {
			return "", err
		}
		var out strings.Builder
		fmt.Fprint(&out, page.Total)
		var ids []string
		for _, rec := range page.Records {
			ids = append(ids, rec.ID)
			fmt.Fprintf(&out, " %s v%d %s", rec.ID, rec.Version, rec.Doc)
		}
		groups, err := above(ctx, r, ids)
		return out.String() + groups, err
	}
}

// above reads the groups that hold the resources, and those that hold these.
func above(ctx context.Context, r store.Reader, ids []string) (string, error) {
	direct, err := r.GroupsOf(ctx, ids)
	if err != nil {
		return "", err
	}
	var next []string
	for _, id := range ids {
		for _, g := range direct[id] {
			next = append(next, g.ID)
		}
	}
	indirect, err := r.GroupsOf(ctx, next)
	return fmt.Sprint(direct, indirect), err
}

// snapshotState makes three users of which one is in a group that is in another.
func (b *bench) snapshotState() {
	b.insertUsers(1, 3)
	b.insert(groupRecord(id(21), "inner"), groupRecord(id(22), "outer"))
	b.update(func(ctx context.Context, w store.Writer) error {
		_, _, err := w.AddMembers(ctx, id(21), []string{id(1), id(2)})
		_, _, err2 := w.AddMembers(ctx, id(22), []string{id(21)})
		return errors.Join(err, err2)
	})
}

// snapshotChange changes everything that reads return.
func snapshotChange(ctx context.Context, w store.Writer) error {
	if _, err := w.Insert(ctx, userRecord(id(9), "u9")); err != nil {
		return err
	}
	renamed := userRecord(id(1), "renamed")
	if _, err := w.Replace(ctx, renamed); err != nil {
		return err
	}
	if _, err := w.RemoveMembers(ctx, id(21), []string{id(1)}); err != nil {
		return err
	}
	if _, _, err := w.AddMembers(ctx, id(21), []string{id(3), id(9)}); err != nil {
		return err
	}
	return errors.Join(w.Delete(ctx, store.TypeUser, id(2), day(2)), w.Delete(ctx, store.TypeGroup, id(22), day(2)))
}

// all runs every read in one View.
func (b *bench) all(reads map[string]read, fn func(ctx context.Context, r store.Reader) error) map[string]string {
	b.tb.Helper()
	got := map[string]string{}
	b.view(func(ctx context.Context, r store.Reader) error {
		if err := fn(ctx, r); err != nil {
			return err
		}
		for name, read := range reads {
			text, err := read(ctx, r)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			got[name] = text
		}
		return nil
	})
	return got
}

func nothing(context.Context, store.Reader) error { return nil }

// testSnapshotReads begins with each read, changes everything and reads on: all is of the state before, or all of that after,
// what was read first as well.
func testSnapshotReads(t *testing.T, b *bench) {
	reads := reads(t)
	tenant := 0
	for name, first := range reads {
		tenant++
		b := b.at(fmt.Sprintf("tenants/t%d", tenant))
		b.snapshotState()
		want, got, runs := b.all(reads, nothing), "", 0
		during := b.all(reads, func(ctx context.Context, r store.Reader) (err error) {
			got, err = first(ctx, r)
			if runs++; runs == 1 && err == nil {
				b.update(snapshotChange)
			}
			return err
		})
		if after := b.all(reads, nothing); during["user"] == after["user"] {
			want = after
		}
		b.equal("after "+name, during, want)
		b.equal(name+", first", got, want[name])
		if runs > 2 {
			t.Errorf("%s: the View began %d times", name, runs)
		}
	}
}

// testFreshReads looks at the same with a View for each read: everything of a change shows at once.
func testFreshReads(t *testing.T, b *bench) {
	reads := reads(t)
	b.snapshotState()
	before := b.all(reads, nothing)
	b.update(snapshotChange)
	after := b.all(reads, nothing)
	for name, one := range reads {
		if name != "no group" && before[name] == after[name] {
			t.Errorf("%s: the change does not show", name)
		}
		b.equal(name+" alone", b.all(map[string]read{name: one}, nothing)[name], after[name])
	}
}

// testPurgedView purges the tenant when a View has begun and read nothing yet. It may see the state before or after, but
// nothing in between.
func testPurgedView(t *testing.T, b *bench) {
	reads := reads(t)
	none := b.all(reads, nothing)
	uid := 0
	for name, first := range reads {
		uid++
		b.snapshotState()
		want, text := b.all(reads, nothing), ""
		got := b.all(reads, func(ctx context.Context, r store.Reader) (err error) {
			b.purge(fmt.Sprint(uid))
			text, err = first(ctx, r)
			return err
		})
		if got["user"] == none["user"] {
			want = none
		}
		b.equal(name, text, want[name])
		b.equal("after "+name, got, want)
	}
}

package storetest

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

var resourceTests = map[string]func(*testing.T, *bench){
	"insert and get":                testInsert,
	"times are kept in ms":          testTimes,
	"ids of any form":               testIDs,
	"type is part of the name":      testTypes,
	"replace":                       testReplace,
	"replace of what is not there":  testReplaceMissing,
	"touch":                         testTouch,
	"delete":                        testDelete,
	"documents of any size":         testDocuments,
	"keys change with the document": testKeysChange,
	"any type of resource":          testOtherType,
}

func testInsert(t *testing.T, b *bench) {
	want := userRecord(id(1), "ann")
	want.Active = false
	var got store.Record
	b.update(func(ctx context.Context, w store.Writer) (err error) {
		got, err = w.Insert(ctx, want)
		return err
	})
	want.Version, want.Keys = 1, store.Keys{}
	b.equal("Insert", got, want)
	b.equal("Get", b.get(store.TypeUser, id(1)), want)
}

func testTimes(t *testing.T, b *bench) {
	r := userRecord(id(1), "ann")
	r.Created = time.Date(1969, 12, 31, 23, 0, 0, 999_999_999, time.FixedZone("", 3600))
	r.Modified = time.Date(2026, 3, 1, 0, 0, 0, 1_999_999, time.UTC)
	b.insert(r)
	got := b.get(store.TypeUser, id(1))
	b.equal("Created", got.Created, time.Date(1969, 12, 31, 22, 0, 0, 999e6, time.UTC))
	b.equal("Modified", got.Modified, time.Date(2026, 3, 1, 0, 0, 0, 1e6, time.UTC))
}

func testIDs(t *testing.T, b *bench) {
	ids := []string{
		id(1), strings.ToUpper("01900000-0000-7000-8000-00000000000a"), "01900000-0000-7000-8000-00000000000a",
		"01900000000070008000000000000001", "42", "a/b", "é", "x' OR 1=1 --", "01900000-0000-7000-8000_000000000001",
		"0190000g-0000-7000-8000-000000000001", strings.Repeat("x", 300),
	}
	for _, id := range ids {
		b.insert(userRecord(id, "user "+id))
	}
	for _, id := range ids {
		b.equal("ID", b.get(store.TypeUser, id).ID, id)
	}
	b.missing(store.TypeUser, strings.ToUpper(id(1))+"0")
	b.missing(store.TypeUser, "")
}

func testTypes(t *testing.T, b *bench) {
	b.insert(userRecord(id(1), "ann"))
	b.missing(store.TypeGroup, id(1))
	b.missing("Device", id(1))
	b.failsWith(store.ErrNotFound, func(ctx context.Context, w store.Writer) error {
		return w.Delete(ctx, store.TypeGroup, id(1), day(2))
	})
	b.get(store.TypeUser, id(1))
}

func testReplace(t *testing.T, b *bench) {
	b.insert(userRecord(id(1), "ann"))
	r := userRecord(id(1), "anna")
	r.Created, r.Modified, r.Active = day(9), day(2), false
	var got store.Record
	b.update(func(ctx context.Context, w store.Writer) (err error) {
		got, err = w.Replace(ctx, r)
		return err
	})
	r.Version, r.Created, r.Keys = 2, day(1), store.Keys{}
	b.equal("Replace", got, r)
	b.equal("Get", b.get(store.TypeUser, id(1)), r)
}

func testReplaceMissing(t *testing.T, b *bench) {
	b.insert(userRecord(id(1), "ann"))
	for _, r := range []store.Record{userRecord(id(2), "bob"), groupRecord(id(1), "ann")} {
		b.failsWith(store.ErrNotFound, func(ctx context.Context, w store.Writer) error {
			_, err := w.Replace(ctx, r)
			return err
		})
	}
	b.failsWith(store.ErrNotFound, func(ctx context.Context, w store.Writer) error {
		return w.Touch(ctx, store.TypeUser, id(2), day(2))
	})
	b.equal("Version", b.get(store.TypeUser, id(1)).Version, int64(1))
}

func testTouch(t *testing.T, b *bench) {
	b.insert(groupRecord(id(1), "staff"))
	b.update(func(ctx context.Context, w store.Writer) error {
		return w.Touch(ctx, store.TypeGroup, id(1), day(3))
	})
	want := groupRecord(id(1), "staff")
	want.Version, want.Modified, want.Keys = 2, day(3), store.Keys{}
	b.equal("Get", b.get(store.TypeGroup, id(1)), want)
}

func testDelete(t *testing.T, b *bench) {
	b.insertUsers(1, 3)
	b.update(func(ctx context.Context, w store.Writer) error {
		return w.Delete(ctx, store.TypeUser, id(2), day(2))
	})
	b.missing(store.TypeUser, id(2))
	b.failsWith(store.ErrNotFound, func(ctx context.Context, w store.Writer) error {
		return w.Delete(ctx, store.TypeUser, id(2), day(2))
	})
	ids, total := b.find(store.Query{Type: store.TypeUser, Limit: 10})
	b.equal("ids", ids, []string{id(1), id(3)})
	b.equal("total", total, int64(2))
	b.insert(userRecord(id(2), "u2"))
}

func testDocuments(t *testing.T, b *bench) {
	for n, size := range []int{0, 1, 3000, 5000, 70_000, 2_000_000} {
		r := userRecord(id(n), "u"+id(n))
		r.Doc = []byte(`{"x":"` + strings.Repeat("é\U0001F600", size/6) + `"}`)
		b.insert(r)
		b.equal("Doc", string(b.get(store.TypeUser, r.ID).Doc), string(r.Doc))
	}
}

// testKeysChange lets keys come, go and stay, and looks whether others may have what was given up.
func testKeysChange(t *testing.T, b *bench) {
	const path = "urn:example:2.0:User:badge"
	change := func(user, name string, badges ...string) error {
		r := userRecord(user, name)
		r.Keys.Values = nil
		for _, badge := range badges {
			r.Keys.Values = append(r.Keys.Values, store.Key{Path: path, Value: badge, Unique: true})
		}
		return b.Update(context.Background(), b.tenant, func(w store.Writer) error {
			_, err := w.Replace(context.Background(), r)
			return err
		})
	}
	b.insertUsers(1, 2)
	steps := []struct {
		user, name string
		badges     []string
		taken      string
	}{
		{id(1), "ann", []string{"a", "b"}, ""},
		{id(2), "ann", nil, "userName"},
		{id(2), "bob", []string{"c", "b"}, path},
		{id(1), "ann", []string{"b", "a", "a"}, ""},
		{id(1), "eve", []string{"a"}, ""},
		{id(2), "ann", []string{"b", "c"}, ""},
		{id(1), "eve", []string{"a", "c"}, path},
		{id(2), "u1", nil, ""},
		{id(1), "ann", []string{"c", "b"}, ""},
	}
	for i, s := range steps {
		if got := takenAttribute(change(s.user, s.name, s.badges...)); got != s.taken {
			t.Errorf("step %d: got %q, want %q", i, got, s.taken)
		}
	}
}

func testOtherType(t *testing.T, b *bench) {
	r := userRecord(id(1), "printer")
	r.Type = "Device"
	b.insert(r)
	b.equal("Type", b.get("Device", id(1)).Type, "Device")
	ids, total := b.find(store.Query{Type: "Device", Limit: 1})
	b.equal("ids", ids, []string{id(1)})
	b.equal("total", total, int64(1))
	b.equal("Counts", b.counts(), store.Counts{})
}

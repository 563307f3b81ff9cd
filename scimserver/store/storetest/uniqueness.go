package storetest

import (
	"context"
	"errors"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

var uniquenessTests = map[string]func(*testing.T, *bench){
	"what is taken":                  testTaken,
	"a refusal changes nothing":      testRefusal,
	"replace":                        testReplaceTaken,
	"within one transaction":         testTakenInTransaction,
	"in parallel":                    testTakenInParallel,
	"values that need not be unique": testShared,
}

// takenAttribute is the attribute of a UniquenessError, "" for success, and else the error's text.
func takenAttribute(err error) string {
	var u *store.UniquenessError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &u):
		return u.Attribute
	}
	return err.Error()
}

func (b *bench) tryInsert(r store.Record) string {
	return takenAttribute(b.Update(context.Background(), b.tenant, func(w store.Writer) error {
		_, err := w.Insert(context.Background(), r)
		return err
	}))
}

const badgePath = "urn:example:2.0:User:badge"

// withBadge gives a record a value that must be unique.
func withBadge(r store.Record, badge string) store.Record {
	r.Keys.Values = append(r.Keys.Values, store.Key{Path: badgePath, Value: badge, Unique: true})
	return r
}

func testTaken(t *testing.T, b *bench) {
	b.insert(withBadge(userRecord(id(1), "ann"), "7"), groupRecord(id(2), "staff"))
	device := withBadge(userRecord(id(9), "ann"), "7")
	device.Type = "Device"
	tests := map[string]struct {
		record store.Record
		want   string
	}{
		"userName":              {userRecord(id(3), "ann"), "userName"},
		"id":                    {userRecord(id(1), "bob"), "id"},
		"id of another type":    {userRecord(id(2), "cay"), "id"},
		"custom":                {withBadge(userRecord(id(4), "dan"), "7"), badgePath},
		"other value":           {withBadge(userRecord(id(5), "eve"), "8"), ""},
		"displayName of groups": {groupRecord(id(6), "staff"), ""},
		"name of another type":  {groupRecord(id(7), "ann"), ""},
		"value of another type": {device, ""},
		"case is the caller's":  {userRecord(id(8), "Ann"), ""},
	}
	for name, tc := range tests {
		if got := b.tryInsert(tc.record); got != tc.want {
			t.Errorf("%s: got %q, want %q", name, got, tc.want)
		}
	}
	if got := b.at(globex).tryInsert(withBadge(userRecord(id(1), "ann"), "7")); got != "" {
		t.Errorf("other tenant: got %q, want none", got)
	}
}

// testRefusal goes on in a transaction after a refused change: nothing of that may be left.
func testRefusal(t *testing.T, b *bench) {
	b.insert(withBadge(userRecord(id(1), "ann"), "7"))
	b.update(func(ctx context.Context, w store.Writer) error {
		refused := []store.Record{
			withBadge(userRecord(id(2), "bob"), "7"),
			userRecord(id(3), "ann"),
			userRecord(id(1), "cay"),
		}
		for _, r := range refused {
			if _, err := w.Insert(ctx, r); takenAttribute(err) == "" {
				t.Errorf("Insert %s: want an error", r.ID)
			}
		}
		_, err := w.Insert(ctx, userRecord(id(4), "dan"))
		return err
	})
	ids, total := b.find(store.Query{Type: store.TypeUser, Limit: 10})
	b.equal("ids", ids, []string{id(1), id(4)})
	b.equal("total", total, int64(2))
	b.insert(userRecord(id(2), "bob"), userRecord(id(3), "cay"))
}

func testReplaceTaken(t *testing.T, b *bench) {
	b.insert(withBadge(userRecord(id(1), "ann"), "7"), withBadge(userRecord(id(2), "bob"), "8"))
	b.update(func(ctx context.Context, w store.Writer) error {
		for want, r := range map[string]store.Record{
			"userName": withBadge(userRecord(id(2), "ann"), "8"),
			badgePath:  withBadge(userRecord(id(2), "bob"), "7"),
			"":         withBadge(userRecord(id(2), "bob"), "8"),
		} {
			if _, err := w.Replace(ctx, r); takenAttribute(err) != want {
				t.Errorf("Replace: got %q, want %q", takenAttribute(err), want)
			}
		}
		return nil
	})
	b.equal("Version", b.get(store.TypeUser, id(2)).Version, int64(2))
}

func testTakenInTransaction(t *testing.T, b *bench) {
	b.update(func(ctx context.Context, w store.Writer) error {
		if _, err := w.Insert(ctx, userRecord(id(1), "ann")); err != nil {
			return err
		}
		_, err := w.Insert(ctx, userRecord(id(2), "ann"))
		b.equal("second", takenAttribute(err), "userName")
		if err := w.Delete(ctx, store.TypeUser, id(1), day(2)); err != nil {
			return err
		}
		_, err = w.Insert(ctx, userRecord(id(2), "ann"))
		return err
	})
	b.missing(store.TypeUser, id(1))
	b.get(store.TypeUser, id(2))
}

func testTakenInParallel(t *testing.T, b *bench) {
	const tries = 32
	results := make(chan string, tries)
	for n := range tries {
		go func() { results <- b.tryInsert(userRecord(id(n), "ann")) }()
	}
	got := map[string]int{}
	for range tries {
		got[<-results]++
	}
	b.equal("outcomes", got, map[string]int{"": 1, "userName": tries - 1})
	b.equal("Counts", b.counts(), store.Counts{Users: 1, ActiveUsers: 1})
}

func testShared(t *testing.T, b *bench) {
	for n := range 3 {
		r := userRecord(id(n), "u"+id(n))
		r.Keys.ExternalID = "same"
		r.Keys.Values = []store.Key{{Path: "emails.value", Value: "same"}, {Path: "emails.value", Value: "same"}}
		b.insert(r)
	}
	b.update(func(ctx context.Context, w store.Writer) error { return w.Delete(ctx, store.TypeUser, id(1), day(2)) })
	b.equal("Counts", b.counts(), store.Counts{Users: 2, ActiveUsers: 2})
}

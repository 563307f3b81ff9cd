package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// bench is a store under test with one tenant at hand.
type bench struct {
	store.Store
	tb     testing.TB
	tenant string
}

const (
	acme   = "acme-ns/acme"
	globex = "globex-ns/globex"
)

func newBench(tb testing.TB, s store.Store) *bench {
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Errorf("Close: %v", err)
		}
	})
	return &bench{Store: s, tb: tb, tenant: acme}
}

// at returns the bench for another tenant of the same store.
func (b *bench) at(tenant string) *bench { return &bench{Store: b.Store, tb: b.tb, tenant: tenant} }

// day is a time with nothing below milliseconds.
func day(n int) time.Time { return time.Date(2026, 1, n, 10, 20, 30, 456e6, time.UTC) }

// userRecord is a user with the userName.
func userRecord(id, name string) store.Record {
	return store.Record{
		Type: store.TypeUser, ID: id, Created: day(1), Modified: day(1), Active: true,
		Doc: fmt.Appendf(nil, `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":%q,"active":true}`, name),
		Keys: store.Keys{
			Name: name, NameUnique: true, Display: name, ExternalID: "ext-" + id, Active: true,
			Values: []store.Key{{Path: "emails.value", Value: name + "@example.com"}},
		},
	}
}

// groupRecord is a group with the displayName.
func groupRecord(id, name string) store.Record {
	return store.Record{
		Type: store.TypeGroup, ID: id, Created: day(1), Modified: day(1), Active: true,
		Doc:  fmt.Appendf(nil, `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":%q}`, name),
		Keys: store.Keys{Name: name, Display: name},
	}
}

// id makes a UUID from a number.
func id(n int) string { return fmt.Sprintf("01900000-0000-7000-8000-%012x", n) }

// update runs a transaction that must succeed.
func (b *bench) update(fn func(ctx context.Context, w store.Writer) error) {
	b.tb.Helper()
	ctx := context.Background()
	if err := b.Update(ctx, b.tenant, func(w store.Writer) error { return fn(ctx, w) }); err != nil {
		b.tb.Fatalf("Update: %v", err)
	}
}

// view runs fn on a snapshot.
func (b *bench) view(fn func(ctx context.Context, r store.Reader) error) {
	b.tb.Helper()
	ctx := context.Background()
	if err := b.View(ctx, b.tenant, func(r store.Reader) error { return fn(ctx, r) }); err != nil {
		b.tb.Fatalf("View: %v", err)
	}
}

// insert adds records in one transaction.
func (b *bench) insert(records ...store.Record) {
	b.tb.Helper()
	b.update(func(ctx context.Context, w store.Writer) error {
		for _, r := range records {
			if _, err := w.Insert(ctx, r); err != nil {
				return err
			}
		}
		return nil
	})
}

// insertUsers adds the users first to last, named u<n>.
func (b *bench) insertUsers(first, last int) {
	b.tb.Helper()
	var records []store.Record
	for n := first; n <= last; n++ {
		records = append(records, userRecord(id(n), fmt.Sprint("u", n)))
	}
	b.insert(records...)
}

// get returns a resource that must be there.
func (b *bench) get(typ, id string) (r store.Record) {
	b.tb.Helper()
	b.view(func(ctx context.Context, rd store.Reader) (err error) {
		r, err = rd.Get(ctx, typ, id)
		return err
	})
	return r
}

// missing checks that a resource is not there.
func (b *bench) missing(typ, id string) {
	b.tb.Helper()
	b.view(func(ctx context.Context, r store.Reader) error {
		if _, err := r.Get(ctx, typ, id); !errors.Is(err, store.ErrNotFound) {
			b.tb.Errorf("Get(%s, %s): got error %v, want ErrNotFound", typ, id, err)
		}
		return nil
	})
}

// members returns the ids of a group's members.
func (b *bench) members(group string) (ids []string) {
	b.tb.Helper()
	b.view(func(ctx context.Context, r store.Reader) error {
		return r.Members(ctx, group, func(m store.Member) error {
			ids = append(ids, m.ID)
			return nil
		})
	})
	return ids
}

// find returns the ids of a page and the total.
func (b *bench) find(q store.Query) (ids []string, total int64) {
	b.tb.Helper()
	b.view(func(ctx context.Context, r store.Reader) error {
		page, err := r.Find(ctx, q)
		for _, rec := range page.Records {
			ids = append(ids, rec.ID)
		}
		total = page.Total
		return err
	})
	return ids, total
}

// counts returns the size of the tenant.
func (b *bench) counts() store.Counts {
	b.tb.Helper()
	c, err := b.Counts(context.Background(), b.tenant)
	if err != nil {
		b.tb.Fatalf("Counts: %v", err)
	}
	return c
}

func (b *bench) equal(what string, got, want any) {
	b.tb.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		b.tb.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// failsWith checks the error of a transaction.
func (b *bench) failsWith(want error, fn func(ctx context.Context, w store.Writer) error) {
	b.tb.Helper()
	ctx := context.Background()
	err := b.Update(ctx, b.tenant, func(w store.Writer) error { return fn(ctx, w) })
	if !errors.Is(err, want) {
		b.tb.Errorf("Update: got error %v, want %v", err, want)
	}
}

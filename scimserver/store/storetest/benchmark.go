package storetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// BenchUsers is the environment variable that says how many users there are in a benchmark.
const BenchUsers = "SCIM_BENCH_USERS"

// writers is how many connections write at the same time in the parallel benchmarks.
const writers = 16

// Bench measures what the server asks of a store most, with 10,000 users, or as many as BenchUsers
// says. One group holds all of them up to 100,000.
func Bench(b *testing.B, open Open) {
	d := &directory{bench: newBench(b, open(b)), users: 10_000}
	if n, err := strconv.Atoi(os.Getenv(BenchUsers)); err == nil {
		d.users = n
	}
	started := time.Now()
	d.fill()
	b.Logf("%d users in %v", d.users, time.Since(started).Round(time.Millisecond))
	d.next.Store(int64(d.users))
	for _, m := range []struct {
		name string
		run  func(ctx context.Context) error
	}{
		{"Get", d.get},
		{"FindByUserName", d.find(`userName eq "%s"`, benchName)},
		{"FindByEmail", d.find(`emails[type eq "work"].value eq "%s"`, benchEmail)},
		{"FindNothing", d.find(`userName eq "%s"`, func(n int) string { return "nobody" + strconv.Itoa(n) })},
		{"GroupsOfUser", d.groupsOf},
		{"List100", d.list(0)},
		{"List100At90Percent", d.list(0.9)},
		{"Insert", d.insertOne},
		{"Replace", d.replaceOne},
		{"MemberAddEmptyGroup", d.memberAdd(smallGroup)},
		{"MemberAddLargeGroup", d.memberAdd(largeGroup)},
	} {
		b.Run(m.name, func(b *testing.B) { d.measure(b, m.run) })
		b.Run(m.name+"Parallel", func(b *testing.B) { d.measureParallel(b, m.run) })
	}
	b.Run("StreamLargeGroup", func(b *testing.B) { d.measure(b, d.stream) })
}

func (d *directory) measure(b *testing.B, run func(context.Context) error) {
	b.ReportAllocs()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for b.Loop() {
		if err := run(ctx); err != nil {
			b.Fatal(err)
		}
	}
}

func (d *directory) measureParallel(b *testing.B, run func(context.Context) error) {
	b.ReportAllocs()
	b.SetParallelism((writers + runtime.GOMAXPROCS(0) - 1) / runtime.GOMAXPROCS(0))
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := run(ctx); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

// directory is a store full of users.
type directory struct {
	*bench
	users int
	next  atomic.Int64 // number of the next new user
}

const (
	smallGroup = "01900000-0000-7000-9000-000000000001"
	largeGroup = "01900000-0000-7000-9000-000000000002"
	largest    = 100_000 // members
)

func benchName(n int) string  { return fmt.Sprintf("user.%07d@example.com", n) }
func benchEmail(n int) string { return fmt.Sprintf("first.last.%07d@corp.example.com", n) }

// benchRecord is a user as Entra ID provisions them, about one kilobyte.
func benchRecord(n int) store.Record {
	name, email := benchName(n), benchEmail(n)
	var doc strings.Builder
	fmt.Fprintf(&doc, `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],`)
	fmt.Fprintf(&doc, `"externalId":"ext-%d","userName":%q,"name":{"formatted":"First%d Last%d","familyName":"Last%d","givenName":"First%d"},`, n, name, n, n, n, n)
	fmt.Fprintf(&doc, `"displayName":"First%d Last%d","title":"Engineer","preferredLanguage":"en-US","active":true,`, n, n)
	fmt.Fprintf(&doc, `"emails":[{"value":%q,"type":"work","primary":true},{"value":"home.%d@example.org","type":"home"}],`, email, n)
	fmt.Fprintf(&doc, `"phoneNumbers":[{"value":"+49 30 %07d","type":"work"},{"value":"+49 170 %07d","type":"mobile"}],`, n, n)
	fmt.Fprintf(&doc, `"addresses":[{"formatted":"Example Street %d, 10115 Berlin","streetAddress":"Example Street %d",`, n, n)
	fmt.Fprintf(&doc, `"locality":"Berlin","postalCode":"10115","country":"DE","type":"work"}],`)
	fmt.Fprintf(&doc, `"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"employeeNumber":"E%07d","costCenter":"CC-%d",`, n, n%100)
	fmt.Fprintf(&doc, `"organization":"Example Corporation","division":"Research","department":"Department %d"}}`, n%1000)
	return store.Record{
		Type: store.TypeUser, ID: id(n), Created: day(1), Modified: day(1), Active: true, Doc: []byte(doc.String()),
		Keys: store.Keys{
			Name: name, NameUnique: true, Display: fmt.Sprintf("First%d Last%d", n, n), ExternalID: fmt.Sprintf("ext-%d", n), Active: true,
			Values: []store.Key{{Path: "emails.value", Value: email}, {Path: "emails.value", Value: fmt.Sprintf("home.%d@example.org", n)}},
		},
	}
}

// fill adds the users and groups, in transactions of a thousand.
func (d *directory) fill() {
	const step = 1000
	d.insert(groupRecord(smallGroup, "small"), groupRecord(largeGroup, "large"))
	for first := 0; first < d.users; first += step {
		d.update(func(ctx context.Context, w store.Writer) error {
			var members []string
			for n := first; n < min(first+step, d.users); n++ {
				r := benchRecord(n)
				if _, err := w.Insert(ctx, r); err != nil {
					return err
				}
				if n < largest {
					members = append(members, r.ID)
				}
			}
			_, _, err := w.AddMembers(ctx, largeGroup, members)
			return err
		})
	}
}

func (d *directory) random() int { return rand.IntN(d.users) }

func (d *directory) read(ctx context.Context, fn func(store.Reader) error) error {
	return d.View(ctx, d.tenant, fn)
}

func (d *directory) get(ctx context.Context) error {
	return d.read(ctx, func(r store.Reader) error {
		_, err := r.Get(ctx, store.TypeUser, id(d.random()))
		return err
	})
}

func (d *directory) find(format string, value func(int) string) func(context.Context) error {
	registry, err := schema.New(schema.Options{Groups: true})
	if err != nil {
		d.tb.Fatal(err)
	}
	rt, _ := registry.ResourceType(store.TypeUser)
	return func(ctx context.Context) error {
		e, err := filter.Parse(fmt.Sprintf(format, value(d.random())), rt, tolerance.Compatible(), filter.Limits{})
		if err != nil {
			return err
		}
		return d.read(ctx, func(r store.Reader) error {
			_, err := r.Find(ctx, store.Query{Type: store.TypeUser, Filter: e, Limit: 100})
			return err
		})
	}
}

func (d *directory) groupsOf(ctx context.Context) error {
	return d.read(ctx, func(r store.Reader) error {
		_, err := r.GroupsOf(ctx, []string{id(d.random())})
		return err
	})
}

// list reads a page of users with their groups.
func (d *directory) list(part float64) func(context.Context) error {
	return func(ctx context.Context) error {
		q := store.Query{Type: store.TypeUser, Offset: int64(float64(d.users) * part), Limit: 100}
		return d.read(ctx, func(r store.Reader) error {
			page, err := r.Find(ctx, q)
			if err != nil || len(page.Records) != q.Limit {
				return fmt.Errorf("got %d of %d: %w", len(page.Records), page.Total, err)
			}
			ids := make([]string, len(page.Records))
			for i, rec := range page.Records {
				ids[i] = rec.ID
			}
			_, err = r.GroupsOf(ctx, ids)
			return err
		})
	}
}

func (d *directory) write(ctx context.Context, fn func(store.Writer) error) error {
	return d.Update(ctx, d.tenant, fn)
}

func (d *directory) insertOne(ctx context.Context) error {
	r := benchRecord(int(d.next.Add(1)))
	return d.write(ctx, func(w store.Writer) error {
		_, err := w.Insert(ctx, r)
		return err
	})
}

// replaceOne is what a PATCH does: it reads a user and changes it.
func (d *directory) replaceOne(ctx context.Context) error {
	r := benchRecord(d.random())
	return d.write(ctx, func(w store.Writer) error {
		old, err := w.Get(ctx, store.TypeUser, r.ID)
		if err != nil {
			return err
		}
		r.Modified = old.Modified.Add(time.Second)
		_, err = w.Replace(ctx, r)
		return err
	})
}

// memberAdd is what a PATCH of a group does: it reads the group, removes a user and adds it again.
func (d *directory) memberAdd(group string) func(context.Context) error {
	return func(ctx context.Context) error {
		member := []string{id(d.random())}
		return d.write(ctx, func(w store.Writer) error {
			if _, err := w.Get(ctx, store.TypeGroup, group); err != nil {
				return err
			}
			if _, err := w.RemoveMembers(ctx, group, member); err != nil {
				return err
			}
			if _, _, err := w.AddMembers(ctx, group, member); err != nil {
				return err
			}
			return w.Touch(ctx, store.TypeGroup, group, day(2))
		})
	}
}

func (d *directory) stream(ctx context.Context) error {
	return d.read(ctx, func(r store.Reader) error {
		return r.Members(ctx, largeGroup, func(store.Member) error { return nil })
	})
}

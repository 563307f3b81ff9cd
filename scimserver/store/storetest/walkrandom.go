package storetest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// disturbance is one transaction of somebody else during a walk.
type disturbance struct {
	kind    string
	subject int
	name    int
}

func drawDisturbance(t *rapid.T) disturbance {
	return disturbance{
		kind:    rapid.SampledFrom([]string{"insert", "insert", "delete", "replace", "touch", "retitle"}).Draw(t, "kind"),
		subject: rapid.IntRange(1, 12).Draw(t, "subject"),
		name:    rapid.IntRange(0, 99).Draw(t, "name"),
	}
}

// Strangers come, go and change their names; residents stay, and but their titles and times change.
const (
	residents = 25
	stranger  = 1000
)

func residentRecord(n int, title string) store.Record {
	r := userRecord(id(n), fmt.Sprintf("r%02d", n))
	r.Created = day(1 + n%4) // several at a time
	r.Doc = fmt.Appendf(nil, `{"userName":%q,"active":true,"title":%q}`, r.Keys.Name, title)
	if n%3 == 0 {
		r.Keys.ExternalID = ""
	}
	return r
}

func (d disturbance) record() store.Record {
	r := userRecord(id(stranger+d.subject), fmt.Sprintf("%c%02d-%d", 'a'+d.name%26, d.name, d.subject))
	r.Created = day(1 + d.name%6)
	return r
}

func (d disturbance) apply(ctx context.Context, w store.Writer) {
	switch d.kind { // what is not possible does nothing
	case "insert":
		_, _ = w.Insert(ctx, d.record())
	case "delete":
		_ = w.Delete(ctx, store.TypeUser, id(stranger+d.subject), day(2))
	case "replace":
		_, _ = w.Replace(ctx, d.record())
	case "touch":
		_ = w.Touch(ctx, store.TypeUser, id(d.name%residents), day(3))
	case "retitle":
		_, _ = w.Replace(ctx, residentRecord(d.name%residents, fmt.Sprint("title ", d.name)))
	}
}

// walkOrders are sorts in which residents do not move; nil is the order of creation.
func walkOrders(t testing.TB) map[string]*store.Sort {
	return map[string]*store.Sort{
		"creation": nil, "userName": by(t, "userName", "", false), "userName down": by(t, "userName", "", true),
		"created": by(t, "meta", "created", false), "created down": by(t, "meta", "created", true),
		"externalId": by(t, "externalId", "", false), "externalId down": by(t, "externalId", "", true),
		"active": by(t, "active", "", false), "name": by(t, "name", "familyName", false),
	}
}

// testWalkWhileOthersWrite walks while somebody else writes. Every resident is met once, in the order.
func testWalkWhileOthersWrite(t *testing.T, b *bench) {
	orders := walkOrders(t)
	names := []string{"creation", "userName", "userName down", "created", "created down", "externalId", "externalId down", "active", "name"}
	drawn := 0
	rapid.Check(t, func(t *rapid.T) {
		drawn++
		own := b.at(fmt.Sprintf("walk/%d", drawn))
		var records []store.Record
		for n := range residents {
			records = append(records, residentRecord(n, "title"))
		}
		own.insert(records...)
		q := store.Query{
			Type: store.TypeUser, Limit: rapid.IntRange(1, 9).Draw(t, "limit"),
			Sort: orders[rapid.SampledFrom(names).Draw(t, "order")],
		}
		backward := rapid.Bool().Draw(t, "backward")
		want := own.mustWalk(q, backward, nil)
		w, err := own.walkDisturbed(q, backward, rapid.SliceOfN(rapid.Custom(drawDisturbance), 1, 60).Draw(t, "disturbances"))
		if err != nil {
			t.Fatal(err)
		}
		met := slices.DeleteFunc(w.ids, func(met string) bool { return !slices.Contains(want, met) })
		if !slices.Equal(met, want) {
			t.Fatalf("met %v\nwant %v", met, want)
		}
	})
}

// walkDisturbed walks; half of the disturbances come at any time, the others between pages.
func (b *bench) walkDisturbed(q store.Query, backward bool, list []disturbance) (w walked, err error) {
	write := func(d disturbance) {
		b.update(func(ctx context.Context, w store.Writer) error {
			d.apply(ctx, w)
			return nil
		})
	}
	half := len(list) / 2
	var other sync.WaitGroup
	other.Go(func() {
		for _, d := range list[:half] {
			write(d)
		}
	})
	next := half
	w, err = b.walk(q, backward, func() {
		for range 3 {
			if next < len(list) {
				write(list[next])
				next++
			}
		}
	})
	other.Wait()
	return w, err
}

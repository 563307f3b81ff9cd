package storetest

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/memory"
	"github.com/scim-operator/scim-operator/scimserver/store/transfer"
)

var transferTests = map[string]func(*testing.T, *bench){
	"a tenant is dumped and loaded whole":       testTransfer,
	"rows are read by their keys":               testTransferRows,
	"a stream is read again":                    testTransferAgain,
	"a stream that is cut off goes on":          testTransferCut,
	"a stream that is damaged":                  testTransferDamaged,
	"rows that are none":                        testTransferBadRows,
	"passes follow a source that changes":       testTransferPasses,
	"names and users change places":             testTransferSwap,
	"a resource comes back under its id":        testTransferReborn,
	"a loaded tenant goes on":                   testTransferGoesOn,
	"a large tenant is loaded in many portions": testTransferLarge,
}

// everything gives the tenant rows of every kind.
func (b *bench) everything() {
	b.tb.Helper()
	b.insertUsers(1, 30)
	odd := withBadge(userRecord("not-a-uuid", "odd"), "7")
	odd.Active, odd.Keys.Active, odd.Keys.ExternalID = false, false, ""
	unstated := userRecord(id(41), "unstated")
	unstated.Keys.Active = false
	b.insert(odd, unstated, groupRecord(id(50), "outer"), groupRecord(id(51), "inner"), groupRecord(id(52), "empty"))
	b.add(id(50), id(51), id(3), id(1), "not-a-uuid")
	b.add(id(51), id(2), id(50))
	b.insertMembers(memberRecord(1, "u1"), memberRecord(2, "u2"), memberRecord(3, "u3"))
	b.write(1, 2, 1, 3, 1, 2)
	b.update(func(ctx context.Context, w store.Writer) error {
		kept := memberRecord(9, "Gone")
		kept.UserID, kept.Active, kept.Pending, kept.Groups = "", false, []byte(`{"action":"Remove"}`), []byte(`["outer"]`)
		return errors.Join(
			w.Touch(ctx, store.TypeUser, id(5), day(3)),
			w.SetPassword(ctx, store.TypeUser, id(6), "$argon2id$hash"),
			w.InsertMember(ctx, kept),
			w.PutHold(ctx, store.Hold{MemberID: id(1), Name: "asset", Reason: "a laptop", Created: day(2)}),
			w.PutHold(ctx, store.Hold{MemberID: id(1), Name: "audit", Reason: "", Created: day(3)}),
			w.AppendLog(ctx, store.LogRow{Time: day(2), UserID: id(1), Subject: -77, Entry: []byte(`{"a":"<&>"}`)}),
			w.AppendLog(ctx, store.LogRow{Time: day(3), Entry: []byte(`{}`)}),
			w.PutIntent(ctx, store.Intent{ID: "i1", MemberID: id(1), UserID: id(1), Created: day(3), Sequence: 7, Body: []byte(`{"x":1}`)}),
			w.AddWork(ctx, []string{id(1), "not-a-uuid"}),
			w.BookOffboarding(ctx, day(3), day(1)), w.BookOffboarding(ctx, day(3), day(1)), w.BookOffboarding(ctx, day(4), day(1)),
			w.SetState(ctx, "remap", []byte{0, 1, 255}), w.SetState(ctx, "empty", []byte{}),
		)
	})
	ctx := context.Background()
	_, err := b.PruneLog(ctx, b.tenant, day(2).Add(time.Hour), 100, 1)
	err = errors.Join(err,
		b.Delivered(ctx, b.tenant, []int64{1}),
		b.Failed(ctx, b.tenant, 2, store.Attempt{At: day(4), Next: day(5), Error: "timeout"}),
		b.Failed(ctx, b.tenant, 4, store.Attempt{At: day(4), Park: true, Error: "410"}))
	if err != nil {
		b.tb.Fatal(err)
	}
	if _, err := b.PruneEvents(ctx, b.tenant, day(9), 100, 1); err != nil {
		b.tb.Fatal(err)
	}
}

// dump returns all rows by their keys, and the resources in their order.
func (b *bench) dump() (rows map[store.RowKey]store.Row, order []string) {
	b.tb.Helper()
	rows = map[store.RowKey]store.Row{}
	last := 0
	err := b.Dump(context.Background(), b.tenant, func(r store.Row) error {
		if _, twice := rows[r.RowKey]; twice {
			b.tb.Errorf("row %v is dumped twice", r.RowKey)
		}
		if at := kindAt(r.Kind); at < last {
			b.tb.Errorf("row %v is dumped behind those of kind %s", r.RowKey, store.RowKinds[last])
		} else {
			last = at
		}
		if err := r.Check(); err != nil {
			b.tb.Error(err)
		}
		rows[r.RowKey] = r
		if r.Kind == store.RowResource {
			order = append(order, r.Key)
		}
		return nil
	})
	if err != nil {
		b.tb.Fatalf("Dump: %v", err)
	}
	return rows, order
}

func kindAt(kind string) int {
	for i, k := range store.RowKinds {
		if k == kind {
			return i
		}
	}
	return -1
}

// same checks that two tenants have the same rows, in the same order.
func (b *bench) same(other *bench) {
	b.tb.Helper()
	want, wantOrder := b.dump()
	got, order := other.dump()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		b.tb.Errorf("rows of %s (-want +got):\n%s", other.tenant, diff)
	}
	b.equal("order", order, wantOrder)
	b.equal("counts", other.counts(), b.counts())
}

// sameAsModel checks that a dump of everything says what the model's says: no column is left out.
func (b *bench) sameAsModel(rows map[store.RowKey]store.Row) {
	b.tb.Helper()
	m := b.model()
	m.everything()
	want, _ := m.dump()
	epoch := cmpopts.IgnoreFields(store.StreamRow{}, "Epoch") // which is random
	if diff := cmp.Diff(want, rows, cmpopts.EquateEmpty(), epoch); diff != "" {
		b.tb.Errorf("rows (-model +got):\n%s", diff)
	}
}

// stream writes the tenant out.
func (b *bench) stream() []byte {
	b.tb.Helper()
	var out bytes.Buffer
	if _, err := transfer.Write(context.Background(), &out, b.Store, b.tenant, day(9)); err != nil {
		b.tb.Fatalf("Write: %v", err)
	}
	return out.Bytes()
}

func (b *bench) read(text []byte) (transfer.Trailer, error) {
	return transfer.Read(context.Background(), bytes.NewReader(text), b.Store, b.tenant, nil)
}

// model is a tenant in package memory.
func (b *bench) model() *bench { return &bench{Store: memory.New(), tb: b.tb, tenant: b.tenant} }

func testTransfer(t *testing.T, b *bench) {
	b.everything()
	b.at(globex).insertUsers(1, 3) // which stays out of it
	rows, _ := b.dump()
	kinds := map[string]int{}
	for k := range rows {
		kinds[k.Kind]++
	}
	b.equal("rows", kinds, map[string]int{
		store.RowResource: 35, store.RowMembership: 2, store.RowMember: 4, store.RowEvent: 5, store.RowLog: 1, store.RowIntent: 1,
		store.RowWork: 2, store.RowOffboarding: 2, store.RowState: 2, store.RowStream: 1,
	})
	b.sameAsModel(rows)
	m := b.model()
	for _, to := range []*bench{m, b.at("other/name")} {
		trailer, err := to.read(b.stream())
		if err != nil {
			t.Fatalf("Read: %v", err)
		}
		b.equal("rows", trailer.Rows, int64(len(rows)))
		b.same(to)
	}
	back := b.at("back/again")
	if _, err := back.read(m.stream()); err != nil {
		t.Fatalf("Read: %v", err)
	}
	b.same(back)
	ids := func(b *bench) (ids []string) {
		events, err := b.Events(context.Background(), b.tenant, 1, 100)
		for _, e := range events {
			ids = append(ids, e.ID)
		}
		if err != nil {
			t.Error(err)
		}
		return ids
	}
	b.equal("ids of events", ids(back), ids(b))
	b.equal("ids of events in the model", ids(m), ids(b))
}

func testTransferRows(_ *testing.T, b *bench) {
	b.everything()
	rows, _ := b.dump()
	for key, want := range rows {
		var got []store.Row
		err := b.Rows(context.Background(), b.tenant, key.Kind, []string{"0", key.Key, "987654321"}, func(r store.Row) error {
			got = append(got, r)
			return nil
		})
		if err != nil {
			b.tb.Fatalf("Rows of %v: %v", key, err)
		}
		if key.Kind == store.RowStream { // of which there is one, whatever the key
			got = got[:1]
		}
		if diff := cmp.Diff([]store.Row{want}, got, cmpopts.EquateEmpty()); diff != "" {
			b.tb.Errorf("row (-want +got):\n%s", diff)
		}
	}
}

func testTransferAgain(t *testing.T, b *bench) {
	b.everything()
	text := b.stream()
	to := b.at("other/name")
	for range 2 {
		if _, err := to.read(text); err != nil {
			t.Fatalf("Read: %v", err)
		}
		b.same(to)
	}
}

func testTransferCut(t *testing.T, b *bench) {
	b.everything()
	text := b.stream()
	lines := bytes.SplitAfter(text, []byte("\n"))
	to := b.at("other/name")
	for _, n := range []int{0, 1, 2, len(lines) / 2, len(lines) - 2} {
		if _, err := to.read(bytes.Join(lines[:n], nil)); !errors.Is(err, transfer.ErrIncomplete) {
			t.Errorf("the first %d lines: got error %v, want ErrIncomplete", n, err)
		}
	}
	if _, err := to.read(text); err != nil {
		t.Fatalf("Read: %v", err)
	}
	b.same(to)
}

func testTransferDamaged(t *testing.T, b *bench) {
	b.everything()
	text := string(b.stream())
	head, rows, _ := strings.Cut(text, "\n")
	_, rows, _ = strings.Cut(rows, "\n")
	for what, bad := range map[string]string{
		"another version": strings.Replace(text, `"version":1`, `"version":2`, 1),
		"another format":  strings.Replace(text, `"scim-transfer"`, `"tar"`, 1),
		"a changed line":  strings.Replace(text, `"name":"u1"`, `"name":"u0"`, 1),
		"no JSON":         strings.Replace(text, `{"kind":"member"`, `<`, 1),
		"a lost line":     head + "\n" + rows,
		"nothing":         "",
	} {
		if _, err := b.at("other/" + strings.ReplaceAll(what, " ", "-")).read([]byte(bad)); err == nil {
			t.Errorf("%s: got no error", what)
		}
	}
}

func testTransferBadRows(t *testing.T, b *bench) {
	for what, row := range map[string]store.Row{
		"no kind":            {RowKey: store.RowKey{Key: "x"}},
		"another kind":       {RowKey: store.RowKey{Kind: "token", Key: "x"}},
		"no key":             {RowKey: store.RowKey{Kind: store.RowWork}},
		"no content":         {RowKey: store.RowKey{Kind: store.RowResource, Key: id(1)}},
		"an event of no use": {RowKey: store.RowKey{Kind: store.RowEvent, Key: "x"}, Event: &store.EventRow{Type: store.MemberCreated}},
		"a number too large": {RowKey: store.RowKey{Kind: store.RowEvent, Key: "1099511627776"}, Event: &store.EventRow{Type: store.MemberCreated}},
		"a negative number":  {RowKey: store.RowKey{Kind: store.RowLog, Key: "-1"}, Log: &store.LogEntryRow{}},
	} {
		if err := b.Load(context.Background(), b.tenant, nil, []store.Row{row}); err == nil {
			t.Errorf("%s: got no error", what)
		}
	}
	rows, _ := b.dump()
	b.equal("rows", len(rows), 0)
}

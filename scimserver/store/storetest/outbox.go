package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

var outboxTests = map[string]func(*testing.T, *bench){
	"sequences have no gaps":                  testSequences,
	"an event is kept as it is":               testEventRoundTrip,
	"events of one member go one by one":      testOrderOfMember,
	"a failed attempt waits":                  testFailed,
	"a parked event lets the next one go":     testParked,
	"replay":                                  testReplay,
	"replay ends with the newest state":       testReplayNewest,
	"replay before events that are pending":   testReplayPending,
	"replay behind an event that is pending":  testReplayBehind,
	"backlog":                                 testBacklog,
	"events are pruned up to the pending one": testPruneEvents,
	"commits are told":                        testOnCommit,
	"parallel writers":                        testParallelEvents,
	"events nobody is sent":                   testUnsent,
}

// appendEvent writes an event of member n, due at once.
func appendEvent(ctx context.Context, w store.Writer, n int, typ string, previous int64) error {
	sequence, err := w.NextSequence(ctx)
	if err != nil {
		return err
	}
	return w.AppendEvent(ctx, store.Event{
		Sequence: sequence, MemberID: id(n), Type: typ, Created: day(1).Add(time.Duration(sequence) * time.Second),
		NextAttempt: day(1).Add(time.Duration(sequence) * time.Second), Body: fmt.Appendf(nil, `{"sequence":%d}`, sequence),
	}, previous)
}

// write appends an event for each member in the list; each follows the one before of the same member.
func (b *bench) write(list ...int) {
	b.tb.Helper()
	last := map[int]int64{}
	for _, n := range list {
		b.update(func(ctx context.Context, w store.Writer) error {
			next, err := w.NextSequence(ctx)
			err = errors.Join(err, appendEvent(ctx, w, n, store.MemberUpdated, last[n]))
			last[n] = next
			return err
		})
	}
}

func sequencesOf(list []store.Event) (out []int64) {
	for _, e := range list {
		out = append(out, e.Sequence)
	}
	return out
}

func (b *bench) sequences(after int64) []int64 {
	b.tb.Helper()
	list, err := b.Events(context.Background(), b.tenant, after, 100)
	if err != nil {
		b.tb.Fatalf("Events: %v", err)
	}
	return sequencesOf(list)
}

func (b *bench) due(now time.Time) []int64 {
	b.tb.Helper()
	list, err := b.Due(context.Background(), b.tenant, now, 100, 0)
	if err != nil {
		b.tb.Fatalf("Due: %v", err)
	}
	return sequencesOf(list)
}

func (b *bench) delivered(sequences ...int64) {
	b.tb.Helper()
	if err := b.Delivered(context.Background(), b.tenant, sequences); err != nil {
		b.tb.Fatalf("Delivered: %v", err)
	}
}

func (b *bench) attempt(sequence int64, a store.Attempt) {
	b.tb.Helper()
	if err := b.Failed(context.Background(), b.tenant, sequence, a); err != nil {
		b.tb.Fatalf("Failed: %v", err)
	}
}

func (b *bench) replay(q store.ReplayQuery) int64 {
	b.tb.Helper()
	q.At = day(5)
	n, err := b.Replay(context.Background(), b.tenant, q)
	if err != nil {
		b.tb.Fatalf("Replay: %v", err)
	}
	return n
}

func testSequences(_ *testing.T, b *bench) {
	b.write(1, 2)
	b.failsWith(errStop, func(ctx context.Context, w store.Writer) error {
		return errors.Join(appendEvent(ctx, w, 3, store.MemberCreated, 0), errStop)
	})
	b.write(3)
	b.at(globex).write(1)
	b.equal("sequences", b.sequences(0), []int64{1, 2, 3})
	b.equal("behind", b.sequences(2), []int64{3})
	b.equal("none", b.sequences(3), []int64(nil))
	b.equal("beyond", b.sequences(99), []int64(nil))
	b.equal("of another tenant", b.at(globex).sequences(0), []int64{1})
	err := b.Update(context.Background(), b.tenant, func(w store.Writer) error {
		return w.AppendEvent(context.Background(), store.Event{Sequence: 7, Type: store.MemberCreated, MemberID: id(1)}, 0)
	})
	if err == nil {
		b.tb.Error("a sequence out of line was accepted")
	}
}

func testEventRoundTrip(_ *testing.T, b *bench) {
	types := []string{
		store.MemberCreated, store.MemberUpdated, store.MemberDeactivated, store.MemberReactivated, store.MemberRemoved, store.MemberAction,
	}
	for i, typ := range types {
		b.update(func(ctx context.Context, w store.Writer) error { return appendEvent(ctx, w, i, typ, 0) })
	}
	list, err := b.Events(context.Background(), b.tenant, 0, 100)
	if err != nil || len(list) != len(types) {
		b.tb.Fatalf("got %d events, %v", len(list), err)
	}
	ids := map[string]bool{}
	for i, e := range list {
		at := day(1).Add(time.Duration(i+1) * time.Second)
		ids[e.ID] = true
		e.ID = ""
		b.equal("event", e, store.Event{
			Sequence: int64(i + 1), MemberID: id(i), Type: types[i], Created: at, NextAttempt: at,
			Body: fmt.Appendf(nil, `{"sequence":%d}`, i+1),
		})
	}
	b.at(globex).write(1)
	other, err := b.Events(context.Background(), globex, 0, 1)
	if err != nil || len(ids) != len(types) || ids[other[0].ID] || ids[""] {
		b.tb.Errorf("IDs %v and %s, %v: want each once", ids, other[0].ID, err)
	}
	again, err := b.Due(context.Background(), b.tenant, day(2), 1, 0)
	if err != nil || len(again) != 1 || again[0].ID != list[0].ID {
		b.tb.Errorf("Due: got %v, %v, want the ID %s", again, err, list[0].ID)
	}
}

func testOrderOfMember(_ *testing.T, b *bench) {
	b.write(1, 2, 1, 1, 2, 3)
	b.equal("due", b.due(day(2)), []int64{1, 2, 6})
	b.equal("not yet", b.due(day(1).Add(time.Second)), []int64{1})
	b.delivered(3) // which waits for 1
	b.equal("out of turn", b.due(day(2)), []int64{1, 2, 6})
	b.delivered(2, 1, 1, 99)
	b.equal("next ones", b.due(day(2)), []int64{3, 5, 6})
	b.delivered(3)
	b.delivered(4)
	b.equal("end of a member", b.due(day(2)), []int64{5, 6})
	b.write(1)
	b.equal("a new one", b.due(day(2)), []int64{5, 6, 7})
}

func testFailed(_ *testing.T, b *bench) {
	b.write(1, 1, 2)
	b.attempt(1, store.Attempt{At: day(2), Next: day(3), Error: "connection refused"})
	b.attempt(2, store.Attempt{At: day(2), Next: day(3), Error: "waits for its turn"})
	b.equal("the other", b.due(day(2)), []int64{3})
	at, err := b.NextDue(context.Background(), b.tenant)
	b.equal("NextDue", at, day(1).Add(3*time.Second))
	b.delivered(3)
	at, err2 := b.NextDue(context.Background(), b.tenant)
	b.equal("NextDue", at, day(3))
	list, err3 := b.Due(context.Background(), b.tenant, day(3), 9, 0)
	if err := errors.Join(err, err2, err3); err != nil || len(list) != 1 {
		b.tb.Fatalf("got %v, %v", list, err)
	}
	b.equal("attempt", []any{list[0].Sequence, list[0].Attempts, list[0].LastError, list[0].NextAttempt}, []any{int64(1), 1, "connection refused", day(3)})
	b.delivered(1, 2)
	at, err = b.NextDue(context.Background(), b.tenant)
	b.equal("NextDue of nothing", []any{at.IsZero(), err}, []any{true, nil})
}

func testParked(_ *testing.T, b *bench) {
	b.write(1, 1, 2)
	b.attempt(1, store.Attempt{At: day(2), Park: true, Error: "410"})
	b.equal("due", b.due(day(3)), []int64{2, 3})
	b.delivered(1)
	list, err := b.Events(context.Background(), b.tenant, 0, 1)
	if err != nil || !list[0].Parked || list[0].Delivered || list[0].LastError != "410" {
		b.tb.Errorf("got %+v, %v, want a parked event", list, err)
	}
	b.equal("replayed", b.replay(store.ReplayQuery{ParkedOnly: true}), int64(1))
	b.equal("due again", b.due(day(5)), []int64{3, 1})
	b.delivered(1)
	b.equal("then the next", b.due(day(5)), []int64{2, 3})
}

func testReplay(_ *testing.T, b *bench) {
	b.write(1, 2, 1, 2, 1)
	b.delivered(1, 2)
	b.delivered(3, 4)
	b.delivered(5)
	b.equal("nothing due", b.due(day(9)), []int64(nil))
	b.equal("n", b.replay(store.ReplayQuery{From: 3}), int64(3))
	b.equal("not before", b.due(day(4)), []int64(nil))
	b.equal("due", b.due(day(5)), []int64{3, 4})
	b.delivered(3, 4)
	b.equal("in order", b.due(day(5)), []int64{5})
	b.delivered(5)
	b.equal("of a member", b.replay(store.ReplayQuery{Member: id(2)}), int64(2))
	b.equal("due", b.due(day(5)), []int64{2})
	b.delivered(2)
	b.delivered(4)
	b.equal("all", b.replay(store.ReplayQuery{}), int64(5))
	b.equal("twice", b.replay(store.ReplayQuery{}), int64(0))
	b.equal("of nobody", b.at(globex).replay(store.ReplayQuery{}), int64(0))
}

func testReplayNewest(_ *testing.T, b *bench) {
	b.write(1, 1, 1, 2)
	b.delivered(1, 2, 3, 4)
	b.equal("n", b.replay(store.ReplayQuery{From: 1, To: 1}), int64(1))
	b.equal("due", b.due(day(5)), []int64{1})
	b.delivered(1)
	b.equal("newest behind it", b.due(day(5)), []int64{3})
	b.update(func(ctx context.Context, w store.Writer) error { return appendEvent(ctx, w, 1, store.MemberRemoved, 3) })
	b.equal("a new one waits", b.due(day(5)), []int64{3})
	b.delivered(3)
	b.equal("and comes", b.due(day(5)), []int64{5})
}

func testReplayPending(_ *testing.T, b *bench) {
	b.write(1, 1, 1, 1, 1)
	b.delivered(1, 2, 3) // 4 is pending, 5 waits
	b.replay(store.ReplayQuery{From: 1, To: 1})
	b.equal("due", b.due(day(9)), []int64{1})
	b.replay(store.ReplayQuery{From: 3, To: 3})
	var got []int64
	for due := b.due(day(9)); len(due) > 0; due = b.due(day(9)) {
		got = append(got, due...)
		b.delivered(due...)
	}
	b.equal("order", got, []int64{1, 3, 4, 5})
}

// testReplayBehind replays events behind one that is pending and older than all of them.
func testReplayBehind(_ *testing.T, b *bench) {
	b.write(1, 1, 1)
	b.attempt(1, store.Attempt{At: day(2), Park: true})
	b.delivered(2)
	b.replay(store.ReplayQuery{ParkedOnly: true})
	b.replay(store.ReplayQuery{From: 2})
	var got []int64
	for due := b.due(day(9)); len(due) > 0; due = b.due(day(9)) {
		got = append(got, due...)
		b.delivered(due...)
	}
	b.equal("order", got, []int64{1, 2, 3})
}

func testBacklog(_ *testing.T, b *bench) {
	backlog := func() store.Backlog {
		got, err := b.Backlog(context.Background(), b.tenant)
		if err != nil {
			b.tb.Fatalf("Backlog: %v", err)
		}
		return got
	}
	b.equal("empty", backlog(), store.Backlog{First: 1})
	b.write(1, 2, 1)
	b.update(func(ctx context.Context, w store.Writer) error {
		return appendEvent(ctx, w, 1, store.MemberDeactivated, 3)
	})
	second := func(n int) time.Time { return day(1).Add(time.Duration(n) * time.Second) }
	b.attempt(1, store.Attempt{At: day(2), Next: day(3), Error: "refused"})
	b.attempt(2, store.Attempt{At: day(2), Park: true, Error: "gone"})
	b.equal("backlog", backlog(), store.Backlog{
		Last: 4, First: 1, Pending: 3, Parked: 1, OldestPending: second(1), OldestOffboarding: second(4), LastError: "refused",
	})
	b.delivered(1)
	b.delivered(3)
	b.delivered(4)
	b.equal("parked", backlog(), store.Backlog{Last: 4, First: 1, Parked: 1, LastError: "gone"})
	b.replay(store.ReplayQuery{ParkedOnly: true})
	b.equal("replayed", backlog(), store.Backlog{Last: 4, First: 1, Pending: 1, OldestPending: second(2)})
}

func testPruneEvents(_ *testing.T, b *bench) {
	b.write(1, 2, 3, 4, 5)
	prune := func(before time.Time, keep int64, limit int) int64 {
		n, err := b.PruneEvents(context.Background(), b.tenant, before, keep, limit)
		if err != nil {
			b.tb.Fatalf("PruneEvents: %v", err)
		}
		return n
	}
	b.delivered(1, 3, 4, 5)
	b.equal("old ones up to the pending", prune(day(9), 100, 100), int64(1))
	b.attempt(2, store.Attempt{At: day(2), Park: true})
	b.equal("at most", prune(day(9), 100, 1), int64(1))
	b.equal("neither old nor many", prune(day(1), 3, 100), int64(0))
	b.equal("too many", prune(day(1), 2, 100), int64(1))
	b.equal("left", b.sequences(3), []int64{4, 5})
	if _, err := b.Events(context.Background(), b.tenant, 2, 9); !errors.Is(err, store.ErrGone) {
		b.tb.Errorf("Events behind what is gone: got %v, want ErrGone", err)
	}
	b.equal("all", prune(day(9), 0, 100), int64(2))
	b.equal("none left", b.sequences(5), []int64(nil))
	backlog, err := b.Backlog(context.Background(), b.tenant)
	b.equal("Backlog", []any{backlog, err}, []any{store.Backlog{Last: 5, First: 6}, nil})
	b.write(9)
	b.equal("goes on", b.sequences(5), []int64{6})
}

func testOnCommit(_ *testing.T, b *bench) {
	var mu sync.Mutex
	var told []string
	for range 2 {
		b.OnCommit(func(tenant string) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, tenant)
		})
	}
	b.insertUsers(1, 1)
	b.failsWith(errStop, func(ctx context.Context, w store.Writer) error {
		return errors.Join(appendEvent(ctx, w, 1, store.MemberCreated, 0), errStop)
	})
	b.write(1)
	b.at(globex).update(func(ctx context.Context, w store.Writer) error {
		return w.AppendLog(ctx, store.LogRow{Time: day(1), Entry: []byte("{}")})
	})
	mu.Lock()
	defer mu.Unlock()
	b.equal("told", told, []string{acme, acme, globex, globex})
}

func testParallelEvents(_ *testing.T, b *bench) {
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for i := range 10 {
				err := b.Update(context.Background(), b.tenant, func(w store.Writer) error {
					err := appendEvent(context.Background(), w, 100*worker+i, store.MemberCreated, 0)
					if i%3 == 0 {
						err = errors.Join(err, errStop)
					}
					return err
				})
				if i%3 != 0 && err != nil {
					b.tb.Errorf("Update: %v", err)
				}
			}
		})
	}
	wg.Wait()
	var want []int64
	for n := range int64(8 * 6) {
		want = append(want, n+1)
	}
	b.equal("sequences", b.sequences(0), want)
	got := b.due(day(2))
	slices.Sort(got)
	b.equal("due", got, want)
}

func testUnsent(_ *testing.T, b *bench) {
	b.update(func(ctx context.Context, w store.Writer) error {
		return w.AppendEvent(ctx, store.Event{Sequence: 1, MemberID: id(1), Type: store.MemberCreated, Created: day(1), Body: []byte("{}"), Delivered: true}, 0)
	})
	b.write(1)
	b.equal("due", b.due(day(9)), []int64{2})
	backlog, err := b.Backlog(context.Background(), b.tenant)
	b.equal("pending", []any{backlog.Pending, err}, []any{int64(1), nil})
}

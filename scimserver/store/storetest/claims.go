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

var claimTests = map[string]func(*testing.T, *bench){
	"work has one holder":                   testClaim,
	"work is taken over":                    testTakeOver,
	"one of many gets the work":             testClaimRace,
	"claimed events are nobody else's":      testDueClaim,
	"deliverers share the events":           testDueClaimRace,
	"claimed events are given back":         testUnclaim,
	"an attempt without its claim":          testFence,
	"order of a member with claims":         testClaimOrder,
	"tenants with due events":               testDueTenants,
	"a bucket for all":                      testGrant,
	"a bucket is filled again":              testGrantRefill,
	"heads":                                 testHeads,
	"claims and buckets go with the tenant": testClaimsPurged,
}

func (b *bench) claim(work, holder string, ttl time.Duration) bool {
	b.tb.Helper()
	ok, err := b.Claim(context.Background(), b.tenant, work, holder, ttl)
	if err != nil {
		b.tb.Fatalf("Claim: %v", err)
	}
	return ok
}

func (b *bench) release(work, holder string) {
	b.tb.Helper()
	if err := b.Release(context.Background(), b.tenant, work, holder); err != nil {
		b.tb.Fatalf("Release: %v", err)
	}
}

func testClaim(_ *testing.T, b *bench) {
	b.release("tend", "one") // nobody's
	b.equal("taken, prolonged, refused", []bool{
		b.claim("tend", "one", time.Hour), b.claim("tend", "one", time.Hour), b.claim("tend", "two", time.Hour),
	}, []bool{true, true, false})
	b.equal("other work, another tenant", []bool{b.claim("purge", "two", time.Hour), b.at(globex).claim("tend", "two", time.Hour)}, []bool{true, true})
	b.release("tend", "two") // another's
	b.equal("still held", b.claim("tend", "two", time.Hour), false)
	b.release("tend", "one")
	b.equal("given up", []bool{b.claim("tend", "two", time.Hour), b.claim("tend", "one", time.Hour)}, []bool{true, false})
	b.equal("of no tenant", []bool{b.at("").claim("all", "one", time.Hour), b.at("").claim("all", "two", time.Hour)}, []bool{true, false})
}

func testTakeOver(t *testing.T, b *bench) {
	const ttl = 200 * time.Millisecond
	start := time.Now()
	b.equal("taken", b.claim("tend", "one", ttl), true)
	for !b.claim("tend", "two", time.Hour) {
		if time.Since(start) > time.Minute {
			t.Fatal("a claim does not end")
		}
	}
	if took := time.Since(start); took < ttl {
		t.Errorf("a claim for %s was taken over after %s", ttl, took)
	}
	b.equal("the first has lost it", b.claim("tend", "one", ttl), false)
	b.equal("shortened", []bool{b.claim("tend", "two", 0), b.claim("tend", "one", time.Hour)}, []bool{true, true})
}

func testClaimRace(_ *testing.T, b *bench) {
	var mu sync.Mutex
	var winners []string
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			holder := fmt.Sprint("replica-", n)
			ok, err := b.Claim(context.Background(), b.tenant, "tend", holder, time.Hour)
			if err != nil {
				b.tb.Errorf("Claim: %v", err)
			}
			if ok {
				mu.Lock()
				defer mu.Unlock()
				winners = append(winners, holder)
			}
		})
	}
	wg.Wait()
	b.equal("winners", len(winners), 1)
}

func (b *bench) claimDue(now time.Time, limit int, claim time.Duration) []store.Event {
	b.tb.Helper()
	list, err := b.Due(context.Background(), b.tenant, now, limit, claim)
	if err != nil {
		b.tb.Fatalf("Due: %v", err)
	}
	return list
}

func testDueClaim(_ *testing.T, b *bench) {
	b.write(1, 2, 1, 3)
	got := b.claimDue(day(2), 2, time.Hour)
	b.equal("claimed", sequencesOf(got), []int64{1, 2})
	b.equal("until", []time.Time{got[0].NextAttempt, got[1].NextAttempt}, []time.Time{day(2).Add(time.Hour), day(2).Add(time.Hour)})
	b.equal("ID and body", got[0], b.event(1))
	b.equal("the others", b.due(day(2)), []int64{4})
	b.equal("claimed by another", sequencesOf(b.claimDue(day(2), 9, time.Hour)), []int64{4})
	b.equal("none left", sequencesOf(b.claimDue(day(2).Add(time.Hour-time.Millisecond), 9, time.Hour)), []int64(nil))
	next, err := b.NextDue(context.Background(), b.tenant)
	b.equal("NextDue", []any{next, err}, []any{day(2).Add(time.Hour), nil})
	b.equal("run out", sequencesOf(b.claimDue(day(2).Add(time.Hour), 9, time.Hour)), []int64{1, 2, 4})
	b.equal("of a tenant that is not there", sequencesOf(b.at("no/one").claimDue(day(2), 9, time.Hour)), []int64(nil))
	backlog, err := b.Backlog(context.Background(), b.tenant)
	b.equal("pending", []any{backlog.Pending, err}, []any{int64(4), nil})
}

func (b *bench) event(sequence int64) store.Event {
	b.tb.Helper()
	list, err := b.Events(context.Background(), b.tenant, sequence-1, 1)
	if err != nil || len(list) != 1 {
		b.tb.Fatalf("Events: got %v, %v", list, err)
	}
	return list[0]
}

func testDueClaimRace(_ *testing.T, b *bench) {
	members := make([]int, 60)
	for i := range members {
		members[i] = i + 1
	}
	b.write(members...)
	var mu sync.Mutex
	var got []int64
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 60 {
				list, err := b.Due(context.Background(), b.tenant, day(2), 7, time.Hour)
				if err != nil {
					b.tb.Errorf("Due: %v", err)
				}
				mu.Lock()
				got = append(got, sequencesOf(list)...)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	slices.Sort(got)
	var want []int64
	for n := range int64(60) {
		want = append(want, n+1)
	}
	b.equal("each once", got, want)
}

func (b *bench) unclaim(events ...store.Event) {
	b.tb.Helper()
	if err := b.Unclaim(context.Background(), b.tenant, events); err != nil {
		b.tb.Fatalf("Unclaim: %v", err)
	}
}

func testUnclaim(_ *testing.T, b *bench) {
	b.write(1, 2, 3, 4)
	mine := b.claimDue(day(2), 9, time.Hour)
	b.unclaim(mine[0], mine[1])
	b.equal("given back", b.due(day(2)), []int64{1, 2})
	b.delivered(3)
	later := b.claimDue(day(2).Add(time.Hour), 9, time.Hour) // 1, 2, and 4, whose claim has run out
	b.equal("taken over", sequencesOf(later), []int64{1, 2, 4})
	b.unclaim(mine...)
	b.equal("what others hold stays theirs", b.due(day(2).Add(time.Hour)), []int64(nil))
	b.unclaim(store.Event{Sequence: 99, NextAttempt: day(2)})
	b.unclaim()
}

func testFence(_ *testing.T, b *bench) {
	b.write(1, 1)
	first := b.claimDue(day(2), 1, time.Hour)[0]
	second := b.claimDue(day(3), 1, time.Hour)[0]
	b.equal("taken over", second.Sequence, first.Sequence)
	b.attempt(1, store.Attempt{Claim: first.NextAttempt, At: day(3), Next: day(3), Error: "late"})
	b.attempt(1, store.Attempt{Claim: first.NextAttempt, At: day(3), Park: true, Error: "late"})
	b.equal("attempts of who has lost it", b.event(1), second)
	b.attempt(1, store.Attempt{Claim: second.NextAttempt, At: day(3), Next: day(4), Error: "refused"})
	got := b.event(1)
	b.equal("attempt", []any{got.Attempts, got.LastError, got.NextAttempt}, []any{1, "refused", day(4)})
	third := b.claimDue(day(4), 1, time.Hour)[0]
	b.equal("a third", third.Sequence, int64(1))
	b.delivered(1) // it was, whoever says so
	b.attempt(1, store.Attempt{Claim: third.NextAttempt, At: day(4), Park: true, Error: "late"})
	b.equal("delivered", []bool{b.event(1).Delivered, b.event(1).Parked}, []bool{true, false})
	b.equal("the next", b.due(day(4)), []int64{2})
}

func testClaimOrder(_ *testing.T, b *bench) {
	b.write(1, 1, 1)
	for n := int64(1); n <= 3; n++ {
		list := b.claimDue(day(2), 9, time.Hour)
		b.equal("claimed", sequencesOf(list), []int64{n})
		b.equal("meanwhile", b.due(day(2)), []int64(nil))
		if n == 2 {
			b.attempt(n, store.Attempt{Claim: list[0].NextAttempt, At: day(2), Park: true})
			continue
		}
		b.delivered(n)
	}
	b.claimDue(day(2), 9, time.Hour)
	b.replay(store.ReplayQuery{From: 1})
	b.equal("replayed", sequencesOf(b.claimDue(day(5), 9, time.Hour)), []int64{1})
}

func (b *bench) dueTenants(now time.Time, limit int) []string {
	b.tb.Helper()
	keys, err := b.DueTenants(context.Background(), now, limit)
	if err != nil {
		b.tb.Fatalf("DueTenants: %v", err)
	}
	return keys
}

func testDueTenants(_ *testing.T, b *bench) {
	b.equal("none", b.dueTenants(day(9), 9), []string(nil))
	second := b.at(globex)
	second.write(7, 8, 9)
	second.delivered(1)
	b.write(1, 2) // its first is due before the other's second
	third := b.at("third/tenant")
	third.write(1)
	third.delivered(1)
	b.equal("longest first", b.dueTenants(day(2), 9), []string{acme, globex})
	b.equal("limit", b.dueTenants(day(2), 1), []string{acme})
	b.equal("by then", b.dueTenants(day(1).Add(time.Second), 9), []string{acme})
	b.equal("none yet", b.dueTenants(day(1), 9), []string(nil))
	b.claimDue(day(2), 9, time.Hour)
	b.equal("claimed", b.dueTenants(day(2), 9), []string{globex})
	second.attempt(2, store.Attempt{At: day(2), Park: true})
	second.attempt(3, store.Attempt{At: day(2), Next: day(4)})
	b.equal("later", b.dueTenants(day(2).Add(time.Hour), 9), []string{acme})
	b.equal("at last", b.dueTenants(day(4), 9), []string{acme, globex})
	b.purge("uid")
	b.equal("purged", b.dueTenants(day(4), 9), []string{globex})
}

func (b *bench) grant(bucket string, rate, burst, want int) int {
	b.tb.Helper()
	n, err := b.Grant(context.Background(), b.tenant, bucket, rate, burst, want)
	if err != nil {
		b.tb.Fatalf("Grant: %v", err)
	}
	return n
}

func testGrant(_ *testing.T, b *bench) {
	start := time.Now()
	took := []int{b.grant("requests", 1, 10, 4), b.grant("requests", 1, 10, 0), b.grant("requests", 1, 10, 4)}
	rest := b.grant("requests", 1, 10, 4)
	late := int(time.Since(start).Seconds()) + 1
	b.equal("taken", took, []int{4, 0, 4})
	if rest < 2 || rest > min(2+late, 4) {
		b.tb.Errorf("got %d of the 2 that were left", rest)
	}
	b.equal("another bucket, another tenant", []int{b.grant("feed", 1, 3, 9), b.at(globex).grant("requests", 1, 5, 9)}, []int{3, 5})
	b.equal("less burst than before", b.at("other/one").grant("requests", 1, 100, 1)+b.at("other/one").grant("requests", 1, 2, 100), 3)
}

// testGrantRefill has many take what they can: no more than the burst and what has come since, and not much less.
func testGrantRefill(t *testing.T, b *bench) {
	const rate, burst = 200, 20
	start := time.Now()
	var mu sync.Mutex
	var wg sync.WaitGroup
	total := 0
	for range 4 {
		wg.Go(func() {
			for time.Since(start) < 500*time.Millisecond {
				n, err := b.Grant(context.Background(), b.tenant, "requests", rate, burst, 3)
				if err != nil {
					b.tb.Errorf("Grant: %v", err)
				}
				mu.Lock()
				total += n
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	most := burst + rate*time.Since(start).Seconds()
	if float64(total) > most+1 || float64(total) < burst+0.5*rate*0.5 {
		t.Errorf("%d tokens in %s, want at most %.0f and half of it at least", total, time.Since(start), most)
	}
}

func testHeads(_ *testing.T, b *bench) {
	b.write(1, 2, 1)
	b.at(globex).update(func(ctx context.Context, w store.Writer) error {
		return w.AppendLog(ctx, store.LogRow{Time: day(1), Entry: []byte("{}")})
	})
	b.at("third/tenant").insertUsers(1, 1)
	heads := func() map[string]store.Head {
		got, err := b.Heads(context.Background(), []string{acme, globex, "third/tenant", "no/one"})
		if err != nil {
			b.tb.Fatalf("Heads: %v", err)
		}
		return got
	}
	before := heads()
	log := before[globex].Log
	b.equal("heads", before, map[string]store.Head{acme: {Event: 3}, globex: {Log: log}})
	b.at(globex).update(func(ctx context.Context, w store.Writer) error {
		return errors.Join(w.AppendLog(ctx, store.LogRow{Time: day(1), Entry: []byte("{}")}), appendEvent(ctx, w, 1, store.MemberCreated, 0))
	})
	after := heads()[globex]
	if log < 1 || after.Log <= log || after.Event != 1 {
		b.tb.Errorf("heads before %d, after %+v", log, after)
	}
	none, err := b.Heads(context.Background(), nil)
	b.equal("of nobody", []any{len(none), err}, []any{0, nil})
}

func testClaimsPurged(_ *testing.T, b *bench) {
	b.insertUsers(1, 1)
	b.equal("taken", []any{b.claim("tend", "one", time.Hour), b.grant("requests", 1, 5, 9)}, []any{true, 5})
	b.purge("uid")
	b.equal("anew", []any{b.claim("tend", "two", time.Hour), b.grant("requests", 1, 5, 9)}, []any{true, 5})
}

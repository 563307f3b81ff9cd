package limit_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/limit"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// at is one request: its moment and what is expected of it.
type at struct {
	after time.Duration
	ok    bool
	retry time.Duration
}

func TestAllow(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		perSecond, burst int
		requests         []at
	}{
		"no limit": {perSecond: 0, burst: 1, requests: []at{{0, true, 0}, {0, true, 0}, {0, true, 0}}},
		"burst, then refused with a whole second": {perSecond: 10, burst: 2, requests: []at{
			{0, true, 0}, {0, true, 0}, {0, false, time.Second}, {99 * time.Millisecond, false, time.Second}}},
		"a refused request costs nothing": {perSecond: 10, burst: 1, requests: []at{
			{0, true, 0}, {0, false, time.Second}, {0, false, time.Second}, {100 * time.Millisecond, true, 0}}},
		"tokens come back at the rate, up to the burst": {perSecond: 1, burst: 2, requests: []at{
			{0, true, 0}, {0, true, 0}, {0, false, time.Second}, {time.Hour, true, 0}, {time.Hour, true, 0},
			{time.Hour, false, time.Second}}},
		"burst missing: one second's worth": {perSecond: 2, burst: 0, requests: []at{
			{0, true, 0}, {0, true, 0}, {0, false, time.Second}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := limit.New(tc.perSecond, tc.burst)
			for i, req := range tc.requests {
				retry, ok := l.Allow(start.Add(req.after))
				if ok != req.ok || retry != req.retry {
					t.Errorf("request %d: got (%s, %t), want (%s, %t)", i, retry, ok, req.retry, req.ok)
				}
			}
		})
	}
}

// TestRetryAfterIsEnough waits exactly as told: the request must then pass, and a second earlier it must not have to wait two.
func TestRetryAfterIsEnough(t *testing.T) {
	t.Parallel()
	for _, perSecond := range []int{1, 2, 3, 7, 50, 999} {
		l := limit.New(perSecond, 1)
		l.Allow(start)
		retry, ok := l.Allow(start)
		if ok || retry != time.Second {
			t.Fatalf("%d/s: second request: got (%s, %t), want refused for 1s", perSecond, retry, ok)
		}
		if _, ok := l.Allow(start.Add(retry)); !ok {
			t.Errorf("%d/s: refused after the wait it was told", perSecond)
		}
	}
}

func TestAllowConcurrently(t *testing.T) {
	t.Parallel()
	l := limit.New(1, 25)
	var passed atomic.Int64
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			if _, ok := l.Allow(start); ok {
				passed.Add(1)
			}
		})
	}
	wg.Wait()
	if got := passed.Load(); got != 25 {
		t.Errorf("%d of 100 simultaneous requests passed, want the burst of 25", got)
	}
}

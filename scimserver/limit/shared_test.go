package limit_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/limit"
	"github.com/scim-operator/scim-operator/scimserver/store/local"
)

// database is a bucket behind a network.
type database struct {
	local.Claims
	asked atomic.Int64
	lost  atomic.Bool
	hangs atomic.Bool
}

func (d *database) Grant(ctx context.Context, tenant, bucket string, rate, burst, want int) (int, error) {
	d.asked.Add(1)
	if d.hangs.Load() {
		<-ctx.Done()
		return 0, ctx.Err()
	}
	<-time.After(2 * time.Millisecond)
	if d.lost.Load() {
		return 0, errors.New("the database is away")
	}
	return d.Claims.Grant(ctx, tenant, bucket, rate, burst, want)
}

func (d *database) replicas(t *testing.T, n, rate, burst int) (all []*limit.Shared) {
	t.Cleanup(func() { <-time.After(time.Minute) }) // questions may be under way
	for range n {
		all = append(all, limit.NewShared(d, "ns/a", "requests", rate, burst))
	}
	return all
}

// traffic sends so many requests in each second, for a time, to the replicas that to names, and counts those that pass in
// each second.
func traffic(perSecond int, last time.Duration, all []*limit.Shared, to func(i int, at time.Duration) int) (passed []int, refused int) {
	began, gap := time.Now(), time.Second/time.Duration(perSecond)
	passed = make([]int, int(last/time.Second))
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := range int(last / gap) {
		<-time.After(time.Until(began.Add(time.Duration(i) * gap)))
		at := time.Since(began)
		wg.Go(func() {
			_, ok := all[to(i, at)].Allow(time.Now())
			mu.Lock()
			defer mu.Unlock()
			switch {
			case !ok:
				refused++
			case int(at/time.Second) < len(passed):
				passed[at/time.Second]++
			}
		})
	}
	wg.Wait()
	return passed, refused
}

func sum(list []int) (n int) {
	for _, x := range list {
		n += x
	}
	return n
}

// spreads are ways in which connections may go to three replicas.
var spreads = map[string]func(i int, at time.Duration) int{
	"evenly":             func(i int, _ time.Duration) int { return i % 3 },
	"all to one":         func(int, time.Duration) int { return 1 },
	"most to one":        func(i int, _ time.Duration) int { return max(0, i%20-17) },
	"to each in turn":    func(_ int, at time.Duration) int { return int(at/time.Second) % 3 },
	"in quick turns":     func(_ int, at time.Duration) int { return int(at/(100*time.Millisecond)) % 3 },
	"to one, then two":   func(i int, at time.Duration) int { return (i % 2) * min(1, int(at/(10*time.Second))) },
	"bursts to each one": func(i int, _ time.Duration) int { return i / 40 % 3 },
}

// TestSharedRate: three replicas let pass what one would, within 20 %, in each second and altogether.
func TestSharedRate(t *testing.T) {
	t.Parallel()
	for name, to := range spreads {
		for _, tc := range []struct{ rate, burst, sent int }{{50, 100, 200}, {10, 20, 100}, {500, 1000, 2000}, {5, 5, 50}} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					d := &database{}
					const seconds = 30
					passed, _ := traffic(tc.sent, seconds*time.Second, d.replicas(t, 3, tc.rate, tc.burst), to)
					all, want := sum(passed), tc.burst+tc.rate*seconds
					if all*10 > want*12 || all*10 < want*8 {
						t.Errorf("%d/s: %d requests passed in %d s, want %d", tc.rate, all, seconds, want)
					}
					for s := 10; s+5 <= seconds; s++ {
						if n := sum(passed[s : s+5]); n*10 > tc.rate*5*12 || n*10 < tc.rate*5*8 {
							t.Errorf("%d/s: %d requests passed from second %d on in 5 s, want %d", tc.rate, n, s, tc.rate*5)
						}
					}
					if n := d.asked.Load(); n > int64(seconds*60*3) {
						t.Errorf("%d questions to the database", n)
					}
				})
			})
		}
	}
}

// TestSharedBelowRate: who stays below the rate is never refused, however the requests are spread.
func TestSharedBelowRate(t *testing.T) {
	t.Parallel()
	for name, to := range spreads {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := &database{}
				passed, refused := traffic(40, 20*time.Second, d.replicas(t, 3, 50, 100), to)
				t.Logf("%d questions for 800 requests", d.asked.Load())
				if refused > 0 || sum(passed) != 800 {
					t.Errorf("%d passed, %d were refused", sum(passed), refused)
				}
			})
		})
	}
}

// TestSharedBurst: a burst that comes at once, to all, is that of one.
func TestSharedBurst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &database{}
		all := d.replicas(t, 3, 50, 100)
		for range 3 {
			var passed atomic.Int64
			var wg sync.WaitGroup
			for i := range 400 {
				wg.Go(func() {
					if _, ok := all[i%3].Allow(time.Now()); ok {
						passed.Add(1)
					}
				})
			}
			wg.Wait()
			if n := passed.Load(); n > 120 || n < 80 {
				t.Errorf("%d of 400 simultaneous requests passed, want the burst of 100", n)
			}
			<-time.After(time.Hour)
		}
	})
}

// TestSharedIdle: a tenant with few requests asks the database once.
func TestSharedIdle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &database{}
		l := d.replicas(t, 1, 50, 100)[0]
		for i := range 100 {
			began := time.Now()
			if _, ok := l.Allow(began); !ok {
				t.Errorf("request %d is refused", i)
			}
			if waited := time.Since(began); i > 0 && waited > 0 {
				t.Errorf("request %d waited %s for the database", i, waited)
			}
			<-time.After(5 * time.Second)
		}
		if n := d.asked.Load(); n > 2 {
			t.Errorf("%d questions to the database", n)
		}
	})
}

// TestSharedWithoutDatabase: each replica has the rate for itself as long as the database is away or does not answer.
func TestSharedWithoutDatabase(t *testing.T) {
	t.Parallel()
	for name, hangs := range map[string]bool{"errors": false, "silence": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := &database{}
				all := d.replicas(t, 3, 50, 100)
				evenly := spreads["evenly"]
				traffic(300, 10*time.Second, all, evenly)
				d.lost.Store(!hangs)
				d.hangs.Store(hangs)
				began := time.Now()
				passed, _ := traffic(300, 20*time.Second, all, evenly)
				if took := time.Since(began); took > 21*time.Second {
					t.Errorf("requests wait for a database that is away: %s", took)
				}
				if n := sum(passed[10:]); n > 3*50*10*12/10 || n < 3*50*10*8/10 {
					t.Errorf("%d requests passed in 10 s without the database, want the rate for each of three", n)
				}
				d.lost.Store(false)
				d.hangs.Store(false)
				passed, _ = traffic(300, 20*time.Second, all, evenly)
				if n := sum(passed[10:]); n > 50*10*12/10 || n < 50*10*8/10 {
					t.Errorf("%d requests passed in 10 s with the database again, want the rate", n)
				}
			})
		})
	}
}

func TestSharedRetryAfter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := (&database{}).replicas(t, 1, 1, 2)[0]
		for range 2 {
			if _, ok := l.Allow(time.Now()); !ok {
				t.Error("refused within the burst")
			}
		}
		retry, ok := l.Allow(time.Now())
		if ok || retry < time.Second || retry%time.Second != 0 {
			t.Fatalf("got %s, %t", retry, ok)
		}
		<-time.After(retry)
		if _, ok := l.Allow(time.Now()); !ok {
			t.Error("refused after the wait it was told")
		}
	})
}

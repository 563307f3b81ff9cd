package limit

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// entering asks for so many turns at once, and tells how many were given so far, and how many refused.
type entering struct {
	mu             sync.Mutex
	given, refused int
	after          time.Duration
	all            sync.WaitGroup
}

func (e *entering) enter(ctx context.Context, s *Share, n int) {
	for range n {
		e.all.Go(func() {
			after, ok := s.Enter(ctx)
			e.mu.Lock()
			defer e.mu.Unlock()
			if ok {
				e.given++
			} else {
				e.refused++
				e.after = after
			}
		})
	}
	synctest.Wait()
}

func (e *entering) want(t *testing.T, what string, given, refused int) {
	t.Helper()
	synctest.Wait()
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.given != given || e.refused != refused {
		t.Errorf("%s: %d turns given and %d refused, want %d and %d", what, e.given, e.refused, given, refused)
	}
}

func TestShareAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var e entering
		e.enter(t.Context(), NewShares(time.Now, 2).NewShare(), 100)
		e.want(t, "a tenant that is alone", 100, 0)
	})
}

// TestShares: of tenants that are there at the same time each has its part, whatever the others have, and the first one what was
// free besides.
func TestShares(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ all, tenants, first, part int }{{8, 2, 7, 4}, {8, 3, 6, 2}, {8, 8, 1, 1}, {8, 100, 1, 1}, {1, 2, 1, 1}} {
		synctest.Test(t, func(t *testing.T) {
			shares := NewShares(time.Now, c.all)
			each := make([]entering, c.tenants)
			tenants := make([]*Share, c.tenants)
			for i := range tenants {
				tenants[i] = shares.NewShare()
				each[i].enter(t.Context(), tenants[i], 1)
			}
			for i, s := range tenants {
				each[i].enter(t.Context(), s, 20)
				each[i].want(t, "many requests", max(c.part, c.first*(1-min(i, 1))), 0)
			}
			for first := tenants[0]; first.working > 0; synctest.Wait() {
				first.Leave()
				if len(first.line) > 0 && first.working < c.part {
					t.Errorf("%d at work while %d wait", first.working, len(first.line))
				}
			}
			each[0].want(t, "after all have left", 21, 0)
			<-time.After(longestWait)
			for i := 1; i < c.tenants; i++ {
				each[i].all.Wait()
				if e := &each[i]; e.given < c.part || e.given+e.refused != 21 || e.after != afterTimeout {
					t.Errorf("nobody has left: %d given, %d refused for %v", e.given, e.refused, e.after)
				}
			}
			if len(shares.waiting) > 0 {
				t.Errorf("%d tenants wait", len(shares.waiting))
			}
		})
	}
}

// TestSharesInTurn: what nobody uses goes to those that wait in turn, however many requests one of them has.
func TestSharesInTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		shares := NewShares(time.Now, 6)
		tenants := []*Share{shares.NewShare(), shares.NewShare(), shares.NewShare()}
		each := make([]entering, len(tenants))
		for i, s := range tenants {
			each[i].enter(t.Context(), s, 1)
		}
		for i, requests := range []int{9, 5, 1} {
			each[i].enter(t.Context(), tenants[i], requests)
		}
		for i, given := range []int{4, 2, 2} { // the first has taken what was free, the others their part
			each[i].want(t, "in line", given, 0)
		}
		tenants[2].Leave()
		tenants[2].Leave() // six are at work
		for i, given := range []int{4, 2, 2} {
			each[i].want(t, "nothing is free", given, 0)
		}
		for range 2 {
			tenants[0].Leave() // is above its part
		}
		for i, given := range []int{5, 3, 2} {
			each[i].want(t, "two are free", given, 0)
		}
		tenants[1].Leave()
		each[0].want(t, "the first one's turn", 6, 0)
		each[1].want(t, "the first one's turn", 3, 0)
		for _, s := range tenants {
			for s.working > 0 {
				s.Leave()
				synctest.Wait()
			}
		}
		for i, all := range []int{10, 6, 2} {
			each[i].want(t, "in the end", all, 0)
		}
		if shares.working != 0 || len(shares.waiting) != 0 {
			t.Errorf("%d at work, %d wait", shares.working, len(shares.waiting))
		}
	})
}

// TestShareOfOneThatComes: what another tenant has at work from the time when it was alone takes nothing from the one that comes.
func TestShareOfOneThatComes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		shares := NewShares(time.Now, 4)
		noisy, quiet := shares.NewShare(), shares.NewShare()
		var e, other entering
		e.enter(t.Context(), noisy, 50)
		e.want(t, "alone", 50, 0)
		other.enter(t.Context(), quiet, 2)
		other.want(t, "the one that comes", 2, 0)
		e.enter(t.Context(), noisy, 10)
		for range 48 {
			noisy.Leave()
			e.want(t, "above its part", 50, 0)
		}
		noisy.Leave()
		e.want(t, "below its part", 51, 0)
		quiet.Leave()
		quiet.Leave()
		e.want(t, "nobody else uses the rest", 53, 0)
		<-time.After(period)
		noisy.Leave()
		e.want(t, "the other one was seen lately", 54, 0)
		<-time.After(2 * period)
		noisy.Leave()
		e.want(t, "the other one has gone", 60, 0)
	})
}

func TestShareLine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		shares := NewShares(time.Now, 1)
		shares.NewShare().Enter(t.Context())
		s := shares.NewShare()
		s.Enter(t.Context())
		var order []int
		var mu sync.Mutex
		var all sync.WaitGroup
		for n := range 5 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			if n != 2 {
				ctx = t.Context()
			}
			all.Go(func() {
				defer cancel()
				if _, ok := s.Enter(ctx); ok {
					mu.Lock()
					defer mu.Unlock()
					order = append(order, n)
				}
			})
			synctest.Wait()
		}
		<-time.After(2 * time.Second) // one gives up
		for range 5 {
			s.Leave()
			synctest.Wait()
		}
		all.Wait()
		if len(order) != 4 || order[0] != 0 || order[1] != 1 || order[2] != 3 || order[3] != 4 {
			t.Errorf("turns were given to %v", order)
		}
		if s.working != 0 || len(s.line) != 0 {
			t.Errorf("%d at work, %d in line", s.working, len(s.line))
		}
	})
}

// TestShareGrows: who comes when others have gone does not pass those that wait.
func TestShareGrows(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		shares := NewShares(time.Now, 1)
		s := shares.NewShare()
		shares.NewShare().Enter(t.Context())
		var first, second entering
		first.enter(t.Context(), s, 2)
		first.want(t, "two there", 1, 0)
		<-time.After(3 * period)
		second.enter(t.Context(), s, 1)
		second.want(t, "behind one that waits", 0, 0)
		s.Leave()
		first.want(t, "the first", 2, 0)
		second.want(t, "alone", 1, 0)
	})
}

// TestShareForgets: tenants that were there long ago do not count, though nobody has come since.
func TestShareForgets(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		shares := NewShares(time.Now, 1)
		s := shares.NewShare()
		shares.NewShare().Enter(t.Context())
		s.Enter(t.Context())
		<-time.After(10 * period)
		var e entering
		e.enter(t.Context(), s, 5)
		e.want(t, "alone again", 5, 0)
	})
}

// TestShareAtTheLastMoment: a turn that is given to one that gives up at that moment is taken.
func TestShareAtTheLastMoment(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	turn := make(chan struct{})
	close(turn)
	for range 100 { // select takes either
		if _, ok := NewShares(time.Now, 1).NewShare().wait(ctx, turn); !ok {
			t.Fatal("the turn is lost")
		}
	}
}

// TestSharesRandomly: whatever comes, gives up and goes at the same moment, no turn is lost and none is given twice.
func TestSharesRandomly(t *testing.T) {
	t.Parallel()
	shares := NewShares(time.Now, 4)
	tenants := []*Share{shares.NewShare(), shares.NewShare(), shares.NewShare()}
	var all sync.WaitGroup
	for n := range 64 {
		all.Go(func() {
			random := rand.New(rand.NewPCG(uint64(n), 1))
			for range 200 {
				s := tenants[random.IntN(len(tenants))]
				ctx, cancel := context.WithTimeout(context.Background(), time.Duration(random.IntN(200))*time.Microsecond)
				if _, ok := s.Enter(ctx); ok {
					s.Leave()
				}
				cancel()
			}
		})
	}
	all.Wait()
	for i, s := range tenants {
		if s.working != 0 || len(s.line) != 0 {
			t.Errorf("tenant %d: %d at work, %d in line", i, s.working, len(s.line))
		}
	}
	if shares.working != 0 || len(shares.waiting) != 0 {
		t.Errorf("%d at work, %d wait", shares.working, len(shares.waiting))
	}
}

// BenchmarkShare is what a turn costs that is free.
func BenchmarkShare(b *testing.B) {
	s := NewShares(time.Now, 4).NewShare()
	b.ReportAllocs()
	for b.Loop() {
		s.Enter(b.Context())
		s.Leave()
	}
}

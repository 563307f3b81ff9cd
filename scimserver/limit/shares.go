package limit

import (
	"context"
	"math"
	"slices"
	"sync"
	"time"
)

// period is the time in which a tenant that was seen counts, together with the one before: a tenant that asks for something
// now and then is not to find the processors taken each time anew.
const period = 2 * time.Second

// Shares divides the processors among the tenants that use them. While there are several, so many requests are at work at a time: each
// tenant may have its part of them at any time, at least one, and what nobody else uses besides, in turn with the others that wait.
// So the requests of one tenant, however many and expensive, delay those of another by what a few of them take, and no processor
// rests while somebody waits. A tenant that is alone has no bound here. It is safe for concurrent use.
type Shares struct {
	clock func() time.Time
	all   int

	mu           sync.Mutex
	now          int64 // number of the period
	seen, before int   // tenants in it, and in the one before
	working      int
	waiting      []*Share // those with a line, the next one first
}

// NewShares returns Shares of so many requests at work.
func NewShares(clock func() time.Time, all int) *Shares { return &Shares{clock: clock, all: all} }

// Share is one tenant's of Shares. Requests beyond it wait in line, those that came first are first.
type Share struct {
	of *Shares
	// The rest is guarded by of.mu.
	last    int64 // period in which the tenant was seen, plus one
	working int
	line    []chan struct{} // closed when it is a request's turn
}

// NewShare returns the share of one more tenant.
func (s *Shares) NewShare() *Share { return &Share{of: s} }

// Enter waits for a turn, which Leave gives back. It returns what Gate.Enter does.
func (s *Share) Enter(ctx context.Context) (retryAfter time.Duration, ok bool) {
	s.of.mu.Lock()
	s.note()
	if len(s.line) == 0 && (s.of.working < s.of.all || s.working < s.of.part()) {
		s.begin()
		s.of.mu.Unlock()
		return 0, true
	}
	turn := s.queue()
	s.of.mu.Unlock()
	return s.wait(ctx, turn)
}

func (s *Share) begin() {
	s.working++
	s.of.working++
}

// queue is the end of the tenant's line.
func (s *Share) queue() (turn chan struct{}) {
	turn = make(chan struct{})
	if s.line = append(s.line, turn); len(s.line) == 1 {
		s.of.waiting = append(s.of.waiting, s)
	}
	return turn
}

// unqueue takes a request out of the line.
func (s *Share) unqueue(i int) {
	if s.line = slices.Delete(s.line, i, i+1); len(s.line) == 0 {
		at := slices.Index(s.of.waiting, s)
		s.of.waiting = slices.Delete(s.of.waiting, at, at+1)
	}
}

func (s *Share) wait(ctx context.Context, turn chan struct{}) (retryAfter time.Duration, ok bool) {
	timer := time.NewTimer(longestWait)
	defer timer.Stop()
	select {
	case <-turn:
		return 0, true
	case <-ctx.Done():
		retryAfter = afterFull
	case <-timer.C:
		retryAfter = afterTimeout
	}
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	i := slices.Index(s.line, turn)
	if i < 0 { // its turn has come at the same moment
		return 0, true
	}
	s.unqueue(i)
	return retryAfter, false
}

// Leave gives the turn back that Enter has given. Who waits has requests of its tenant at work, as a part is never nothing, and
// needs no other call to go on.
func (s *Share) Leave() {
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	s.working--
	s.of.working--
	if len(s.line) > 0 {
		s.note()
	}
	for part := s.of.part(); len(s.line) > 0 && s.working < part; {
		s.next()
	}
	for len(s.of.waiting) > 0 && s.of.working < s.of.all {
		s.of.turn()
	}
}

// next gives the first in line its turn.
func (s *Share) next() {
	close(s.line[0])
	s.begin()
	s.unqueue(0)
}

// turn gives the next tenant in turn one of the places that are free.
func (s *Shares) turn() {
	first := s.waiting[0]
	s.waiting = append(s.waiting[1:], first)
	first.next()
}

// note counts the tenant as one of those that are there now.
func (s *Share) note() {
	now := s.of.clock().UnixNano() / int64(period)
	if now != s.of.now {
		if now != s.of.now+1 {
			s.of.seen = 0
		}
		s.of.now, s.of.before, s.of.seen = now, s.of.seen, 0
	}
	if s.last != now+1 {
		s.last = now + 1
		s.of.seen++
	}
}

// part is how many requests of one tenant may be at work whatever the others do.
func (s *Shares) part() int {
	tenants := max(s.seen, s.before)
	if tenants <= 1 {
		return math.MaxInt
	}
	return max(1, s.all/tenants)
}

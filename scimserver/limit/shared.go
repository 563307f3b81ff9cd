package limit

import (
	"context"
	"math"
	"sync"
	"time"
)

// Bucket is what the processes on one database take tokens from; store.Claims is one.
type Bucket interface {
	Grant(ctx context.Context, tenant, bucket string, rate, burst, want int) (granted int, err error)
}

// Times of a Shared.
const (
	ahead      = 200 * time.Millisecond // what is asked for lasts about so long
	idle       = time.Second            // tokens that nobody uses for so long are given up
	leastDry   = 50 * time.Millisecond  // between two questions to an empty bucket
	mostDry    = time.Second
	patience   = 300 * time.Millisecond // that a request waits for an answer
	askTimeout = 2 * time.Second
	lostFor    = 2 * time.Second // a bucket that does not answer is left alone
)

// Shares of a bucket.
const (
	portion   = 10  // one part of so many is the most that is asked for in advance
	trickle   = 100 // and of the rate what a process may use without asking, as few requests as nobody would notice
	fromBurst = 20  // and the burst from which on a process has one token without asking
)

// Shared is a Limiter whose rate and burst hold for all processes together, whichever of them the requests go to: it takes
// tokens from a common bucket, in advance where there are many requests, so that most of these wait for no answer. The
// first request does, and where the burst is less than 20 also others after a pause. As long as the bucket cannot be asked
// each process has the whole rate for itself. It is safe for concurrent use.
type Shared struct {
	bucket      Bucket
	tenant      string
	name        string
	rate, burst int
	spare       *Limiter // while the bucket is lost
	mu          sync.Mutex
	have        float64
	at          time.Time     // of the latest request
	used        int           // tokens since asked
	asked       time.Time     // when the bucket was asked last
	asking      chan struct{} // closed when the answer is there; nil: nothing is asked
	waiting     int           // requests that wait for it
	dry, lost   time.Time     // until when the bucket is not asked
}

// NewShared returns a Shared that takes from a tenant's bucket of the name. The rate is at least 1; a burst below one counts
// as the rate.
func NewShared(b Bucket, tenant, name string, requestsPerSecond, burst int) *Shared {
	if burst < 1 {
		burst = requestsPerSecond
	}
	return &Shared{
		bucket: b, tenant: tenant, name: name, rate: requestsPerSecond, burst: burst, spare: New(requestsPerSecond, burst),
	}
}

// Allow reports whether a request may pass now, as Limiter.Allow does.
func (s *Shared) Allow(now time.Time) (retryAfter time.Duration, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pass(now)
	for began, at := time.Now(), now; ; now = at.Add(time.Since(began)) {
		switch {
		case s.have >= 1:
			s.have--
			s.used++
			if s.short(now) && s.mayAsk(now) {
				s.ask(now)
			}
			return 0, true
		case now.Before(s.lost):
			return s.spare.Allow(now)
		case now.Before(s.dry):
			return s.retryAfter(), false
		case s.asking == nil:
			s.ask(now)
		}
		if !s.await(patience - time.Since(began)) {
			return s.spare.Allow(now)
		}
	}
}

// pass lets time pass until now.
func (s *Shared) pass(now time.Time) {
	most := 0.0
	if s.burst >= fromBurst {
		most = 1
	}
	if gone := now.Sub(s.at); gone > 0 && !s.at.IsZero() {
		if gone > idle {
			s.have = min(s.have, most)
		}
		s.have = max(s.have, min(most, s.have+gone.Seconds()*float64(s.rate)/trickle))
	}
	if now.After(s.at) {
		s.at = now
	}
}

// advance is what will be used in the time to come, if it is as it was.
func (s *Shared) advance(now time.Time) float64 {
	most := max(1, min(float64(s.rate), float64(s.burst))/portion)
	return min(most, s.demand(now)*ahead.Seconds())
}

// demand is how many tokens are wanted in a second, since the bucket was asked.
func (s *Shared) demand(now time.Time) float64 {
	return float64(s.used+s.waiting) / max(now.Sub(s.asked), time.Millisecond).Seconds()
}

// short tells whether requests would soon have to wait for the bucket.
func (s *Shared) short(now time.Time) bool {
	frequent := s.burst < fromBurst || s.demand(now) > float64(s.rate)/trickle
	return frequent && s.have < max(1, s.advance(now)/2)
}

func (s *Shared) mayAsk(now time.Time) bool {
	return s.asking == nil && !now.Before(s.dry) && !now.Before(s.lost)
}

// ask asks for what the waiting requests need, and for what will be used.
func (s *Shared) ask(now time.Time) {
	want := int(math.Ceil(float64(s.waiting+1) + s.advance(now) - s.have))
	s.used, s.asked, s.asking = 0, now, make(chan struct{})
	go s.take(now, max(want, 1))
}

func (s *Shared) take(began time.Time, want int) {
	start := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), askTimeout)
	defer cancel()
	granted, err := s.bucket.Grant(ctx, s.tenant, s.name, s.rate, s.burst, want)
	s.mu.Lock()
	defer s.mu.Unlock()
	now := began.Add(time.Since(start))
	switch {
	case err != nil:
		s.lost = now.Add(lostFor)
	case granted < want:
		s.dry = now.Add(min(max(leastDry, time.Second/time.Duration(s.rate)), mostDry))
	}
	s.have += float64(granted)
	close(s.asking)
	s.asking = nil
}

// await waits for the answer; s.mu is held but for the wait.
func (s *Shared) await(atMost time.Duration) (answered bool) {
	if s.asking == nil {
		return true
	}
	answer, timer := s.asking, time.NewTimer(atMost)
	defer timer.Stop()
	s.waiting++
	s.mu.Unlock()
	select {
	case <-answer:
		answered = true
	case <-timer.C:
	}
	s.mu.Lock()
	s.waiting--
	return answered
}

// retryAfter is when there is a token again, if nobody else takes it.
func (s *Shared) retryAfter() time.Duration {
	return time.Duration(max(1, math.Ceil((1-s.have)/float64(s.rate)))) * time.Second
}

package outbox

import "time"

// health is a circuit breaker: a receiver that fails again and again is left alone but for a try now and then.
type health struct {
	timing   Timing
	failures int       // in a row
	since    time.Time // of the first of them
	rests    int
	until    time.Time // nothing is sent before
}

func (h *health) resting() bool { return h.failures >= h.timing.OpenAfter }

// closedNow tells whether nothing may be sent at the moment.
func (h *health) closedNow(now time.Time) bool { return now.Before(h.until) }

// allowed is how many attempts may be under way.
func (h *health) allowed(now time.Time) int {
	switch {
	case now.Before(h.until):
		return 0
	case h.resting():
		return 1
	}
	return h.timing.Parallel
}

// dead tells whether the receiver has failed for so long that what waits for it is given up.
func (h *health) dead(now time.Time) bool {
	return h.resting() && now.Sub(h.since) >= h.timing.ParkAfter
}

// failed tells whether the receiver has begun to rest by it.
func (h *health) failed(now time.Time, retryAfter time.Duration) (began bool) {
	if h.failures == 0 {
		h.since = now
	}
	h.failures++
	if retryAfter > 0 {
		h.restUntil(now.Add(min(retryAfter, h.timing.ParkAfter)))
	}
	if !h.resting() {
		return false
	}
	began = h.failures == h.timing.OpenAfter
	if began || !now.Before(h.until) { // not for each of those that were under way when the rest began
		h.rests++
		h.restUntil(now.Add(wait(h.timing.FirstRest, h.timing.MaxRest, h.rests)))
	}
	return began
}

func (h *health) restUntil(at time.Time) {
	if at.After(h.until) {
		h.until = at
	}
}

// succeeded tells whether a rest has ended by it.
func (h *health) succeeded() (ended bool) {
	ended = h.resting()
	h.failures, h.rests, h.until = 0, 0, time.Time{}
	return ended
}

func (h *health) tryNow() { h.until = time.Time{} }

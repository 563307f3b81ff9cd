package limit

import (
	"math"
	"time"

	"golang.org/x/time/rate"
)

// Limiter is a token bucket: Burst requests at once, RequestsPerSecond in the long run. It is safe for concurrent use.
type Limiter struct {
	bucket *rate.Limiter
}

// New returns a Limiter. A rate of zero or less means no limit; a burst below one counts as the rate, and at least one.
func New(requestsPerSecond, burst int) *Limiter {
	if requestsPerSecond <= 0 {
		return &Limiter{bucket: rate.NewLimiter(rate.Inf, 0)}
	}
	if burst < 1 {
		burst = requestsPerSecond
	}
	return &Limiter{bucket: rate.NewLimiter(rate.Limit(requestsPerSecond), burst)}
}

// Allow reports whether a request may pass now. If not, retryAfter is the time until one may, in whole seconds and at
// least one: Retry-After knows no smaller unit.
func (l *Limiter) Allow(now time.Time) (retryAfter time.Duration, ok bool) {
	if l.bucket.AllowN(now, 1) {
		return 0, true
	}
	missing := 1 - l.bucket.TokensAt(now)
	seconds := math.Ceil(missing / float64(l.bucket.Limit()))
	return time.Duration(max(1, seconds)) * time.Second, false
}

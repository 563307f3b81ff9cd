package directory

import "sync/atomic"

// room lets creations pass uncounted while a tenant is far from its limit, since counting costs as much as a read.
type room struct{ uncounted atomic.Int64 }

// After a count this part of the room may be used uncounted, so that even many requests that count at the same time do not go
// beyond the limit by it; and no more, as there may be other servers.
const (
	uncountedPart = 64
	uncountedMost = 256
)

// pass tells whether one creation need not be counted.
func (r *room) pass() bool { return r.uncounted.Add(-1) >= 0 }

// counted takes note of how many resources there are.
func (r *room) counted(have, limit int64) {
	r.uncounted.Store(min((limit-have)/uncountedPart, uncountedMost))
}

package sqlite

import "time"

// maxSkipped is how many batches in a row do not wait after some that have waited in vain.
const maxSkipped = 64

// gathering foretells how many requests come together. Those who were answered after a sync mostly come again at once, and a
// commit that waits for them spares another one and its sync. As a batch waits no longer than a sync takes, waiting costs at
// most what it can spare, and where nobody comes it becomes rare.
type gathering struct {
	expected int // requests, with those whose sync is under way
	vain     int // batches to be skipped after the last wait in vain
	skip     int // those of them that are left
}

// saw is told how many requests were there at once.
func (g *gathering) saw(requests int) { g.expected = max(g.expected, requests) }

// incomplete tells whether a batch of so many requests is to wait for more.
func (g *gathering) incomplete(requests int) bool { return g.skip == 0 && requests < g.expected }

// ended is told of a batch: how many requests it has, whether it has waited, and whether one has come meanwhile.
func (g *gathering) ended(requests int, waited, joined bool) {
	switch {
	case !waited:
		g.skip = max(g.skip-1, 0)
		return
	case joined:
		g.vain = 0
	default:
		g.vain = min(max(2*g.vain, 1), maxSkipped)
		g.skip = g.vain
	}
	g.expected = requests
}

// afterTimer is time.After with one timer, for one wait at a time.
func afterTimer() func(time.Duration) <-chan time.Time {
	timer := time.NewTimer(0)
	return func(d time.Duration) <-chan time.Time {
		timer.Reset(d)
		return timer.C
	}
}

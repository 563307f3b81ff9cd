// Package faults breaks what is between an identity provider and the application: it kills the server, kills the
// application, and cuts the network between the two, while users come, change and go; and looks whether the application
// ends with the members that the server has, with nothing lost and everything in order. The server's clock jumps, too.
package faults

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/test/program"
	"github.com/scim-operator/scim-operator/test/setting"
)

const (
	writers     = 8
	leastFaults = 3 // in a run, however fast its operations are
)

// TestFaults does FAULT_OPERATIONS operations, 800 unless it is set, for each kind of fault.
func TestFaults(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs the server")
	}
	operations := int(setting.Number(t, "FAULT_OPERATIONS", 800))
	seed := setting.Number(t, "FAULT_SEED", rand.Uint64())
	t.Logf("FAULT_OPERATIONS=%d FAULT_SEED=%d", operations, seed)
	programs := build(t)
	for name, faults := range map[string][]fault{
		"server killed":      {killServer},
		"application killed": {killApplication},
		"network cut":        {cutNetwork},
		"clock moved":        {moveClock, moveClock, cutNetwork},
		"everything":         {killServer, killApplication, cutNetwork},
	} {
		t.Run(name, func(t *testing.T) {
			c := open(t, programs, seed, config.Asynchronous)
			c.run(operations, faults)
		})
	}
	t.Run("everything, synchronous", func(t *testing.T) {
		c := open(t, programs, seed, config.Synchronous)
		c.pause = 10 // so that the application is reached between faults, which every operation needs
		c.run(operations, []fault{killServer, killApplication, cutNetwork})
	})
}

// course is one run: a server, an application, the network between them, and the users.
type course struct {
	*testing.T
	site    *site
	asks    bool // the application is asked before the identity provider is answered
	rand    *rand.Rand
	mu      sync.Mutex
	users   map[string]person // as they must be in the end, by userName
	done    atomic.Int64
	retries atomic.Int64
	broken  atomic.Int64
	pause   int // factor of the time between faults
}

// person is a user as the identity provider wants it.
type person struct {
	id     string
	title  string
	active bool
}

func open(t *testing.T, p programs, seed uint64, mode string) *course {
	t.Helper()
	c := &course{T: t, asks: mode == config.Synchronous, site: newSite(t, p, mode), rand: rand.New(rand.NewPCG(seed, 1)), users: map[string]person{}, pause: 1}
	c.site.startApplication()
	c.site.startServer()
	return c
}

// run writes, breaks, mends, and compares.
func (c *course) run(operations int, faults []fault) {
	c.Helper()
	ctx, cancel := context.WithTimeout(c.Context(), 30*time.Minute)
	defer cancel()
	var work errgroup.Group
	for i := range writers {
		w := &writer{c: c, name: i, rand: rand.New(rand.NewPCG(c.rand.Uint64(), uint64(i)))}
		work.Go(func() error { return w.run(ctx, operations/writers) })
	}
	written := make(chan error, 1)
	go func() { written <- work.Wait() }()
	for {
		select {
		case err := <-written:
			if err != nil {
				c.Fatal(err)
			}
			c.compare(ctx)
			c.Logf("%d operations, %d of them tried again, %d faults, %d events, %d of them twice",
				c.done.Load(), c.retries.Load(), c.broken.Load(), c.site.events, c.site.duplicates)
			return
		case <-time.After(time.Duration(c.pause) * c.between(30, 300)):
			faults[c.rand.IntN(len(faults))](c)
			c.broken.Add(1)
		}
	}
}

// between is a time in milliseconds.
func (c *course) between(least, most int) time.Duration {
	return time.Duration(least+c.rand.IntN(most-least)) * time.Millisecond
}

// fault breaks something and mends it.
type fault func(c *course)

func killServer(c *course) {
	c.site.killServer()
	c.site.startServer()
}

func killApplication(c *course) {
	c.site.killApplication()
	wait(c.between(10, 1000))
	c.site.startApplication()
}

func cutNetwork(c *course) {
	c.site.wire.cut(severity(c.rand.IntN(int(severities))))
	wait(c.between(50, 2000))
	c.site.wire.mend()
}

// moveClock lets the server's wall clock jump back by up to 20 hours or forward by up to a minute, and home again. What is
// to be tried again at a time that a clock ahead of its time has given waits for that, so the minute is the time to catch up.
func moveClock(c *course) {
	server := c.site.now()
	clock, err := program.NewClock(server.PID())
	if errors.Is(err, errors.ErrUnsupported) {
		c.Skip("the clock of a process can be moved on Linux on amd64 only")
	}
	if err != nil {
		c.Fatal(err)
	}
	jump := -time.Duration(c.rand.IntN(20*60)) * time.Minute
	if c.rand.IntN(2) == 0 {
		jump = time.Duration(c.rand.IntN(60)) * time.Second
	}
	for _, offset := range []time.Duration{jump, 0} {
		if err := clock.Set(offset); err != nil {
			c.Fatal(err)
		}
		wait(c.between(10, 500))
	}
}

// wait lets some time pass for what is not to be waited for.
func wait(d time.Duration) { <-time.After(d) }

// errGone is the answer of a server that is not there.
var errGone = errors.New("no answer")

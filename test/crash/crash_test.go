// Package crash kills the real server program under write load, again and again on the same data, and looks whether
// everything that was acknowledged is there, and everything else is whole or absent.
package crash

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/scim-operator/scim-operator/test/program"
	"github.com/scim-operator/scim-operator/test/setting"
)

const parallelWriters = 8

// TestKill runs CRASH_ROUNDS rounds, 10 unless it is set, with the choices of CRASH_SEED.
func TestKill(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs the server")
	}
	rounds := int(setting.Number(t, "CRASH_ROUNDS", 10))
	seed := setting.Number(t, "CRASH_SEED", rand.Uint64())
	t.Logf("CRASH_ROUNDS=%d CRASH_SEED=%d", rounds, seed)
	c := newCourse(t, seed)
	for round := range rounds {
		c.round(t)
		if t.Failed() {
			t.Fatalf("in round %d", round+1)
		}
	}
	c.finish(t, rounds)
}

// course is the way through all rounds.
type course struct {
	site      *site
	rand      *rand.Rand
	writers   []*writer
	app       application
	contested atomic.Int64
	underWay  int // changes that a kill has met without an acknowledgement
	applied   int // those of them that were found
}

func newCourse(t *testing.T, seed uint64) *course {
	t.Helper()
	c := &course{site: newSite(t), rand: rand.New(rand.NewPCG(seed, 0)), app: application{members: map[string]member{}}}
	for i := range parallelWriters {
		c.writers = append(c.writers, newWriter(i+1, seed, &c.contested))
	}
	server := c.site.start(t)
	c.app.token = c.site.feedToken(t)
	client := newClient(server, c.site.tenant, 1)
	defer client.close()
	makeGroups(t, client, c.writers)
	kill(t, server)
	return c
}

// round starts the server, compares what it has with what was acknowledged, writes, and kills it.
func (c *course) round(t *testing.T) {
	t.Helper()
	if c.rand.IntN(4) == 0 {
		c.killWhileItStarts(t)
	}
	server := c.site.start(t)
	client := newClient(server, c.site.tenant, parallelWriters)
	defer client.close()
	c.compare(t, client)
	if t.Failed() {
		return
	}
	c.write(t, server, client)
}

// killWhileItStarts ends a server that may be repairing its database just then.
func (c *course) killWhileItStarts(t *testing.T) {
	t.Helper()
	server := c.site.launch(t)
	wait(time.Duration(c.rand.IntN(60)) * time.Millisecond)
	kill(t, server)
}

// wait lets some time pass for what is not to be waited for.
func wait(d time.Duration) { <-time.After(d) }

func (c *course) compare(t *testing.T, client *client) {
	t.Helper()
	f, err := look(t.Context(), client)
	if err != nil {
		t.Error(err)
	}
	if f == nil {
		return
	}
	if err := c.app.read(t.Context(), client); err != nil {
		t.Error(err)
	} else if err := c.app.compare(f); err != nil {
		t.Error(err)
	}
	for _, w := range c.writers {
		c.countUnderWay(w, f)
		if err := w.reconcile(f); err != nil {
			t.Error(err)
		}
	}
	for key := range f.cells {
		if err := c.strange(key); err != nil {
			t.Error(err)
		}
	}
}

// countUnderWay tells later whether the kills came at moments that mean something.
func (c *course) countUnderWay(w *writer, f *found) {
	if w.pending == nil {
		return
	}
	c.underWay++
	if compare(w.acknowledged, nil, f.of(w)) != nil {
		c.applied++
	}
}

// strange is the error for a cell that belongs to nobody.
func (c *course) strange(key string) error {
	for _, w := range c.writers {
		if w.owns(key) {
			return nil
		}
	}
	for i := range sharedGroups {
		if key == groupCell(sharedGroup(i)) {
			return nil
		}
	}
	return fmt.Errorf("nobody has written %s", key)
}

// write has everybody write until the server is killed.
func (c *course) write(t *testing.T, server *program.Server, client *client) {
	t.Helper()
	c.contested.Add(rivals) // a name of the round before may be given up in this one
	var killed atomic.Bool
	var group errgroup.Group
	for _, w := range c.writers {
		w.client = client
		group.Go(func() error {
			err := w.run(t.Context())
			if wrong := (*wrongAnswer)(nil); errors.As(err, &wrong) || !killed.Load() {
				return fmt.Errorf("writer %s: %w", w.name, err)
			}
			return nil
		})
	}
	wait(time.Duration(5+c.rand.IntN(300)) * time.Millisecond)
	killed.Store(true)
	c.site.end(t, server, c.rand)
	if err := group.Wait(); err != nil {
		t.Errorf("%v\n%s", err, server.LogTail())
	}
}

// finish looks a last time, and at the database itself.
func (c *course) finish(t *testing.T, rounds int) {
	t.Helper()
	c.site.checkDatabase(t) // as the last kill has left it
	server := c.site.start(t)
	client := newClient(server, c.site.tenant, 1)
	defer client.close()
	c.compare(t, client)
	stop(t, server)
	c.site.checkDatabase(t)
	writes := 0
	for _, w := range c.writers {
		writes += w.writes
	}
	t.Logf("%d rounds, %d acknowledged writes found, with %d events; of %d changes under way %d were found as a whole", rounds, writes, c.app.last, c.underWay, c.applied)
	if writes == 0 || c.app.last == 0 || c.underWay == 0 {
		t.Error("nothing was written, or no kill has met a change under way")
	}
}

package sqlite

import "math"

// Sizes of the log, in pages of 4 KiB.
const (
	logPages = 4000  // from here on pages are moved into the database
	logMost  = 16000 // here the writer waits for that; also where SQLite cuts the file off
)

// checkpointer moves pages from the log into the database, on a connection of its own: that takes the
// disk a long time, which the writer does not wait for. But it never sees the end of a log to which
// the writer always adds. So the writer moves the last pages itself, between two batches, whereupon
// SQLite begins the log anew.
type checkpointer struct {
	session *session
	from    int  // logPages
	most    int  // logMost
	busy    bool // known to the writer alone
	wake    chan struct{}
	left    chan int // pages that are left, each time it is through
}

func newCheckpointer(session *session) *checkpointer {
	c := &checkpointer{session: session, from: logPages, most: logMost, wake: make(chan struct{}), left: make(chan int)}
	go c.run()
	return c
}

func (c *checkpointer) run() {
	defer close(c.left)
	for range c.wake {
		c.left <- c.session.checkpoint()
	}
}

// tend keeps the log of a session short that has committed. A failure shows to who reads or writes
// the pages, if it lasts.
func (c *checkpointer) tend(writer *session) {
	pages := writer.conn.LogPages()
	switch {
	case !c.busy && pages >= c.from:
		c.busy = true
		c.wake <- struct{}{}
	case c.busy && c.through(pages >= c.most):
		c.busy = false
		writer.checkpoint()
	}
}

// through tells whether few enough pages are left for the writer. If it must be, it waits.
func (c *checkpointer) through(must bool) bool {
	if must {
		<-c.left
		return true
	}
	select {
	case left := <-c.left:
		c.busy = left <= c.from/16
		return c.busy
	default:
		return false
	}
}

func (c *checkpointer) close() error {
	close(c.wake)
	for range c.left { // what it was at work with
	}
	return c.session.close()
}

// checkpoint moves what no reader hinders to be moved, and returns how many pages are left.
func (s *session) checkpoint() (left int) {
	st, err := s.prepare("PRAGMA wal_checkpoint(PASSIVE)")
	if err != nil {
		return math.MaxInt
	}
	defer st.Reset()
	if row, err := st.Step(); err != nil || !row || st.Int64(0) != 0 {
		return math.MaxInt
	}
	return int(st.Int64(1) - st.Int64(2))
}

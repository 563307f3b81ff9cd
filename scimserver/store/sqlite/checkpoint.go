package sqlite

// Sizes of the log, in pages of 4 KiB.
const (
	logPages = 12000 // from here on pages are moved into the database, each once however often it has changed
	logMost  = 24000 // here the writer waits for that; also where SQLite cuts the file off
)

// checkpointer moves pages from the log into the database, on a connection of its own: that takes the
// disk a long time, which the writer does not wait for. But it never sees the end of a log to which
// the writer always adds. So the writer waits for the last pages, between two batches, whereupon
// SQLite begins the log anew.
type checkpointer struct {
	session *session
	from    int  // logPages
	most    int  // logMost
	busy    bool // known to the writer alone
	wake    chan struct{}
	moved   chan int // pages of the log that need not be moved any more, each time it is through
}

func newCheckpointer(session *session) *checkpointer {
	c := &checkpointer{session: session, from: logPages, most: logMost, wake: make(chan struct{}), moved: make(chan int)}
	go c.run()
	return c
}

func (c *checkpointer) run() {
	defer close(c.moved)
	for range c.wake {
		c.moved <- c.session.checkpoint()
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
	case c.busy && pages >= c.most:
		<-c.moved
		c.finish()
	case c.busy:
		c.look(pages)
	}
}

// look finishes the work if there are so few pages left that the writer can wait.
func (c *checkpointer) look(pages int) {
	select {
	case moved := <-c.moved:
		if c.busy = false; pages-moved <= c.from/16 {
			c.finish()
		}
	default:
	}
}

// finish waits until the pages are moved that are left.
func (c *checkpointer) finish() {
	c.wake <- struct{}{}
	<-c.moved
	c.busy = false
}

func (c *checkpointer) close() error {
	close(c.wake)
	for range c.moved { // what it was at work with
	}
	return c.session.close()
}

// checkpoint moves what no reader hinders to be moved, and returns how many pages of the log that are.
func (s *session) checkpoint() (moved int) {
	st, err := s.prepare("PRAGMA wal_checkpoint(PASSIVE)")
	if err != nil {
		return 0
	}
	defer st.Reset()
	if row, err := st.Step(); err != nil || !row || st.Int64(0) != 0 {
		return 0
	}
	return int(st.Int64(2))
}

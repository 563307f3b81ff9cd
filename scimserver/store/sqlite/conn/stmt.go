package conn

import (
	"errors"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// Stmt is a prepared statement. The first error of a Bind method is kept and returned by Step.
type Stmt struct {
	c       *Conn
	p       uintptr
	scratch uintptr // C memory that holds the bound text, reused by every execution
	size    int
	used    int
	spill   []uintptr // where scratch was too small
	err     error
	uses    uses
}

// Prepare compiles one statement.
func (c *Conn) Prepare(sql string) (*Stmt, error) {
	text, err := libc.CString(sql)
	if err != nil {
		return nil, err
	}
	defer libc.Xfree(c.tls, text)
	out := c.tls.Alloc(2 * word)
	defer c.tls.Free(2 * word)
	c.forgetUses()
	rc := sqlite3.Xsqlite3_prepare_v3(c.tls, c.db, text, int32(len(sql)+1),
		sqlite3.SQLITE_PREPARE_PERSISTENT, out, out+uintptr(word))
	if rc != sqlite3.SQLITE_OK {
		return nil, c.error(rc)
	}
	s := &Stmt{c: c, p: *(*uintptr)(pointer(out)), uses: c.compiled()}
	if s.p == 0 {
		return nil, errors.New("sqlite: no statement in the text")
	}
	c.stmts[s] = struct{}{}
	return s, nil
}

// Reads returns the tables that the statement reads, and Writes those that it changes.
func (s *Stmt) Reads() Tables { return s.uses.reads }

// Writes returns the tables that the statement changes.
func (s *Stmt) Writes() Tables { return s.uses.writes }

// Close frees the statement.
func (s *Stmt) Close() {
	if s.p == 0 {
		return
	}
	sqlite3.Xsqlite3_finalize(s.c.tls, s.p)
	s.freeText()
	libc.Xfree(s.c.tls, s.scratch)
	delete(s.c.stmts, s)
	s.p, s.scratch, s.size = 0, 0, 0
}

// Step runs the statement to its next row and tells whether there is one.
func (s *Stmt) Step() (bool, error) {
	if s.err != nil {
		return false, s.err
	}
	switch rc := sqlite3.Xsqlite3_step(s.c.tls, s.p); rc {
	case sqlite3.SQLITE_ROW:
		return true, nil
	case sqlite3.SQLITE_DONE:
		return false, nil
	default:
		return false, s.c.error(rc)
	}
}

// Reset ends the execution and forgets the bound values.
func (s *Stmt) Reset() {
	sqlite3.Xsqlite3_reset(s.c.tls, s.p)
	s.freeText()
	s.err = nil
}

// Exec runs the statement to its end and resets it.
func (s *Stmt) Exec() error {
	defer s.Reset()
	for {
		if row, err := s.Step(); err != nil || !row {
			return err
		}
	}
}

// Int returns the first column of the first row, 0 if there is none, and resets the statement.
func (s *Stmt) Int() (int64, error) {
	defer s.Reset()
	row, err := s.Step()
	if err != nil || !row {
		return 0, err
	}
	return s.Int64(0), nil
}

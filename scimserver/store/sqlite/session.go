package sqlite

import (
	"context"
	"fmt"

	"github.com/scim-operator/scim-operator/scimserver/store/sqlite/conn"
)

// maxQueryText bounds the text of the prepared statements that filters make, in bytes; SQLite needs
// about ten times as much for them.
const maxQueryText = 64 << 10

// session is a connection with the statements it has prepared, by their text.
type session struct {
	conn      *conn.Conn
	stmts     map[string]*conn.Stmt // those of this package
	queries   map[string]*conn.Stmt // those made for filters
	queryText int
	scratch   scratch

	reads  conn.Tables // of the statements prepared since somebody set it to none
	writes conn.Tables // the same
}

// openSession opens the file and sets the connection up.
func openSession(path string, pragmas []string) (*session, error) {
	c, err := conn.Open(path, functions...)
	if err != nil {
		return nil, err
	}
	for _, p := range pragmas {
		if err := c.Exec("PRAGMA " + p); err != nil {
			c.Close()
			return nil, fmt.Errorf("pragma %s: %w", p, err)
		}
	}
	return &session{conn: c, stmts: map[string]*conn.Stmt{}, queries: map[string]*conn.Stmt{}}, nil
}

// prepare returns the statement for a text of this package. It must not be in use.
func (s *session) prepare(sql string) (*conn.Stmt, error) {
	st, ok := s.stmts[sql]
	if !ok {
		var err error
		if st, err = s.conn.Prepare(sql); err != nil {
			return nil, err
		}
		s.stmts[sql] = st
	}
	s.note(st)
	return st, nil
}

// note remembers what a statement is about to use.
func (s *session) note(st *conn.Stmt) {
	s.reads |= st.Reads()
	s.writes |= st.Writes()
}

// prepareQuery returns the statement for a text made for a filter. The next call may close it.
func (s *session) prepareQuery(sql string) (*conn.Stmt, error) {
	if st, ok := s.queries[sql]; ok {
		s.note(st)
		return st, nil
	}
	if s.queryText+len(sql) > maxQueryText {
		s.forgetQueries()
	}
	st, err := s.conn.Prepare(sql)
	if err != nil {
		return nil, err
	}
	s.queries[sql] = st
	s.queryText += len(sql)
	s.note(st)
	return st, nil
}

func (s *session) forgetQueries() {
	for _, st := range s.queries {
		st.Close()
	}
	clear(s.queries)
	s.queryText = 0
}

// exec runs a statement without parameters.
func (s *session) exec(sql string) error {
	st, err := s.prepare(sql)
	if err != nil {
		return err
	}
	return st.Exec()
}

// execInts runs a statement whose parameters are integers.
func (s *session) execInts(sql string, args ...int64) error {
	st, err := s.prepare(sql)
	if err != nil {
		return err
	}
	for i, v := range args {
		st.BindInt64(i+1, v)
	}
	return st.Exec()
}

// watch interrupts the running statement when ctx ends. The function it returns ends the watch, and
// must be called before the session is used for anything else.
func (s *session) watch(ctx context.Context) (stop func()) {
	if ctx.Done() == nil {
		return func() {}
	}
	interrupted := make(chan struct{})
	cancel := context.AfterFunc(ctx, func() {
		s.conn.Interrupt()
		close(interrupted)
	})
	return func() {
		if !cancel() {
			<-interrupted
		}
	}
}

// rollback ends the transaction, if SQLite has not done so.
func (s *session) rollback() {
	if s.conn.InTransaction() {
		_ = s.exec("ROLLBACK") // a failure shows at the next BEGIN
	}
}

func (s *session) close() error { return s.conn.Close() }

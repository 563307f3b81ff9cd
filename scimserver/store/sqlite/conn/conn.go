package conn

import (
	"errors"
	"fmt"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// Conn is a connection to a database file. It is for one goroutine at a time, except Interrupt.
type Conn struct {
	tls   *libc.TLS
	db    uintptr
	stmts map[*Stmt]struct{}

	logPages uintptr // C memory
	uses     uintptr // the same, of a uses
	log      *logWriter
}

// word is the size of a C pointer.
const word = int(unsafe.Sizeof(uintptr(0)))

// vfs is the part of SQLite that reads and writes files. This one knows that no other process uses the file: it keeps the
// index of the write-ahead log in memory that the connections of this process share, and so spares every transaction two
// system calls for locks.
const vfs = "unix-excl"

// Open opens the file at path, which must exist, and adds the SQL functions to the connection. Until all connections of the
// process to the file are closed no other process can use it.
func Open(path string, functions ...*Function) (*Conn, error) {
	c := &Conn{tls: libc.NewTLS(), stmts: map[*Stmt]struct{}{}}
	if err := c.open(path); err != nil {
		c.tls.Close()
		return nil, err
	}
	sqlite3.Xsqlite3_extended_result_codes(c.tls, c.db, 1)
	c.keepPlans()
	c.watchLog()
	c.watchTables()
	for _, f := range functions {
		if err := c.add(f); err != nil {
			return nil, errors.Join(err, c.Close())
		}
	}
	return c, nil
}

func (c *Conn) open(path string) error {
	name, err := libc.CString(path)
	if err != nil {
		return err
	}
	defer libc.Xfree(c.tls, name)
	module, err := libc.CString(vfs)
	if err != nil {
		return err
	}
	defer libc.Xfree(c.tls, module)
	handle := c.tls.Alloc(word)
	defer c.tls.Free(word)
	const flags = sqlite3.SQLITE_OPEN_READWRITE | sqlite3.SQLITE_OPEN_NOMUTEX
	rc := sqlite3.Xsqlite3_open_v2(c.tls, name, handle, flags, module)
	c.db = *(*uintptr)(pointer(handle))
	if rc != sqlite3.SQLITE_OK {
		defer sqlite3.Xsqlite3_close_v2(c.tls, c.db)
		return c.error(rc)
	}
	return nil
}

// keepPlans makes SQLite keep the plan of a prepared statement whatever is bound to it. Else it compiles statements anew
// each time a parameter is bound that might make a partial index useful.
func (c *Conn) keepPlans() {
	c.configure(sqlite3.SQLITE_DBCONFIG_ENABLE_QPSG)
}

// configure switches an option on.
func (c *Conn) configure(option int32) {
	const size = 2 * 8 // of the variable arguments: on, and no pointer to the outcome
	args := c.tls.Alloc(size)
	defer c.tls.Free(size)
	sqlite3.Xsqlite3_db_config(c.tls, c.db, option, libc.VaList(args, int32(1), uintptr(0)))
}

// pointer turns the address of C memory, which the garbage collector does not know, into a pointer.
func pointer(address uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&address)) }

// Close finalizes the statements and closes the connection.
func (c *Conn) Close() error {
	for s := range c.stmts {
		s.Close()
	}
	if c.log != nil {
		c.log.end(c.tls)
	}
	rc := sqlite3.Xsqlite3_close_v2(c.tls, c.db)
	libc.Xfree(c.tls, c.logPages)
	libc.Xfree(c.tls, c.uses)
	c.tls.Close()
	if rc != sqlite3.SQLITE_OK {
		return &Error{Code: int(rc), Message: "close database"}
	}
	return nil
}

// Interrupt makes the running statement of the connection fail with Interrupted. Any goroutine may
// call it before Close.
func (c *Conn) Interrupt() {
	tls := libc.NewTLS()
	defer tls.Close()
	sqlite3.Xsqlite3_interrupt(tls, c.db)
}

// InTransaction tells whether a transaction is open. SQLite ends one by itself on some errors.
func (c *Conn) InTransaction() bool {
	return sqlite3.Xsqlite3_get_autocommit(c.tls, c.db) == 0
}

// Changes returns the number of rows that the last INSERT, UPDATE or DELETE changed.
func (c *Conn) Changes() int64 { return sqlite3.Xsqlite3_changes64(c.tls, c.db) }

// TotalChanges returns the number of rows that were changed since the connection was opened, also by
// what was rolled back later.
func (c *Conn) TotalChanges() int64 { return sqlite3.Xsqlite3_total_changes64(c.tls, c.db) }

// LastInsertID returns the rowid of the last INSERT into a table that has one.
func (c *Conn) LastInsertID() int64 { return sqlite3.Xsqlite3_last_insert_rowid(c.tls, c.db) }

// Exec prepares and runs one statement without parameters, ignoring its rows.
func (c *Conn) Exec(sql string) error {
	s, err := c.Prepare(sql)
	if err != nil {
		return err
	}
	defer s.Close()
	return s.Exec()
}

// Error is a failure that SQLite reports.
type Error struct {
	Code    int // extended result code
	Message string
}

func (e *Error) Error() string { return fmt.Sprintf("sqlite: %s (%d)", e.Message, e.Code) }

// Primary returns the result code without its extension.
func (e *Error) Primary() int { return e.Code & 0xff }

func (c *Conn) error(rc int32) error {
	message := libc.GoString(sqlite3.Xsqlite3_errstr(c.tls, rc))
	if c.db != 0 && sqlite3.Xsqlite3_extended_errcode(c.tls, c.db)&0xff == rc&0xff {
		message = libc.GoString(sqlite3.Xsqlite3_errmsg(c.tls, c.db))
	}
	return &Error{Code: int(rc), Message: message}
}

// Code returns the extended result code of an error of SQLite, 0 for any other.
func Code(err error) int {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return 0
}

package conn

import (
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// watchLog has SQLite tell, after each commit, how many pages the write-ahead log has. It replaces
// the automatic checkpoints of the connection.
func (c *Conn) watchLog() {
	c.logPages = libc.Xcalloc(c.tls, 1, libc.Tsize_t(word))
	if c.logPages == 0 {
		panic("sqlite: out of memory")
	}
	sqlite3.Xsqlite3_wal_hook(c.tls, c.db, loggedPointer(), c.logPages)
}

// loggedPointer is the address of logged as C code takes it.
func loggedPointer() uintptr {
	return *(*uintptr)(unsafe.Pointer(&struct {
		f func(*libc.TLS, uintptr, uintptr, uintptr, int32) int32
	}{logged}))
}

func logged(_ *libc.TLS, out, _, _ uintptr, pages int32) int32 {
	*(*int32)(pointer(out)) = pages
	return sqlite3.SQLITE_OK
}

// LogPages returns how many pages the write-ahead log had after the last commit of the connection.
func (c *Conn) LogPages() int { return int(*(*int32)(pointer(c.logPages))) }

// KeepLog has Close leave the log as it is, also if the connection is the last one.
func (c *Conn) KeepLog() { c.configure(sqlite3.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE) }

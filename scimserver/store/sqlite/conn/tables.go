package conn

import (
	"sync"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// Tables is a set of tables of databases, by their names. Those beyond the first 63 that a process meets count as one.
type Tables uint64

// tableNumbers are the bits of Tables, in the order in which the process has met the names.
var tableNumbers struct {
	sync.Mutex
	byName map[string]uint
}

const lastTable = 63

// TablesNamed returns the set of the tables with these names.
func TablesNamed(names ...string) (t Tables) {
	tableNumbers.Lock()
	defer tableNumbers.Unlock()
	if tableNumbers.byName == nil {
		tableNumbers.byName = make(map[string]uint)
	}
	for _, name := range names {
		n, ok := tableNumbers.byName[name]
		if !ok {
			n = min(uint(len(tableNumbers.byName)), lastTable)
			tableNumbers.byName[name] = n
		}
		t |= 1 << n
	}
	return t
}

// uses is what the statement that is compiled reads and writes.
type uses struct{ reads, writes Tables }

// watchTables has SQLite tell what each statement uses. It asks, while it compiles one, whether each use is allowed.
func (c *Conn) watchTables() {
	c.uses = libc.Xcalloc(c.tls, 1, libc.Tsize_t(unsafe.Sizeof(uses{})))
	if c.uses == 0 {
		panic("sqlite: out of memory")
	}
	sqlite3.Xsqlite3_set_authorizer(c.tls, c.db, address[authorizer](authorize), c.uses)
}

type authorizer = func(tls *libc.TLS, out uintptr, action int32, name, column, database, trigger uintptr) int32

func authorize(_ *libc.TLS, out uintptr, action int32, name, _, _, _ uintptr) int32 {
	u := (*uses)(pointer(out))
	switch action {
	case sqlite3.SQLITE_READ:
		u.reads |= TablesNamed(libc.GoString(name))
	case sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE:
		u.writes |= TablesNamed(libc.GoString(name))
	}
	return sqlite3.SQLITE_OK
}

// compiled returns what the statement compiled last uses. SQLite does not ask about what it does in its own schema.
func (c *Conn) compiled() uses { return *(*uses)(pointer(c.uses)) }

func (c *Conn) forgetUses() { *(*uses)(pointer(c.uses)) = uses{} }

package conn

import (
	"sync"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// pageSize is that of the databases, in bytes.
const pageSize = 4096

// reserve lets ReservePages work once.
var reserve sync.Once

// ReservePages makes all connections of the process share memory for n pages. Once it is full they take over, when they need
// a page, the one that none of them has used for longest.
//
// Without it each connection may have as many pages as its cache_size says. But SQLite was compiled to keep the pages of all
// caches in one list: a full cache takes over a page of another one, which takes new memory when it needs one again. So there
// come to be as many pages as all caches may have together, and from then on SQLite frees each page as soon as it is not used.
//
// It must be called before a database is opened; the first call counts, and a later one does nothing.
func ReservePages(n int) {
	reserve.Do(func() {
		tls := libc.NewTLS()
		defer tls.Close()
		size := pageSize + headerSize(tls)
		memory := libc.Xmalloc(tls, libc.Tsize_t(n*size))
		if memory == 0 {
			return
		}
		if config(tls, sqlite3.SQLITE_CONFIG_PAGECACHE, memory, int32(size), int32(n)) != sqlite3.SQLITE_OK {
			libc.Xfree(tls, memory) // a database is open
		}
	})
}

// headerSize is what SQLite keeps of a page beside it, in bytes.
func headerSize(tls *libc.TLS) int {
	out := tls.Alloc(word)
	defer tls.Free(word)
	*(*int32)(pointer(out)) = 0
	config(tls, sqlite3.SQLITE_CONFIG_PCACHE_HDRSZ, out)
	return int(*(*int32)(pointer(out)))
}

func config(tls *libc.TLS, option int32, values ...any) int32 {
	size := int(unsafe.Sizeof(uint64(0))) * len(values)
	args := tls.Alloc(size)
	defer tls.Free(size)
	return sqlite3.Xsqlite3_config(tls, option, libc.VaList(args, values...))
}

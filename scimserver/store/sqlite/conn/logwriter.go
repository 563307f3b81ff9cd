package conn

import (
	"fmt"
	"runtime"
	"sync"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// logWriter stands between a connection and its write-ahead log. SQLite writes each page of a commit by two system calls,
// and syncs the log behind the last one. Here they become one write, at the time of that sync.
type logWriter struct {
	file    uintptr // sqlite3_file of the log
	real    uintptr // its sqlite3_io_methods
	methods uintptr // those that are used instead, in C memory
	buffer  []byte
	at      int64 // place of buffer in the file
	header  bool  // it was written and not synced
}

// mostGathered bounds what is gathered, in bytes. SQLite writes no more at once.
const mostGathered = 1<<17 - 1

// logWriters holds what C code cannot refer to, by the address of the file.
var logWriters struct {
	sync.RWMutex
	byFile map[uintptr]*logWriter
}

// DelaySync leaves it to the caller to sync the write-ahead log: a commit is complete in the file when COMMIT returns, and
// durable when the file has been synced after that. What SQLite must know to be durable for its own ends it syncs still. The
// connection must be in WAL mode with synchronous=FULL, have read something, and make no checkpoints before Close.
func (c *Conn) DelaySync() error {
	out := c.tls.Alloc(word)
	defer c.tls.Free(word)
	rc := sqlite3.Xsqlite3_file_control(c.tls, c.db, 0, sqlite3.SQLITE_FCNTL_JOURNAL_POINTER, out)
	file := *(*uintptr)(pointer(out))
	if rc != sqlite3.SQLITE_OK || methodsOf(file) == 0 {
		return fmt.Errorf("sqlite: no write-ahead log (%d)", rc)
	}
	size := unsafe.Sizeof(sqlite3.Tsqlite3_io_methods{})
	w := &logWriter{file: file, real: methodsOf(file), methods: libc.Xmalloc(c.tls, libc.Tsize_t(size))}
	if w.methods == 0 {
		panic("sqlite: out of memory")
	}
	*ioMethods(w.methods) = *ioMethods(w.real)
	w.replace(ioMethods(w.methods))
	logWriters.Lock()
	defer logWriters.Unlock()
	if logWriters.byFile == nil {
		logWriters.byFile = make(map[uintptr]*logWriter)
	}
	logWriters.byFile[file] = w
	setMethods(file, w.methods)
	c.log = w
	return nil
}

// end gives the file back to SQLite.
func (w *logWriter) end(tls *libc.TLS) {
	setMethods(w.file, w.real)
	logWriters.Lock()
	delete(logWriters.byFile, w.file)
	logWriters.Unlock()
	libc.Xfree(tls, w.methods)
}

func ioMethods(p uintptr) *sqlite3.Tsqlite3_io_methods {
	return (*sqlite3.Tsqlite3_io_methods)(pointer(p))
}

func methodsOf(file uintptr) uintptr { return (*sqlite3.Tsqlite3_file)(pointer(file)).FpMethods }

func setMethods(file, methods uintptr) { (*sqlite3.Tsqlite3_file)(pointer(file)).FpMethods = methods }

func logWriterOf(file uintptr) *logWriter {
	logWriters.RLock()
	defer logWriters.RUnlock()
	return logWriters.byFile[file]
}

// The types of the methods as C code has them.
type (
	transfer = func(tls *libc.TLS, file, data uintptr, n int32, at int64) int32
	truncate = func(tls *libc.TLS, file uintptr, size int64) int32
	syncFile = func(tls *libc.TLS, file uintptr, flags int32) int32
	sizeFile = func(tls *libc.TLS, file, out uintptr) int32
)

// address is that of a function as C code takes it, and function the reverse.
func address[F any](f F) uintptr { return *(*uintptr)(unsafe.Pointer(&struct{ f F }{f})) }

func function[F any](p uintptr) F { return *(*F)(unsafe.Pointer(&struct{ p uintptr }{p})) }

// replace sets the methods that would not see what is gathered.
func (w *logWriter) replace(m *sqlite3.Tsqlite3_io_methods) {
	m.FxWrite = address[transfer](func(tls *libc.TLS, file, data uintptr, n int32, at int64) int32 {
		return logWriterOf(file).write(tls, unsafe.Slice((*byte)(pointer(data)), int(n)), at)
	})
	m.FxSync = address[syncFile](func(tls *libc.TLS, file uintptr, flags int32) int32 {
		return logWriterOf(file).sync(tls, flags)
	})
	m.FxRead = address[transfer](func(tls *libc.TLS, file, data uintptr, n int32, at int64) int32 {
		w := logWriterOf(file)
		return w.then(tls, func() int32 { return function[transfer](ioMethods(w.real).FxRead)(tls, file, data, n, at) })
	})
	m.FxTruncate = address[truncate](func(tls *libc.TLS, file uintptr, size int64) int32 {
		w := logWriterOf(file)
		return w.then(tls, func() int32 { return function[truncate](ioMethods(w.real).FxTruncate)(tls, file, size) })
	})
	m.FxFileSize = address[sizeFile](func(tls *libc.TLS, file, out uintptr) int32 {
		w := logWriterOf(file)
		return w.then(tls, func() int32 { return function[sizeFile](ioMethods(w.real).FxFileSize)(tls, file, out) })
	})
}

// write gathers what follows what is gathered.
func (w *logWriter) write(tls *libc.TLS, data []byte, at int64) int32 {
	if len(w.buffer) > 0 && (at != w.at+int64(len(w.buffer)) || len(w.buffer)+len(data) > mostGathered) {
		if rc := w.flush(tls); rc != sqlite3.SQLITE_OK {
			return rc
		}
	}
	if len(w.buffer) == 0 {
		w.at = at
	}
	w.header = w.header || at == 0
	w.buffer = append(w.buffer, data...)
	return sqlite3.SQLITE_OK
}

// flush writes what is gathered into the file.
func (w *logWriter) flush(tls *libc.TLS) int32 {
	if len(w.buffer) == 0 {
		return sqlite3.SQLITE_OK
	}
	data := w.buffer
	w.buffer = w.buffer[:0]
	defer runtime.KeepAlive(data)
	return function[transfer](ioMethods(w.real).FxWrite)(tls, w.file, uintptr(unsafe.Pointer(&data[0])), int32(len(data)), w.at)
}

// sync writes what is gathered. The header of a log that begins anew must be durable before the pages that follow it.
func (w *logWriter) sync(tls *libc.TLS, flags int32) int32 {
	return w.then(tls, func() int32 {
		if !w.header {
			return sqlite3.SQLITE_OK
		}
		w.header = false
		return function[syncFile](ioMethods(w.real).FxSync)(tls, w.file, flags)
	})
}

func (w *logWriter) then(tls *libc.TLS, next func() int32) int32 {
	if rc := w.flush(tls); rc != sqlite3.SQLITE_OK {
		return rc
	}
	return next()
}

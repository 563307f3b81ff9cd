package conn

import (
	"fmt"
	"sync"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// Function is a deterministic SQL function.
type Function struct {
	Name string
	Args int
	Call func(*Call)

	once sync.Once
	id   uintptr
}

// Call is one call of a function. Without a result the function returns NULL.
type Call struct {
	tls  *libc.TLS
	ctx  uintptr
	argv uintptr
}

// functions holds what SQLite was given, by id, as it can keep no Go pointer.
var functions struct {
	sync.RWMutex
	list []*Function
}

func (c *Conn) add(f *Function) error {
	f.once.Do(func() {
		functions.Lock()
		defer functions.Unlock()
		f.id = uintptr(len(functions.list))
		functions.list = append(functions.list, f)
	})
	name, err := libc.CString(f.Name)
	if err != nil {
		return err
	}
	defer libc.Xfree(c.tls, name)
	const flags = sqlite3.SQLITE_UTF8 | sqlite3.SQLITE_DETERMINISTIC | sqlite3.SQLITE_INNOCUOUS
	rc := sqlite3.Xsqlite3_create_function_v2(c.tls, c.db, name, int32(f.Args), flags, f.id, callPointer(), 0, 0, 0)
	if rc != sqlite3.SQLITE_OK {
		return fmt.Errorf("add function %s: %w", f.Name, c.error(rc))
	}
	return nil
}

// callPointer is the address of call as C code takes it.
func callPointer() uintptr {
	return *(*uintptr)(unsafe.Pointer(&struct {
		f func(*libc.TLS, uintptr, int32, uintptr)
	}{call}))
}

func call(tls *libc.TLS, ctx uintptr, _ int32, argv uintptr) {
	functions.RLock()
	f := functions.list[sqlite3.Xsqlite3_user_data(tls, ctx)]
	functions.RUnlock()
	f.Call(&Call{tls: tls, ctx: ctx, argv: argv})
}

func (c *Call) arg(i int) uintptr {
	return *(*uintptr)(pointer(c.argv + uintptr(i*word)))
}

// IsText tells whether argument i, counted from 0, is a text.
func (c *Call) IsText(i int) bool {
	return sqlite3.Xsqlite3_value_type(c.tls, c.arg(i)) == sqlite3.SQLITE_TEXT
}

// Bytes returns argument i, text or blob, in memory that is valid during the call.
func (c *Call) Bytes(i int) []byte {
	p := sqlite3.Xsqlite3_value_blob(c.tls, c.arg(i))
	if p == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(pointer(p)), int(sqlite3.Xsqlite3_value_bytes(c.tls, c.arg(i))))
}

// Same makes argument i the result.
func (c *Call) Same(i int) { sqlite3.Xsqlite3_result_value(c.tls, c.ctx, c.arg(i)) }

// Text sets the result.
func (c *Call) Text(s string) {
	p, free := c.copy(unsafe.Slice(unsafe.StringData(s), len(s)))
	defer free()
	sqlite3.Xsqlite3_result_text(c.tls, c.ctx, p, int32(len(s)), sqlite3.SQLITE_TRANSIENT)
}

// Blob sets the result.
func (c *Call) Blob(b []byte) {
	p, free := c.copy(b)
	defer free()
	sqlite3.Xsqlite3_result_blob(c.tls, c.ctx, p, int32(len(b)), sqlite3.SQLITE_TRANSIENT)
}

// Int64 sets the result.
func (c *Call) Int64(n int64) { sqlite3.Xsqlite3_result_int64(c.tls, c.ctx, n) }

// Float64 sets the result.
func (c *Call) Float64(f float64) { sqlite3.Xsqlite3_result_double(c.tls, c.ctx, f) }

// Bool sets the result to 1 or 0.
func (c *Call) Bool(b bool) { sqlite3.Xsqlite3_result_int(c.tls, c.ctx, libc.Bool32(b)) }

// copy places b in C memory.
func (c *Call) copy(b []byte) (p uintptr, free func()) {
	if len(b) == 0 {
		return empty, func() {}
	}
	p = c.tls.Alloc(len(b))
	copy(unsafe.Slice((*byte)(pointer(p)), len(b)), b)
	return p, func() { c.tls.Free(len(b)) }
}

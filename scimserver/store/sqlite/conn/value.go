package conn

import (
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

const firstScratch = 256

// empty is what an empty text points to, as a null pointer would bind NULL.
var empty = func() uintptr {
	p, err := libc.CString("")
	if err != nil {
		panic(err)
	}
	return p
}()

// BindInt64 sets parameter i, counted from 1.
func (s *Stmt) BindInt64(i int, v int64) {
	s.check(sqlite3.Xsqlite3_bind_int64(s.c.tls, s.p, int32(i), v))
}

// BindFloat64 sets parameter i.
func (s *Stmt) BindFloat64(i int, v float64) {
	s.check(sqlite3.Xsqlite3_bind_double(s.c.tls, s.p, int32(i), v))
}

// BindBool sets parameter i to 1 or 0.
func (s *Stmt) BindBool(i int, v bool) {
	var n int64
	if v {
		n = 1
	}
	s.BindInt64(i, n)
}

// BindNull sets parameter i.
func (s *Stmt) BindNull(i int) { s.check(sqlite3.Xsqlite3_bind_null(s.c.tls, s.p, int32(i))) }

// BindText sets parameter i to a text.
func (s *Stmt) BindText(i int, v string) {
	p := s.copy(unsafe.Slice(unsafe.StringData(v), len(v)))
	s.check(sqlite3.Xsqlite3_bind_text(s.c.tls, s.p, int32(i), p, int32(len(v)), 0))
}

// BindTextBytes sets parameter i to a text.
func (s *Stmt) BindTextBytes(i int, v []byte) {
	s.check(sqlite3.Xsqlite3_bind_text(s.c.tls, s.p, int32(i), s.copy(v), int32(len(v)), 0))
}

// BindBlob sets parameter i to a blob.
func (s *Stmt) BindBlob(i int, v []byte) {
	s.check(sqlite3.Xsqlite3_bind_blob(s.c.tls, s.p, int32(i), s.copy(v), int32(len(v)), 0))
}

func (s *Stmt) check(rc int32) {
	if rc != sqlite3.SQLITE_OK && s.err == nil {
		s.err = s.c.error(rc)
	}
}

// copy places v in C memory that stays until Reset.
func (s *Stmt) copy(v []byte) uintptr {
	if len(v) == 0 {
		return empty
	}
	p := s.room(len(v))
	copy(unsafe.Slice((*byte)(pointer(p)), len(v)), v)
	return p
}

func (s *Stmt) room(n int) uintptr {
	if s.used+n > s.size {
		return s.grow(n)
	}
	p := s.scratch + uintptr(s.used)
	s.used += n
	return p
}

// grow replaces the scratch memory by a larger one. The old one may hold bound values until Reset.
func (s *Stmt) grow(n int) uintptr {
	size := max(firstScratch, 2*s.size, 2*n)
	p := libc.Xmalloc(s.c.tls, libc.Tsize_t(size))
	if p == 0 {
		panic("sqlite: out of memory")
	}
	if s.scratch != 0 {
		s.spill = append(s.spill, s.scratch)
	}
	s.scratch, s.size, s.used = p, size, n
	return p
}

func (s *Stmt) freeText() {
	for _, p := range s.spill {
		libc.Xfree(s.c.tls, p)
	}
	s.spill, s.used = s.spill[:0], 0
}

// Columns is the number of columns.
func (s *Stmt) Columns() int { return int(sqlite3.Xsqlite3_column_count(s.c.tls, s.p)) }

// IsNull tells whether column i, counted from 0, of the row is NULL.
func (s *Stmt) IsNull(i int) bool {
	return sqlite3.Xsqlite3_column_type(s.c.tls, s.p, int32(i)) == sqlite3.SQLITE_NULL
}

// IsBlob tells whether column i of the row is a blob.
func (s *Stmt) IsBlob(i int) bool {
	return sqlite3.Xsqlite3_column_type(s.c.tls, s.p, int32(i)) == sqlite3.SQLITE_BLOB
}

// Value returns a copy of column i of the row: nil, int64, float64, string or []byte.
func (s *Stmt) Value(i int) any {
	switch sqlite3.Xsqlite3_column_type(s.c.tls, s.p, int32(i)) {
	case sqlite3.SQLITE_INTEGER:
		return s.Int64(i)
	case sqlite3.SQLITE_FLOAT:
		return sqlite3.Xsqlite3_column_double(s.c.tls, s.p, int32(i))
	case sqlite3.SQLITE_TEXT:
		return s.Text(i)
	case sqlite3.SQLITE_BLOB:
		return s.Bytes(i)
	}
	return nil
}

// Int64 returns column i of the row.
func (s *Stmt) Int64(i int) int64 { return sqlite3.Xsqlite3_column_int64(s.c.tls, s.p, int32(i)) }

// Text returns a copy of column i of the row.
func (s *Stmt) Text(i int) string {
	b := s.Bytes(i)
	return unsafe.String(unsafe.SliceData(b), len(b))
}

// Bytes returns a copy of column i of the row, text or blob.
func (s *Stmt) Bytes(i int) []byte { return append([]byte(nil), s.Peek(i)...) }

// Peek returns column i of the row, text or blob, in memory that is valid until the next Step or
// Reset.
func (s *Stmt) Peek(i int) []byte {
	p := sqlite3.Xsqlite3_column_blob(s.c.tls, s.p, int32(i))
	if p == 0 {
		return nil
	}
	n := sqlite3.Xsqlite3_column_bytes(s.c.tls, s.p, int32(i))
	return unsafe.Slice((*byte)(pointer(p)), int(n))
}

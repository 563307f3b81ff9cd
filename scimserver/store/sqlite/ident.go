package sqlite

import (
	"encoding/hex"

	"github.com/scim-operator/scim-operator/scimserver/store/sqlite/conn"
)

// A UUID in its canonical form takes 16 bytes as a blob; any other id is kept as a text.

const (
	uuidLen  = 36
	uuidSize = 16
)

// places are where the bytes of a UUID are in its text; between them are dashes.
var places = [uuidSize]int{0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34}

// digits are the values of hexadecimal digits in lower case; 0xff for all other bytes.
var digits = func() (d [256]byte) {
	for i := range d {
		d[i] = 0xff
	}
	for i, c := range "0123456789abcdef" {
		d[c] = byte(i)
	}
	return d
}()

// packUUID returns the bytes of a UUID, if id is one in lower case.
func packUUID(id string) (b [uuidSize]byte, ok bool) {
	if len(id) != uuidLen || id[8] != '-' || id[13] != '-' || id[18] != '-' || id[23] != '-' {
		return b, false
	}
	all := byte(0)
	for i, at := range places {
		high, low := digits[id[at]], digits[id[at+1]]
		all |= high | low
		b[i] = high<<4 | low
	}
	return b, all <= 0xf
}

func unpackUUID(b []byte) string {
	var out [uuidLen]byte
	hex.Encode(out[:8], b[:4])
	out[8] = '-'
	hex.Encode(out[9:13], b[4:6])
	out[13] = '-'
	hex.Encode(out[14:18], b[6:8])
	out[18] = '-'
	hex.Encode(out[19:23], b[8:10])
	out[23] = '-'
	hex.Encode(out[24:], b[10:])
	return string(out[:])
}

func bindID(s *conn.Stmt, i int, id string) {
	if b, ok := packUUID(id); ok {
		s.BindBlob(i, b[:])
		return
	}
	s.BindText(i, id)
}

// firstID reads the id in the first column of the row.
func firstID(s *conn.Stmt) string {
	if s.IsBlob(0) {
		return unpackUUID(s.Peek(0))
	}
	return s.Text(0)
}

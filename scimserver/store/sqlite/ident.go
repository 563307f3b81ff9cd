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

// dashes are the places of the dashes in a UUID.
var dashes = [...]int{8, 13, 18, 23}

// packUUID returns the bytes of a UUID, if id is one in lower case.
func packUUID(id string) (b [uuidSize]byte, ok bool) {
	if len(id) != uuidLen {
		return b, false
	}
	var digits [2 * uuidSize]byte
	n := 0
	for i := range uuidLen {
		c := id[i]
		if i == dashes[0] || i == dashes[1] || i == dashes[2] || i == dashes[3] {
			if c != '-' {
				return b, false
			}
			continue
		}
		if c >= 'A' && c <= 'F' {
			return b, false
		}
		digits[n] = c
		n++
	}
	_, err := hex.Decode(b[:], digits[:])
	return b, err == nil
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

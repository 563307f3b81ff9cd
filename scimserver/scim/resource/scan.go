package resource

import (
	"math/bits"
	"unsafe"
)

// plain is the length of the part of s before the first byte that cannot stand in a JSON string as it is: a quote, a backslash or a
// control character. It looks at eight bytes at a time, since most of the time of decoding and encoding goes here.
func plain(s string) int {
	i := 0
	for ; i+8 <= len(s); i += 8 {
		if m := special(load(s, i)); m != 0 {
			return i + bits.TrailingZeros64(m)/8
		}
	}
	for ; i < len(s); i++ {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' {
			return i
		}
	}
	return i
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// special has the high bit of each byte of w set that is a quote, a backslash or below a blank; bits above the lowest one may be wrong.
func special(w uint64) uint64 {
	quote := w ^ ones*'"'
	slash := w ^ ones*'\\'
	return ((quote-ones)&^quote | (slash-ones)&^slash | (w-ones*' ')&^w) & highs
}

// load reads eight bytes, the first one lowest, on any machine.
func load(s string, i int) uint64 {
	b := unsafe.Slice(unsafe.StringData(s[i:i+8]), 8)
	return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
		uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
}

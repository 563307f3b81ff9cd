package cursor

import (
	"encoding/binary"
	"math"
)

// Place is where a walk through a result goes on.
type Place struct {
	Position []byte // of the store; nil: where the Part begins
	Part     int    // of a result that has several, one for each resource type
	Backward bool   // the page before the position, not the one behind it
	Count    int    // resources a page that the walk began with
	Total    int64  // resources that the walk has found at its beginning
}

const (
	flagBackward = 1 << iota
	flagPosition
)

// append encodes the place. The position has no length, as it is the last.
func (p Place) append(dst []byte) []byte {
	flags := byte(0)
	if p.Backward {
		flags |= flagBackward
	}
	if p.Position != nil {
		flags |= flagPosition
	}
	dst = append(dst, flags)
	for _, n := range [...]int64{int64(p.Part), int64(p.Count), p.Total} {
		dst = binary.AppendUvarint(dst, uint64(max(n, 0)))
	}
	return append(dst, p.Position...)
}

// parsePlace reads what append has made.
func parsePlace(b []byte) (p Place, ok bool) {
	if len(b) == 0 || b[0] > flagBackward|flagPosition {
		return p, false
	}
	flags := b[0]
	b = b[1:]
	var numbers [3]uint64
	for i := range numbers {
		n, size := binary.Uvarint(b)
		if size <= 0 || n > math.MaxInt64 {
			return p, false
		}
		numbers[i], b = n, b[size:]
	}
	if numbers[0] > math.MaxInt32 || numbers[1] > math.MaxInt32 {
		return p, false
	}
	p = Place{Backward: flags&flagBackward != 0, Part: int(numbers[0]), Count: int(numbers[1]), Total: int64(numbers[2])}
	if flags&flagPosition != 0 {
		p.Position = append([]byte{}, b...)
		return p, true
	}
	return p, len(b) == 0
}

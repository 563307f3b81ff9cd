package filter

import (
	"cmp"
	"math"
	"strconv"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
)

// LiteralKind is the kind of a literal.
type LiteralKind uint8

// The kinds of literal.
const (
	LitNull LiteralKind = iota
	LitBool
	LitNumber
	LitString
)

// Literal is the right side of a comparison, already of the attribute's type.
type Literal struct {
	Kind LiteralKind
	Str  string    // a string's content, a number's literal
	Bool bool      // of LitBool
	Time time.Time // set for an attribute of type dateTime, in UTC

	folded string // Fold(Str) if case does not matter, else Str
	number Number
}

// Equal compares what filters say.
func (l Literal) Equal(m Literal) bool {
	return l.Kind == m.Kind && l.Str == m.Str && l.Bool == m.Bool && l.Time.Equal(m.Time)
}

// Folded is the text as it is compared: folded if the attribute's case does not matter.
func (l Literal) Folded() string { return l.folded }

// Number is the value of a LitNumber.
func (l Literal) Number() Number { return l.number }

// Number is a JSON number: an integer of 64 bits, or else the nearest float.
type Number struct {
	Int   int64
	Float float64 // set if not IsInt
	IsInt bool
}

// ParseNumber reads a JSON number. It fails for what is beyond floats of 64 bits.
func ParseNumber(lit string) (Number, bool) {
	if i, err := strconv.ParseInt(lit, 10, 64); err == nil {
		return Number{Int: i, IsInt: true}, true
	}
	f, err := strconv.ParseFloat(lit, 64)
	return Number{Float: f}, err == nil
}

// Compare orders numbers by value, exactly: 9007199254740993 is more than 9007199254740992.0.
func (n Number) Compare(m Number) int {
	switch {
	case n.IsInt && m.IsInt:
		return cmp.Compare(n.Int, m.Int)
	case n.IsInt:
		return compareMixed(n.Int, m.Float)
	case m.IsInt:
		return -compareMixed(m.Int, n.Float)
	default:
		return cmp.Compare(n.Float, m.Float)
	}
}

// compareMixed compares the whole part as integers, so that nothing is rounded.
func compareMixed(i int64, f float64) int {
	if f >= math.MaxInt64 {
		return -1
	}
	if f < math.MinInt64 {
		return 1
	}
	whole := math.Floor(f)
	if c := cmp.Compare(i, int64(whole)); c != 0 || whole == f {
		return c
	}
	return -1
}

// append prints the literal.
func (l Literal) append(dst []byte) []byte {
	switch l.Kind {
	case LitBool:
		return strconv.AppendBool(dst, l.Bool)
	case LitNumber:
		return append(dst, l.Str...)
	case LitString:
		return resource.AppendString(dst, l.Str)
	default:
		return append(dst, "null"...)
	}
}

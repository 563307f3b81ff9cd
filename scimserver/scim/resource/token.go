package resource

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

func (d *decoder) space() {
	for d.pos < len(d.text) {
		switch d.text[d.pos] {
		case ' ', '\t', '\n', '\r':
			d.pos++
		default:
			return
		}
	}
}

// peek is the next byte, 0 at the end; a NUL byte is no JSON either.
func (d *decoder) peek() byte {
	if d.pos < len(d.text) {
		return d.text[d.pos]
	}
	return 0
}

// value reads one value; blanks before it are read already.
func (d *decoder) value() (Value, bool) {
	if d.elements--; d.elements < 0 {
		d.fail("too many values")
		return Value{}, false
	}
	switch c := d.peek(); c {
	case '{':
		return d.object()
	case '[':
		return d.array()
	case '"':
		s, ok := d.quoted()
		return String(s), ok
	case 't':
		return Bool(true), d.word("true")
	case 'f':
		return Bool(false), d.word("false")
	case 'n':
		return Null(), d.word("null")
	default:
		if c == '-' || '0' <= c && c <= '9' {
			return d.number()
		}
		d.fail("a value is missing")
		return Value{}, false
	}
}

func (d *decoder) word(w string) bool {
	if !strings.HasPrefix(d.text[d.pos:], w) {
		d.fail("a value is missing")
		return false
	}
	d.pos += len(w)
	return true
}

// maxNumber is the longest literal of a number; no type of SCIM needs more.
const maxNumber = 128

func (d *decoder) number() (Value, bool) {
	start := d.pos
	if d.peek() == '-' {
		d.pos++
	}
	ok := d.integer() && d.fraction() && d.exponent()
	if !ok {
		d.fail("a number is malformed")
		return Value{}, false
	}
	if d.pos-start > maxNumber {
		d.fail("a number has too many digits")
		return Value{}, false
	}
	return Number(d.text[start:d.pos]), true
}

func (d *decoder) integer() bool {
	if d.peek() == '0' {
		d.pos++
		return true
	}
	return d.digits()
}

func (d *decoder) fraction() bool {
	if d.peek() != '.' {
		return true
	}
	d.pos++
	return d.digits()
}

func (d *decoder) exponent() bool {
	if d.peek()|0x20 != 'e' {
		return true
	}
	d.pos++
	if c := d.peek(); c == '+' || c == '-' {
		d.pos++
	}
	return d.digits()
}

// digits reads one or more.
func (d *decoder) digits() bool {
	start := d.pos
	for c := d.peek(); '0' <= c && c <= '9'; c = d.peek() {
		d.pos++
	}
	return d.pos > start
}

// quoted reads a string; without escapes it is a part of the text.
func (d *decoder) quoted() (string, bool) {
	d.pos++
	rest := d.text[d.pos:]
	n := plain(rest)
	if n < len(rest) && rest[n] == '"' {
		d.pos += n + 1
		return rest[:n], true
	}
	return d.escaped(n)
}

// escaped reads a string whose first n bytes are plain.
func (d *decoder) escaped(n int) (string, bool) {
	out := make([]byte, 0, n+16)
	for {
		out = append(out, d.text[d.pos:d.pos+n]...)
		d.pos += n
		switch c := d.peek(); {
		case c == '"':
			d.pos++
			return string(out), true
		case c == '\\':
			var ok bool
			if out, ok = d.escape(out); !ok {
				return "", false
			}
		case d.pos < len(d.text):
			d.fail("a control character in a string")
			return "", false
		default:
			d.fail("a string has no end")
			return "", false
		}
		n = plain(d.text[d.pos:])
	}
}

const (
	escapes  = `"\/bfnrt`
	escapeds = "\"\\/\b\f\n\r\t"
)

func (d *decoder) escape(out []byte) ([]byte, bool) {
	d.pos++
	c := d.peek()
	if i := strings.IndexByte(escapes, c); i >= 0 && c != 0 {
		d.pos++
		return append(out, escapeds[i]), true
	}
	if c != 'u' {
		d.fail("an unknown escape in a string")
		return nil, false
	}
	r, ok := d.unicode()
	return utf8.AppendRune(out, r), ok
}

// unicode reads uXXXX, or a pair of surrogates.
func (d *decoder) unicode() (rune, bool) {
	r, ok := d.hex()
	if !ok || !utf16.IsSurrogate(r) {
		return r, ok
	}
	if strings.HasPrefix(d.text[d.pos:], `\u`) {
		d.pos++
		low, ok := d.hex()
		if pair := utf16.DecodeRune(r, low); ok && pair != utf8.RuneError {
			return pair, true
		}
	}
	d.fail("half a surrogate pair in a string")
	return 0, false
}

// hex reads uXXXX.
func (d *decoder) hex() (rune, bool) {
	if len(d.text)-d.pos < 5 {
		d.fail("an escape in a string is cut off")
		return 0, false
	}
	var r rune
	for _, c := range []byte(d.text[d.pos+1 : d.pos+5]) {
		i := strings.IndexByte(hexDigits, c|0x20)
		if i < 0 || c < '0' {
			d.fail("an escape in a string is no hexadecimal number")
			return 0, false
		}
		r = r<<4 | rune(i)
	}
	d.pos += 5
	return r, true
}

// ScanScalar reads the string, number, true, false or null at the start of a text of valid UTF-8, and returns how long it is.
func ScanScalar(text string) (v Value, length int, ok bool) {
	if text == "" || text[0] == '{' || text[0] == '[' {
		return Value{}, 0, false
	}
	d := decoder{text: text, elements: 1}
	v, ok = d.value()
	return v, d.pos, ok
}

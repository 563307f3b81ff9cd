package resource

import (
	"sync"
	"unicode/utf8"
	"unsafe"

	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
)

// Limits bound what Decode accepts; a zero field takes its default.
type Limits struct {
	Depth    int // nesting of arrays and objects, default 32
	Elements int // values in all, default 2,000,000
}

const (
	defaultDepth    = 32
	defaultElements = 2_000_000
)

// Decode reads one JSON object: strict RFC 8259 in UTF-8, no name twice in one object in any case, nothing behind it. It copies the
// data. Its error is 400 invalidSyntax with the position.
func Decode(data []byte, lim Limits) (*Object, error) {
	if lim.Depth <= 0 {
		lim.Depth = defaultDepth
	}
	if lim.Elements <= 0 {
		lim.Elements = defaultElements
	}
	text := string(data)
	if !utf8.ValidString(text) {
		return nil, scimerr.InvalidSyntax("invalid UTF-8 at byte %d", invalidByte(text))
	}
	return decode(text, lim)
}

// Parse reads a stored canonical document. The result refers to the document, which must not change afterwards.
func Parse(doc []byte) (*Object, error) {
	return decode(unsafe.String(unsafe.SliceData(doc), len(doc)), Limits{Depth: defaultDepth, Elements: len(doc) + 1})
}

func decode(text string, lim Limits) (*Object, error) {
	d := decoders.Get().(*decoder)
	defer d.release()
	d.text, d.pos, d.depth, d.elements = text, 0, lim.Depth, lim.Elements
	return d.document()
}

var decoders = sync.Pool{New: func() any { return new(decoder) }}

// decoder reads one text. Fields and elements are gathered on stacks and copied when their number is known.
type decoder struct {
	text            string
	pos             int
	depth, elements int // what is left of the limits
	fields          []field
	values          []Value
	err             error
	arena           arena
}

// keep is the largest stack that goes back to the pool.
const keep = 1024

func (d *decoder) release() {
	clear(d.fields)
	clear(d.values)
	if cap(d.fields) > keep || cap(d.values) > keep {
		d.fields, d.values = nil, nil
	}
	*d = decoder{fields: d.fields[:0], values: d.values[:0]}
	decoders.Put(d)
}

func (d *decoder) document() (*Object, error) {
	d.arena.expect(d.text)
	d.space()
	if d.peek() != '{' {
		return nil, d.fail("the body must be a JSON object").err
	}
	v, ok := d.value()
	if !ok {
		return nil, d.err
	}
	d.space()
	if d.pos < len(d.text) {
		return nil, d.fail("more behind the JSON object").err
	}
	return v.Object(), nil
}

// fail notes what is wrong at the position.
func (d *decoder) fail(what string) *decoder {
	if d.err == nil {
		d.err = scimerr.InvalidSyntax("%s at byte %d", what, min(d.pos, len(d.text)))
	}
	return d
}

// invalidByte is the position of the first byte that is no UTF-8.
func invalidByte(s string) int {
	for i, r := range s {
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(s[i:]); size <= 1 {
				return i
			}
		}
	}
	return len(s)
}

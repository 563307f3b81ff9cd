package resource

import "strings"

// arena hands out slices from a few larger ones, so that a document costs a handful of allocations. What it hands out is never reused.
type arena struct {
	fields  []field
	values  []Value
	objects []Object
	pieces  bool // further pieces may be larger than what is asked for
}

// The sizes of pieces: the first is what the text needs, up to the most, further ones are small.
const (
	mostFields  = 256
	moreFields  = 32
	moreValues  = 16
	mostObjects = 64
	moreObjects = 8
)

// expect makes the first pieces for a JSON text: every field but the first of an object has a comma before it.
func (a *arena) expect(text string) {
	objects := strings.Count(text, "{")
	a.expectFields(strings.Count(text, ",")+objects, objects)
}

func (a *arena) expectFields(fields, objects int) {
	a.fields = make([]field, 0, min(fields, mostFields))
	a.objects = make([]Object, 0, min(objects, mostObjects))
	a.pieces = true
}

func (a *arena) fieldsOf(src []field) []field {
	n := len(src)
	if cap(a.fields)-len(a.fields) < n {
		a.fields = make([]field, 0, a.piece(n, moreFields))
	}
	from := len(a.fields)
	a.fields = append(a.fields, src...)
	return a.fields[from : from+n : from+n]
}

func (a *arena) valuesOf(src []Value) []Value {
	n := len(src)
	if cap(a.values)-len(a.values) < n {
		a.values = make([]Value, 0, a.piece(n, moreValues))
	}
	from := len(a.values)
	a.values = append(a.values, src...)
	return a.values[from : from+n : from+n]
}

func (a *arena) object(fields []field) *Object {
	if len(a.objects) == cap(a.objects) {
		a.objects = make([]Object, 0, a.piece(1, moreObjects))
	}
	a.objects = append(a.objects, Object{fields: fields})
	return &a.objects[len(a.objects)-1]
}

func (a *arena) piece(n, more int) int {
	if !a.pieces {
		return n
	}
	return max(n, more)
}

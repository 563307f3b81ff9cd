package resource

import "iter"

// Kind is the JSON kind of a Value.
type Kind uint8

// The kinds; the zero Value is Null.
const (
	KindNull Kind = iota
	KindBool
	KindNumber
	KindString
	KindArray
	KindObject
)

// Value is an immutable JSON value, except that an object in it is shared.
type Value struct {
	kind Kind
	b    bool
	str  string
	arr  []Value
	obj  *Object
}

// Null is the JSON null.
func Null() Value { return Value{} }

// Bool is true or false.
func Bool(b bool) Value { return Value{kind: KindBool, b: b} }

// Number is a number by its JSON literal, which is kept exactly.
func Number(lit string) Value { return Value{kind: KindNumber, str: lit} }

// String is a string.
func String(s string) Value { return Value{kind: KindString, str: s} }

// Array holds the elements; the slice is not copied and must not change afterwards.
func Array(elems ...Value) Value { return Value{kind: KindArray, arr: elems} }

// Obj is an object.
func Obj(o *Object) Value { return Value{kind: KindObject, obj: o} }

// Kind tells what the value is.
func (v Value) Kind() Kind { return v.kind }

// IsNull says whether the value is null.
func (v Value) IsNull() bool { return v.kind == KindNull }

// Bool is the boolean, false for another kind.
func (v Value) Bool() bool { return v.b }

// Text is a string's content or a number's literal, "" for another kind.
func (v Value) Text() string { return v.str }

// Elems are the elements of an array, nil for another kind; they must not be changed.
func (v Value) Elems() []Value { return v.arr }

// Object is the object, nil for another kind.
func (v Value) Object() *Object { return v.obj }

// Equal compares deeply; numbers by literal, objects without regard to order.
func (v Value) Equal(w Value) bool { return false }

// AppendJSON appends the value as JSON.
func (v Value) AppendJSON(dst []byte) []byte { return dst }

// Object is a JSON object whose fields keep their order; names are found in any case.
type Object struct{ fields []field }

type field struct {
	name  string
	value Value
}

// NewObject makes an empty object with room for n fields.
func NewObject(n int) *Object { return &Object{fields: make([]field, 0, n)} }

// Get finds a field by a name of any case.
func (o *Object) Get(name string) (Value, bool) { return Value{}, false }

// Set replaces the field of that name (in any case), or adds it at the end.
func (o *Object) Set(name string, v Value) {}

// Delete removes a field and says whether it was there.
func (o *Object) Delete(name string) bool { return false }

// Len is the number of fields.
func (o *Object) Len() int { return len(o.fields) }

// All yields the fields in order.
func (o *Object) All() iter.Seq2[string, Value] { return func(func(string, Value) bool) {} }

// Clone copies deeply.
func (o *Object) Clone() *Object { return o }

// Equal compares deeply, without regard to order.
func (o *Object) Equal(p *Object) bool { return false }

// AppendJSON appends the object as JSON.
func (o *Object) AppendJSON(dst []byte) []byte { return dst }

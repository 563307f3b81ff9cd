package resource

import (
	"math"
	"slices"
	"unsafe"
)

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

var kindNames = [...]string{"null", "a boolean", "a number", "a string", "an array", "an object"}

// String names the kind as messages do: "a string".
func (k Kind) String() string { return kindNames[k] }

// Value is a JSON value. It is immutable, but an object in it is shared and can change.
//
// Documents are made of thousands of values, so it takes 16 bytes: ptr is the first byte of a text, the first element of an array
// or the object; n is the length, or 1 for true.
type Value struct {
	ptr  unsafe.Pointer
	n    uint32
	kind Kind
}

// Null is the JSON null.
func Null() Value { return Value{} }

// Bool is true or false.
func Bool(b bool) Value {
	if b {
		return Value{kind: KindBool, n: 1}
	}
	return Value{kind: KindBool}
}

// Number is a number by its JSON literal, which is kept exactly.
func Number(lit string) Value { return text(KindNumber, lit) }

// String is a string of less than 4 GiB.
func String(s string) Value { return text(KindString, s) }

func text(k Kind, s string) Value {
	return Value{kind: k, n: length(len(s)), ptr: unsafe.Pointer(unsafe.StringData(s))}
}

// Array holds the elements; the slice is not copied and must not change afterwards.
func Array(elems ...Value) Value {
	return Value{kind: KindArray, n: length(len(elems)), ptr: unsafe.Pointer(unsafe.SliceData(elems))}
}

// Obj is an object; it must not be nil.
func Obj(o *Object) Value { return Value{kind: KindObject, ptr: unsafe.Pointer(o)} }

func length(n int) uint32 {
	if uint64(n) > math.MaxUint32 {
		panic("resource: value of 4 GiB or more")
	}
	return uint32(n)
}

// Kind tells what the value is.
func (v Value) Kind() Kind { return v.kind }

// IsNull says whether the value is null.
func (v Value) IsNull() bool { return v.kind == KindNull }

// Bool is the boolean, false for another kind.
func (v Value) Bool() bool { return v.kind == KindBool && v.n == 1 }

// Text is a string's content or a number's literal, "" for another kind.
func (v Value) Text() string {
	if v.kind != KindString && v.kind != KindNumber {
		return ""
	}
	return unsafe.String((*byte)(v.ptr), v.n)
}

// Elems are the elements of an array, nil for another kind; they must not be changed.
func (v Value) Elems() []Value {
	if v.kind != KindArray {
		return nil
	}
	return unsafe.Slice((*Value)(v.ptr), v.n)
}

// Object is the object, nil for another kind.
func (v Value) Object() *Object {
	if v.kind != KindObject {
		return nil
	}
	return (*Object)(v.ptr)
}

// Equal compares deeply; numbers by literal, objects without regard to order.
func (v Value) Equal(w Value) bool {
	if v.kind != w.kind {
		return false
	}
	switch v.kind {
	case KindArray:
		return slices.EqualFunc(v.Elems(), w.Elems(), Value.Equal)
	case KindObject:
		return v.Object().Equal(w.Object())
	case KindNumber, KindString:
		return v.Text() == w.Text()
	default:
		return v.n == w.n
	}
}

// Clone copies deeply whatever can change.
func (v Value) Clone() Value {
	switch v.kind {
	case KindObject:
		return Obj(v.Object().Clone())
	case KindArray:
		elems := slices.Clone(v.Elems())
		for i, e := range elems {
			elems[i] = e.Clone()
		}
		return Array(elems...)
	default:
		return v
	}
}

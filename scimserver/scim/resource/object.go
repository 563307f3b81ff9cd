package resource

import (
	"iter"
	"slices"
)

// Object is a JSON object whose fields keep their order; names are found in any case, as SCIM has it. It is not safe for concurrent change.
type Object struct{ fields []field }

type field struct {
	name  string
	value Value
}

// NewObject makes an empty object with room for n fields.
func NewObject(n int) *Object { return &Object{fields: make([]field, 0, n)} }

// Get finds a field by a name of any case.
func (o *Object) Get(name string) (Value, bool) {
	if i := o.index(name); i >= 0 {
		return o.fields[i].value, true
	}
	return Value{}, false
}

// Value is the value of a field by a name of any case, null if there is none.
func (o *Object) Value(name string) Value {
	if i := o.index(name); i >= 0 {
		return o.fields[i].value
	}
	return Value{}
}

// Set replaces the field of that name (in any case), or adds it at the end.
func (o *Object) Set(name string, v Value) {
	if i := o.index(name); i >= 0 {
		o.fields[i].value = v
		return
	}
	o.fields = append(o.fields, field{name, v})
}

// Insert adds a field before the i-th; the name must be new.
func (o *Object) Insert(i int, name string, v Value) {
	o.fields = slices.Insert(o.fields, i, field{name, v})
}

// Delete removes a field and says whether it was there.
func (o *Object) Delete(name string) bool {
	i := o.index(name)
	if i < 0 {
		return false
	}
	o.fields = slices.Delete(o.fields, i, i+1)
	return true
}

// Len is the number of fields, 0 for nil.
func (o *Object) Len() int {
	if o == nil {
		return 0
	}
	return len(o.fields)
}

// At is the i-th field.
func (o *Object) At(i int) (string, Value) { return o.fields[i].name, o.fields[i].value }

// All yields the fields in order; the object must not change meanwhile.
func (o *Object) All() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		for i := range o.Len() {
			if !yield(o.fields[i].name, o.fields[i].value) {
				return
			}
		}
	}
}

// Copy copies the fields; values are shared.
func (o *Object) Copy() *Object { return &Object{fields: slices.Clone(o.fields)} }

// CopyWith is Copy with one more field before all others.
func (o *Object) CopyWith(name string, v Value) *Object {
	fields := append(make([]field, 0, len(o.fields)+1), field{name, v})
	return &Object{fields: append(fields, o.fields...)}
}

// Clone copies deeply.
func (o *Object) Clone() *Object {
	c := o.Copy()
	for i := range c.fields {
		c.fields[i].value = c.fields[i].value.Clone()
	}
	return c
}

// Equal compares deeply, without regard to the order of fields.
func (o *Object) Equal(p *Object) bool {
	if o == p {
		return true
	}
	if o == nil || p == nil || len(o.fields) != len(p.fields) {
		return false
	}
	for i := range o.fields {
		if !p.has(i, o.fields[i]) {
			return false
		}
	}
	return true
}

// has looks where the field most likely is first.
func (o *Object) has(i int, f field) bool {
	if o.fields[i].name == f.name {
		return o.fields[i].value.Equal(f.value)
	}
	v, ok := o.Get(f.name)
	return ok && v.Equal(f.value)
}

func (o *Object) index(name string) int {
	if o == nil {
		return -1
	}
	for i := range o.fields {
		if o.fields[i].name == name {
			return i
		}
	}
	for i := range o.fields {
		if equalName(o.fields[i].name, name) {
			return i
		}
	}
	return -1
}

// equalName compares names without regard to the case of ASCII letters, the only ones in names of attributes.
func equalName(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

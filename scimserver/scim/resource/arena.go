package resource

// arena hands out slices from a few larger ones, so that a document costs a handful of allocations. What it hands out is never reused.
type arena struct {
	fields  []field
	values  []Value
	objects []Object
	size    int
}

// expect sizes the first pieces by the length of a text: about 24 bytes a field, 90 an object.
func (a *arena) expect(length int) { a.size = length }

func (a *arena) fieldsOf(src []field) []field {
	n := len(src)
	if cap(a.fields)-len(a.fields) < n {
		a.fields = make([]field, 0, max(n, min(a.size/24, 256)))
	}
	from := len(a.fields)
	a.fields = append(a.fields, src...)
	return a.fields[from : from+n : from+n]
}

func (a *arena) valuesOf(src []Value) []Value {
	n := len(src)
	if cap(a.values)-len(a.values) < n {
		a.values = make([]Value, 0, max(n, min(a.size/128, 256)))
	}
	from := len(a.values)
	a.values = append(a.values, src...)
	return a.values[from : from+n : from+n]
}

func (a *arena) object(fields []field) *Object {
	if len(a.objects) == cap(a.objects) {
		a.objects = make([]Object, 0, max(1, min(a.size/90, 64)))
	}
	a.objects = append(a.objects, Object{fields: fields})
	return &a.objects[len(a.objects)-1]
}

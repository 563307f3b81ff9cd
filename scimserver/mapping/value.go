package mapping

import (
	"slices"

	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
)

// Type is the type of a member field.
type Type uint8

// The types, by the names they have in a SCIMApplication.
const (
	String Type = iota
	Boolean
	Integer
	Decimal
	DateTime
	StringList
)

var typeNames = [...]string{"String", "Boolean", "Integer", "Decimal", "DateTime", "StringList"}

// String is the name of the type.
func (t Type) String() string { return typeNames[t] }

// parseType finds a type by its name; an application without one means String.
func parseType(name string) (Type, bool) {
	if name == "" {
		return String, true
	}
	i := slices.Index(typeNames[:], name)
	return Type(max(i, 0)), i >= 0
}

// Limits of a value. One beyond them is refused, not cut.
const (
	MaxTextBytes = 16 << 10 // of a String, and of each entry of a StringList
	MaxEntries   = 1024     // of a StringList
)

// Value is the value of one member field in its canonical form, so that equal values have equal texts.
type Value struct {
	Field string
	Type  Type
	// Set is false for a field without a value, which is null in JSON.
	Set bool
	// Text is the value of every type but StringList: a string as it is, true or false, an integer in decimal, a JSON number,
	// a time in UTC with milliseconds.
	Text string
	// List is the value of a StringList.
	List []string
}

// Equal tells whether two fields have the same value.
func (v Value) Equal(w Value) bool {
	return v.Field == w.Field && v.Type == w.Type && v.Set == w.Set && v.Text == w.Text && slices.Equal(v.List, w.List)
}

// AppendJSON appends the value as JSON.
func (v Value) AppendJSON(dst []byte) []byte {
	switch {
	case !v.Set:
		return append(dst, "null"...)
	case v.Type == StringList:
		dst = append(dst, '[')
		for i, s := range v.List {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = resource.AppendString(dst, s)
		}
		return append(dst, ']')
	case v.Type == Boolean || v.Type == Integer || v.Type == Decimal:
		return append(dst, v.Text...)
	default:
		return resource.AppendString(dst, v.Text)
	}
}

// AppendFieldsJSON appends an object with all fields in their order; those without a value are null.
func AppendFieldsJSON(dst []byte, fields []Value) []byte {
	dst = append(dst, '{')
	for i := range fields {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(resource.AppendString(dst, fields[i].Field), ':')
		dst = fields[i].AppendJSON(dst)
	}
	return append(dst, '}')
}

package schema

import "strings"

// Type is the data type of an attribute (RFC 7643 §2.3).
type Type uint8

// The data types.
const (
	String Type = iota
	Boolean
	Decimal
	Integer
	DateTime
	Binary
	Reference
	Complex
)

// Mutability says who may change an attribute (RFC 7643 §7).
type Mutability uint8

// The mutabilities.
const (
	ReadWrite Mutability = iota
	ReadOnly
	Immutable
	WriteOnly
)

// Returned says when an attribute is in an answer (RFC 7643 §7).
type Returned uint8

// The kinds of return.
const (
	Default Returned = iota
	Always
	Never
	OnRequest
)

// Uniqueness says where a value must not occur twice (RFC 7643 §7).
type Uniqueness uint8

// The scopes of uniqueness.
const (
	None Uniqueness = iota
	Server
	Global
)

// The keywords of RFC 7643 §7, in the order of the constants.
var (
	typeNames       = []string{"string", "boolean", "decimal", "integer", "dateTime", "binary", "reference", "complex"}
	mutabilityNames = []string{"readWrite", "readOnly", "immutable", "writeOnly"}
	returnedNames   = []string{"default", "always", "never", "request"}
	uniquenessNames = []string{"none", "server", "global"}
)

// String is the keyword of RFC 7643 §2.3.
func (t Type) String() string { return typeNames[t] }

// String is the keyword of RFC 7643 §7.
func (m Mutability) String() string { return mutabilityNames[m] }

// String is the keyword of RFC 7643 §7.
func (r Returned) String() string { return returnedNames[r] }

// String is the keyword of RFC 7643 §7.
func (u Uniqueness) String() string { return uniquenessNames[u] }

// ParseType finds a type by its keyword, of any case.
func ParseType(s string) (Type, bool) { return parse[Type](typeNames, s) }

// ParseMutability finds a mutability by its keyword, of any case.
func ParseMutability(s string) (Mutability, bool) { return parse[Mutability](mutabilityNames, s) }

// ParseReturned finds a kind of return by its keyword, of any case.
func ParseReturned(s string) (Returned, bool) { return parse[Returned](returnedNames, s) }

// ParseUniqueness finds a scope of uniqueness by its keyword, of any case.
func ParseUniqueness(s string) (Uniqueness, bool) { return parse[Uniqueness](uniquenessNames, s) }

func parse[T ~uint8](names []string, s string) (T, bool) {
	for i, name := range names {
		if strings.EqualFold(name, s) {
			return T(i), true
		}
	}
	return 0, false
}

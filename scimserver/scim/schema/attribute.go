package schema

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

// Attribute is one attribute of a schema with its characteristics. It is immutable once it is part of a Registry.
type Attribute struct {
	Name, Description                string
	Type                             Type
	MultiValued, Required, CaseExact bool
	Mutability                       Mutability
	Returned                         Returned
	Uniqueness                       Uniqueness
	CanonicalValues, ReferenceTypes  []string
	SubAttributes                    []*Attribute
}

// Sub finds a sub-attribute by a name of any case, nil if there is none.
func (a *Attribute) Sub(name string) *Attribute { return nil }

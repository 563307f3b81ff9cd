package filter

import "github.com/scim-operator/scim-operator/scimserver/scim/schema"

// Expr is a node of a filter: And, Or, Not, Compare, Present or ValuePath.
type Expr interface{ expr() }

// And matches what both sides match.
type And struct{ L, R Expr }

// Or matches what one side matches.
type Or struct{ L, R Expr }

// Not matches what X does not.
type Not struct{ X Expr }

// Compare compares an attribute with a literal. Of a multi-valued attribute one value must fit, also for Ne (RFC 7644 §3.4.2.2). A
// missing value fits Ne and Eq null alone.
type Compare struct {
	Path  schema.Path
	Op    Op
	Value Literal
}

// Present matches where the attribute has a value.
type Present struct{ Path schema.Path }

// ValuePath matches where one value of a complex attribute matches the filter. The paths in it are full paths (emails.type), looked up
// in one value; a path without Sub is the value itself, of a simple multi-valued attribute.
type ValuePath struct {
	Path   schema.Path
	Filter Expr
}

func (And) expr()       {}
func (Or) expr()        {}
func (Not) expr()       {}
func (Compare) expr()   {}
func (Present) expr()   {}
func (ValuePath) expr() {}

// Op is a comparison operator.
type Op uint8

// The operators.
const (
	Eq Op = iota
	Ne
	Co
	Sw
	Ew
	Gt
	Ge
	Lt
	Le
)

var opNames = [...]string{"eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"}

// String is the operator as filters have it.
func (o Op) String() string { return opNames[o] }

func parseOp(word string) (Op, bool) {
	for i, name := range opNames {
		if len(word) == 2 && word[0]|0x20 == name[0] && word[1]|0x20 == name[1] {
			return Op(i), true
		}
	}
	return 0, false
}

package filter

import (
	"time"

	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
)

// Expr is a node of a filter: And, Or, Not, Compare, Present or ValuePath.
type Expr interface{ expr() }

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

// LiteralKind is the kind of a literal.
type LiteralKind uint8

// The kinds of literal.
const (
	LitNull LiteralKind = iota
	LitBool
	LitNumber
	LitString
)

// Literal is the right side of a comparison, already of the attribute's type.
type Literal struct {
	Kind LiteralKind
	Str  string    // a string's content, a number's literal
	Bool bool      // LitBool
	Time time.Time // set for an attribute of type dateTime, UTC
}

// The nodes. Inside the filter of a ValuePath the paths are full paths (emails.type); they are evaluated against one element.
type (
	And     struct{ L, R Expr }
	Or      struct{ L, R Expr }
	Not     struct{ X Expr }
	Compare struct {
		Path  schema.Path
		Op    Op
		Value Literal
	}
	Present   struct{ Path schema.Path }
	ValuePath struct {
		Path   schema.Path
		Filter Expr
	}
)

func (And) expr()       {}
func (Or) expr()        {}
func (Not) expr()       {}
func (Compare) expr()   {}
func (Present) expr()   {}
func (ValuePath) expr() {}

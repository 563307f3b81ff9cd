package mapping

import (
	"strings"
	"unicode"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"

	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
)

// plainText gives a text made of those of a user. It cannot fail.
type plainText func(user *resource.Object) string

// plainCalls are the functions of a plain text.
var plainCalls = map[string]func(string) string{
	"lowerAscii": func(s string) string { return inASCII(s, unicode.ToLower) },
	"upperAscii": func(s string) string { return inASCII(s, unicode.ToUpper) },
	"trim":       strings.TrimSpace,
}

// plainText gives what an expression comes to that does no more than put together texts: attributes with one value, texts of
// its own, and the calls above. It needs no interpreter, which takes most of the time in which a user is mapped. nil: the
// expression does more.
func (c *compiler) plainText(e ast.Expr) plainText {
	switch e.Kind() {
	case ast.LiteralKind:
		if s, ok := e.AsLiteral().(types.String); ok {
			return func(*resource.Object) string { return string(s) }
		}
	case ast.SelectKind:
		return c.plainAttribute(e.AsSelect())
	case ast.CallKind:
		if e.AsCall().FunctionName() == operators.Add {
			return together(c.plainParts(nil, e))
		}
		return c.plainCall(e.AsCall())
	}
	return nil
}

func (c *compiler) plainCall(call ast.CallExpr) plainText {
	change := plainCalls[call.FunctionName()]
	if change == nil || !call.IsMemberFunction() || len(call.Args()) > 0 {
		return nil
	}
	of := c.plainText(call.Target())
	if of == nil {
		return nil
	}
	return func(user *resource.Object) string { return change(of(user)) }
}

// plainParts appends what is added; one of them is nil if that is no plain text.
func (c *compiler) plainParts(parts []plainText, e ast.Expr) []plainText {
	if e.Kind() != ast.CallKind || e.AsCall().FunctionName() != operators.Add {
		return append(parts, c.plainText(e))
	}
	for _, arg := range e.AsCall().Args() {
		parts = c.plainParts(parts, arg)
	}
	return parts
}

func together(parts []plainText) plainText {
	for _, p := range parts {
		if p == nil {
			return nil
		}
	}
	return func(user *resource.Object) string {
		var room [128]byte
		out := room[:0]
		for _, p := range parts {
			out = append(out, p(user)...)
		}
		return string(out)
	}
}

// plainAttribute reads an attribute of the user or a part of it.
func (c *compiler) plainAttribute(s ast.SelectExpr) plainText {
	if a := c.ofUser(s); isText(a) {
		return func(user *resource.Object) string { return textOf(user.Value(a.Name)) }
	}
	if s.IsTestOnly() || s.Operand().Kind() != ast.SelectKind {
		return nil
	}
	whole := c.ofUser(s.Operand().AsSelect())
	if whole == nil || whole.Type != schema.Complex || whole.MultiValued || whole.Name == "meta" {
		return nil
	}
	sub := whole.Sub(s.FieldName())
	if !isText(sub) {
		return nil
	}
	return func(user *resource.Object) string { return textOf(user.Value(whole.Name).Object().Value(sub.Name)) }
}

// ofUser is the attribute that is selected of the variable user, nil if it is none of the user's document.
func (c *compiler) ofUser(s ast.SelectExpr) *schema.Attribute {
	if of := s.Operand(); s.IsTestOnly() || of.Kind() != ast.IdentKind || of.AsIdent() != "user" {
		return nil
	}
	if a := c.user.Attribute(s.FieldName()); a != nil && a.Extension() == "" {
		return a
	}
	return nil
}

// isText tells whether readText reads the attribute.
func isText(a *schema.Attribute) bool {
	if a == nil || a.MultiValued || a.Returned == schema.Never || a.Linked() {
		return false
	}
	switch a.Type {
	case schema.Boolean, schema.Integer, schema.Decimal, schema.DateTime, schema.Complex:
		return false
	}
	return true
}

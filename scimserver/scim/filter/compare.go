package filter

import (
	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
)

// compare binds operator and value to the type of the attribute.
func (p *parser) compare(start int, path schema.Path, op Op, v resource.Value) (Expr, error) {
	if v.IsNull() {
		if op != Eq && op != Ne {
			return nil, p.failAt(start, "%s: null can be compared by eq and ne alone", path)
		}
		return Compare{path, op, Literal{}}, nil
	}
	path, err := p.simple(start, path)
	if err != nil {
		return nil, err
	}
	if !fits(path.Leaf().Type, op) {
		return nil, p.failAt(start, "%s: a value of type %s cannot be compared by %s", path, path.Leaf().Type, op)
	}
	lit, ok := p.bind(path.Leaf(), v)
	if !ok {
		return nil, p.failAt(start, "%s: the value must be of type %s", path, path.Leaf().Type)
	}
	return Compare{path, op, lit}, nil
}

// simple goes from a complex attribute to its value, as RFC 7644 does for emails co "example.com".
func (p *parser) simple(start int, path schema.Path) (schema.Path, error) {
	a := path.Leaf()
	if a.Type != schema.Complex {
		return path, nil
	}
	v := a.Value()
	if v == nil || !a.MultiValued && !p.tol.Allow(tolerance.FilterComplexValue) {
		return path, p.failAt(start, "%s: is complex: compare one of its sub-attributes, as %s", path, a.SubAttributes[0].FullName())
	}
	return schema.PathOf(v), nil
}

// fits says which operators a type has (RFC 7644 §3.4.2.2, table 3).
func fits(t schema.Type, op Op) bool {
	switch t {
	case schema.Boolean:
		return op == Eq || op == Ne
	case schema.Binary:
		return op < Gt
	case schema.Integer, schema.Decimal, schema.DateTime:
		return op != Co && op != Sw && op != Ew
	default:
		return true
	}
}

// bind makes the literal one of the attribute's type.
func (p *parser) bind(a *schema.Attribute, v resource.Value) (Literal, bool) {
	switch a.Type {
	case schema.Boolean:
		return p.boolean(v)
	case schema.Integer, schema.Decimal:
		return p.number(v)
	case schema.DateTime:
		return p.dateTime(v)
	default:
		return p.string(a, v)
	}
}

func (p *parser) boolean(v resource.Value) (Literal, bool) {
	if v.Kind() == resource.KindBool {
		return Literal{Kind: LitBool, Bool: v.Bool()}, true
	}
	b, ok := resource.ParseBool(v.Text())
	return Literal{Kind: LitBool, Bool: b}, ok && p.tol.Allow(tolerance.FilterBooleanString)
}

func (p *parser) number(v resource.Value) (Literal, bool) {
	if v.Kind() == resource.KindString {
		inner, n, ok := resource.ScanScalar(v.Text())
		if !ok || n != len(v.Text()) || inner.Kind() != resource.KindNumber || !p.tol.Allow(tolerance.FilterLiteralType) {
			return Literal{}, false
		}
		v = inner
	}
	if v.Kind() != resource.KindNumber {
		return Literal{}, false
	}
	n, ok := ParseNumber(v.Text())
	return Literal{Kind: LitNumber, Str: v.Text(), number: n}, ok
}

func (p *parser) dateTime(v resource.Value) (Literal, bool) {
	if v.Kind() != resource.KindString {
		return Literal{}, false
	}
	s := v.Text()
	t, ok := resource.ParseTime(s)
	if !ok {
		if s, ok = resource.LooseTime(s); !ok || !p.tol.Allow(tolerance.FilterDateForm) {
			return Literal{}, false
		}
		t, _ = resource.ParseTime(s)
	}
	return Literal{Kind: LitString, Str: s, Time: t}, true
}

func (p *parser) string(a *schema.Attribute, v resource.Value) (Literal, bool) {
	s := v.Text()
	if v.Kind() != resource.KindString {
		if !p.tol.Allow(tolerance.FilterLiteralType) {
			return Literal{}, false
		}
		s = string(v.AppendJSON(nil))
	}
	lit := Literal{Kind: LitString, Str: s, folded: s}
	if !a.CaseExact {
		lit.folded = Fold(s)
	}
	return lit, true
}

package filter

import (
	"cmp"
	"strings"

	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
)

// Match evaluates a filter on a resource, which must hold whatever the filter asks for (id, meta, groups, members).
func Match(e Expr, r *resource.Object) bool {
	switch e := e.(type) {
	case And:
		return Match(e.L, r) && Match(e.R, r)
	case Or:
		return Match(e.L, r) || Match(e.R, r)
	case Not:
		return !Match(e.X, r)
	case Compare:
		return compareAny(&e, r.Attribute(e.Path.Attr), e.Path.Sub)
	case Present:
		return present(r.Attribute(e.Path.Attr), e.Path.Sub)
	case ValuePath:
		return matchAny(e.Filter, r.Attribute(e.Path.Attr))
	default:
		return false
	}
}

func matchAny(e Expr, v resource.Value) bool {
	if v.Kind() != resource.KindArray {
		return !v.IsNull() && MatchValue(e, v)
	}
	for _, elem := range v.Elems() {
		if MatchValue(e, elem) {
			return true
		}
	}
	return false
}

// MatchValue evaluates the filter of a ValuePath on one value.
func MatchValue(e Expr, v resource.Value) bool {
	switch e := e.(type) {
	case And:
		return MatchValue(e.L, v) && MatchValue(e.R, v)
	case Or:
		return MatchValue(e.L, v) || MatchValue(e.R, v)
	case Not:
		return !MatchValue(e.X, v)
	case Compare:
		return compareAny(&e, v, e.Path.Sub)
	case Present:
		return present(v, e.Path.Sub)
	default:
		return false
	}
}

// present says whether a value, or the sub-attribute of one of its elements, is there and not empty.
func present(v resource.Value, sub *schema.Attribute) bool {
	switch v.Kind() {
	case resource.KindNull:
		return false
	case resource.KindArray:
		for _, e := range v.Elems() {
			if present(e, sub) {
				return true
			}
		}
		return false
	case resource.KindObject:
		if sub != nil {
			return present(v.Object().Value(sub.Name), nil)
		}
		return v.Object().Len() > 0
	default:
		return sub == nil && (v.Kind() != resource.KindString || v.Text() != "")
	}
}

// compareAny says whether one value fits; where there is none, ne does.
func compareAny(c *Compare, v resource.Value, sub *schema.Attribute) bool {
	if c.Value.Kind == LitNull {
		return present(v, sub) == (c.Op == Ne)
	}
	switch v.Kind() {
	case resource.KindArray:
		elems := v.Elems()
		for _, e := range elems {
			if compareAny(c, e, sub) {
				return true
			}
		}
		return len(elems) == 0 && c.Op == Ne
	case resource.KindObject:
		if sub == nil {
			return false
		}
		return compareAny(c, v.Object().Value(sub.Name), nil)
	case resource.KindNull:
		return c.Op == Ne
	default:
		if sub != nil { // no sub-attributes in a simple value
			return c.Op == Ne
		}
		return compareOne(c, v)
	}
}

// compareOne compares values of one type; a stored value of another type fits nothing but ne.
func compareOne(c *Compare, v resource.Value) bool {
	a := c.Path.Leaf()
	switch {
	case c.Value.Kind == LitBool:
		return v.Kind() == resource.KindBool && (v.Bool() == c.Value.Bool) == (c.Op == Eq)
	case c.Value.Kind == LitNumber:
		n, ok := ParseNumber(v.Text())
		return ok && v.Kind() == resource.KindNumber && ordered(c.Op, n.Compare(c.Value.number))
	case v.Kind() != resource.KindString:
		return c.Op == Ne
	case a.Type == schema.DateTime:
		t, ok := resource.ParseTime(v.Text())
		return ok && ordered(c.Op, t.Compare(c.Value.Time))
	default:
		return compareText(c, a, v.Text())
	}
}

func compareText(c *Compare, a *schema.Attribute, s string) bool {
	want := c.Value.folded
	if c.Op == Eq || c.Op == Ne {
		equal := s == want
		if !equal && !a.CaseExact {
			equal = equalFolded(s, want)
		}
		return equal == (c.Op == Eq)
	}
	if !a.CaseExact {
		s = Fold(s)
	}
	switch c.Op {
	case Co:
		return strings.Contains(s, want)
	case Sw:
		return strings.HasPrefix(s, want)
	case Ew:
		return strings.HasSuffix(s, want)
	default:
		return ordered(c.Op, cmp.Compare(s, want))
	}
}

// ordered says whether an operator holds for the result of a comparison.
func ordered(op Op, c int) bool {
	switch op {
	case Eq:
		return c == 0
	case Ne:
		return c != 0
	case Gt:
		return c > 0
	case Ge:
		return c >= 0
	case Lt:
		return c < 0
	case Le:
		return c <= 0
	default:
		return false
	}
}

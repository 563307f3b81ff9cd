package filtersql

import "github.com/scim-operator/scim-operator/scimserver/scim/filter"

// expr translates a filter on resources. A condition may be NULL instead of false, so not asks
// whether it is true.
func (t *translator) expr(e filter.Expr) Fragment {
	switch e := e.(type) {
	case filter.And:
		return join(" AND ", each(conjuncts(e), t.expr))
	case filter.Or:
		return join(" OR ", each(disjuncts(e), t.expr))
	case filter.Not:
		if col, ok := t.presentKey(e.X); ok {
			return build(col, " IS NULL")
		}
		return build("(", t.expr(e.X), ") IS NOT TRUE")
	case filter.Compare:
		return t.compare(&e)
	case filter.Present:
		return t.present(e.Path)
	case filter.ValuePath:
		return t.valuePath(e)
	}
	return never
}

// element is one value of a multi-valued attribute: an element of an array, or a row that stands for one.
type element interface {
	compare(t *translator, c *filter.Compare) Fragment
	present(t *translator, p filter.Present) Fragment
}

// elementExpr translates a filter on one value.
func (t *translator) elementExpr(e filter.Expr, v element) Fragment {
	inner := func(e filter.Expr) Fragment { return t.elementExpr(e, v) }
	switch e := e.(type) {
	case filter.And:
		return join(" AND ", each(conjuncts(e), inner))
	case filter.Or:
		return join(" OR ", each(disjuncts(e), inner))
	case filter.Not:
		return build("(", inner(e.X), ") IS NOT TRUE")
	case filter.Compare:
		return v.compare(t, &e)
	case filter.Present:
		return v.present(t, e)
	}
	return never
}

func each(list []filter.Expr, f func(filter.Expr) Fragment) []Fragment {
	out := make([]Fragment, len(list))
	for i, e := range list {
		out[i] = f(e)
	}
	return out
}

// conjuncts are the terms of a chain of and, which the parser nests to the left. A long chain makes
// no deep nesting of brackets then.
func conjuncts(e filter.Expr) []filter.Expr {
	if a, ok := e.(filter.And); ok {
		return append(conjuncts(a.L), conjuncts(a.R)...)
	}
	return []filter.Expr{e}
}

func disjuncts(e filter.Expr) []filter.Expr {
	if o, ok := e.(filter.Or); ok {
		return append(disjuncts(o.L), disjuncts(o.R)...)
	}
	return []filter.Expr{e}
}

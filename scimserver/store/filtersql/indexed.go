package filtersql

import "github.com/scim-operator/scim-operator/scimserver/scim/filter"

// Indexed tells whether an index finds what the filter selects, few or many, without a look at the rest.
func Indexed(e filter.Expr, s Scope) bool {
	t := &translator{Scope: s}
	return t.indexed(e)
}

func (t *translator) indexed(e filter.Expr) bool {
	switch e := e.(type) {
	case filter.And:
		return t.indexed(e.L) || t.indexed(e.R)
	case filter.Or:
		return t.indexed(e.L) && t.indexed(e.R)
	case filter.Compare:
		return t.indexedCompare(&e)
	case filter.Present, filter.Not:
		return t.indexedPresence(e)
	case filter.ValuePath:
		for _, term := range conjuncts(e.Filter) {
			if c, ok := term.(filter.Compare); ok {
				if _, ok := t.narrow(&c); ok {
					return true
				}
			}
		}
	}
	return false
}

// indexedPresence tells whether a key column is to have a value, or none.
func (t *translator) indexedPresence(e filter.Expr) bool {
	if not, ok := e.(filter.Not); ok {
		e = not.X
	}
	_, ok := t.presentKey(e)
	return ok
}

func (t *translator) indexedCompare(c *filter.Compare) bool {
	if t.fewEqual(c) || isTime(c) || isActive(c, false) {
		return true
	}
	if _, ok := t.narrow(c); ok {
		return true
	}
	_, isKey := t.keyColumn(c.Path.Attr)
	return isKey && c.Path.Attr.Extension() == "" && c.Op == filter.Sw && c.Value.Folded() != ""
}

// isTime tells whether a comparison is one with the time of creation or modification, by order.
func isTime(c *filter.Compare) bool {
	if c.Op == filter.Ne || c.Value.Kind == filter.LitNull || c.Path.Attr.Extension() != "" || c.Path.Attr.Name != "meta" {
		return false
	}
	_, ok := metaTimes[c.Path.Leaf().Name]
	return ok
}

func isActive(c *filter.Compare, value bool) bool {
	a := c.Path.Attr
	return a.Extension() == "" && a.Name == "active" && !a.MultiValued &&
		c.Op == filter.Eq && c.Value.Kind == filter.LitBool && c.Value.Bool == value
}

// Active tells whether the whole filter is active eq value.
func Active(e filter.Expr, value bool) bool {
	c, ok := e.(filter.Compare)
	return ok && isActive(&c, value)
}

// opposites are the operators of order and those that select what they leave.
var opposites = map[filter.Op]filter.Op{filter.Gt: filter.Le, filter.Ge: filter.Lt, filter.Lt: filter.Ge, filter.Le: filter.Gt}

// Rest is a filter that selects what another leaves, by an index as well; ok is false where there is none.
func Rest(e filter.Expr, s Scope) (rest filter.Expr, ok bool) {
	t := &translator{Scope: s}
	if _, ok := t.presentKey(e); ok {
		return filter.Not{X: e}, true
	}
	c, ok := e.(filter.Compare)
	if !ok || !isTime(&c) {
		return nil, false
	}
	c.Op, ok = opposites[c.Op]
	return c, ok
}

// SortIndexes names the indexes that have the resources in the order of a sort key: those with a key, and those without,
// whose order is that of creation. keyed is empty where no index has the order; blank is where every resource has a key.
func SortIndexes(key Fragment) (keyed, blank string) {
	switch key.SQL {
	case "r.external":
		return "resource_external", "resource_no_external"
	case "r.name":
		return "resource_name", "resource_name"
	case "r.created":
		return "resource_created", ""
	case "r.modified":
		return "resource_modified", ""
	}
	return "", "resource_order"
}

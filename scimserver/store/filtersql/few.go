package filtersql

import "github.com/scim-operator/scim-operator/scimserver/scim/filter"

// Few tells whether an index leaves but a few resources of the filter, so that their order and
// their number need no care.
func Few(e filter.Expr, s Scope) bool {
	t := &translator{Scope: s}
	return t.few(e)
}

func (t *translator) few(e filter.Expr) bool {
	switch e := e.(type) {
	case filter.And:
		return t.few(e.L) || t.few(e.R)
	case filter.Or:
		return t.few(e.L) && t.few(e.R)
	case filter.Compare:
		return t.fewEqual(&e)
	case filter.ValuePath:
		for _, term := range conjuncts(e.Filter) {
			if c, ok := term.(filter.Compare); ok && t.lookedUp(&c) {
				return true
			}
		}
	}
	return false
}

// fewEqual tells whether a comparison is for equality with what has an index.
func (t *translator) fewEqual(c *filter.Compare) bool {
	if c.Op != filter.Eq || c.Value.Kind != filter.LitString {
		return false
	}
	a := c.Path.Attr
	if a.Extension() == "" && a.Name == "id" {
		return true
	}
	if _, ok := t.keyColumn(a); ok && a.Extension() == "" {
		return c.Value.Folded() != ""
	}
	return t.lookedUp(c)
}

// lookedUp tells whether the table lookup has the values.
func (t *translator) lookedUp(c *filter.Compare) bool {
	if _, ok := t.linksOf(c.Path.Attr); ok {
		return false
	}
	_, ok := t.narrow(c)
	return ok
}

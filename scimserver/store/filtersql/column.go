package filtersql

import (
	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
)

// compareColumn translates what has a column of its own.
func (t *translator) compareColumn(c *filter.Compare) (Fragment, bool) {
	a := c.Path.Attr
	if a.Extension() != "" {
		return Fragment{}, false
	}
	switch a.Name {
	case "id":
		return t.compareID(c, "r.id"), true
	case "meta":
		return t.compareMeta(c), true
	case "active":
		return compareActive(c)
	}
	if col, ok := t.keyColumn(a); ok {
		return t.compareKey(c, col)
	}
	return Fragment{}, false
}

// compareID compares a column that holds ids.
func (t *translator) compareID(c *filter.Compare, column string) Fragment {
	switch c.Op {
	case filter.Eq:
		return build(column, " = ", arg{ID(c.Value.Str)})
	case filter.Ne:
		return build(column, " <> ", arg{ID(c.Value.Str)})
	}
	return t.compareText(c.Op, build(t.dialect().id, "(", column, ")"), c.Value.Str)
}

// compareActive uses the column, which is 0 where the document says false and 1 where it says true. Who says nothing
// counts as active, but does not match eq true.
func compareActive(c *filter.Compare) (Fragment, bool) {
	if c.Op != filter.Eq || c.Value.Kind != filter.LitBool || c.Path.Attr.MultiValued {
		return Fragment{}, false
	}
	if !c.Value.Bool {
		return build("r.active = 0"), true
	}
	return build("r.active = 1"), true
}

// keyColumn is the column that has the value of an attribute, as it is compared, or NULL where that
// is absent or empty.
func (t *translator) keyColumn(a *schema.Attribute) (string, bool) {
	switch {
	case a.Type != schema.String || a.MultiValued:
		return "", false
	case a.Name == "externalId" && a.CaseExact:
		return "r.external", true
	case a.Name == t.NameAttr && !a.CaseExact:
		return "r.name", true
	}
	return "", false
}

// compareKey compares a key column, where no empty text is to be told from none.
func (t *translator) compareKey(c *filter.Compare, column string) (Fragment, bool) {
	want := c.Value.Folded()
	if want == "" || c.Op == filter.Lt || c.Op == filter.Le {
		return Fragment{}, false
	}
	if c.Op == filter.Sw {
		return begins(column, want), true
	}
	return t.compareText(c.Op, build(column), want), true
}

func (t *translator) presentColumn(p schema.Path) (Fragment, bool) {
	if p.Attr.Extension() != "" {
		return Fragment{}, false
	}
	if p.Attr.Name == "id" || p.Attr.Name == "meta" {
		return always, true
	}
	if col, ok := t.keyColumn(p.Attr); ok {
		return build(col, " IS NOT NULL"), true
	}
	return Fragment{}, false
}

// presentKey is the key column of which a filter wants a value.
func (t *translator) presentKey(e filter.Expr) (column string, ok bool) {
	p, ok := e.(filter.Present)
	if !ok || p.Path.Attr.Extension() != "" {
		return "", false
	}
	return t.keyColumn(p.Path.Attr)
}

package filtersql

import "github.com/scim-operator/scim-operator/scimserver/scim/schema"

func (t *translator) sortKey(p schema.Path) Fragment {
	if f, ok := t.sortColumn(p); ok {
		return f
	}
	if l, ok := t.linksOf(p.Attr); ok {
		return t.sortLinks(p, l)
	}
	n := attribute(p.Attr)
	if p.Attr.MultiValued {
		n = t.preferred(n, p.Attr)
	}
	if p.Sub != nil {
		n = n.sub(p.Sub)
		if p.Sub.MultiValued {
			n = t.preferred(n, p.Sub)
		}
	}
	return t.sortValue(p.Leaf(), n.value())
}

func (t *translator) sortColumn(p schema.Path) (Fragment, bool) {
	if p.Attr.Extension() != "" {
		return Fragment{}, false
	}
	switch p.Attr.Name {
	case "id":
		return build(t.dialect().id, "(r.id)"), true
	case "meta":
		return t.sortMeta(p), true
	}
	column, ok := t.keyColumn(p.Attr)
	return build(column), ok
}

func (t *translator) sortMeta(p schema.Path) Fragment {
	if p.Sub == nil {
		return build("NULL")
	}
	if column, ok := metaTimes[p.Sub.Name]; ok {
		return build(column)
	}
	return t.sortValue(p.Sub, t.metaText(p.Sub.Name))
}

func (t *translator) sortLinks(p schema.Path, l *links) Fragment {
	if p.Sub == nil {
		return build("NULL")
	}
	key := t.sortValue(p.Sub, linkElement{l}.value(t, p.Sub))
	return build("(SELECT ", key, " FROM ", l.from, " ORDER BY ", l.first, " LIMIT 1)")
}

// preferred is the place of the primary value, else of the first one.
func (t *translator) preferred(n node, a *schema.Attribute) node {
	alias := t.alias("e")
	order := alias + ".key"
	if p := a.Primary(); p != nil {
		order = elementNode(alias).sub(p).value().literal.SQL + " IS 'true' DESC, " + order
	}
	return node{path: "(SELECT " + alias + ".fullkey FROM " + n.elements(alias).SQL + " ORDER BY " + order + " LIMIT 1)"}
}

// sortValue is a value as it is ordered.
func (t *translator) sortValue(a *schema.Attribute, v value) Fragment {
	switch a.Type {
	case schema.Boolean:
		return build(v.literal, " = 'true'")
	case schema.Integer, schema.Decimal:
		return build("scim_number(", v.literal, ")")
	case schema.DateTime:
		return build("scim_time(", v.text, ")")
	}
	return t.folded(a, v)
}

package filtersql

import (
	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
)

// compare translates a comparison with an attribute of the resource.
func (t *translator) compare(c *filter.Compare) Fragment {
	if c.Value.Kind == filter.LitNull {
		return t.null(c, t.present(c.Path))
	}
	if f, ok := t.compareColumn(c); ok {
		return f
	}
	if f, ok := t.narrow(c); ok {
		return f
	}
	if l, ok := t.linksOf(c.Path.Attr); ok {
		return t.compareLinks(c, l)
	}
	return t.compareNode(c, attribute(c.Path.Attr), c.Path.Attr, c.Path.Sub)
}

// present translates pr.
func (t *translator) present(p schema.Path) Fragment {
	if f, ok := t.presentColumn(p); ok {
		return f
	}
	if l, ok := t.linksOf(p.Attr); ok {
		return t.presentLinks(p, l)
	}
	return t.presentNode(attribute(p.Attr), p.Attr, p.Sub)
}

// valuePath translates attr[filter]. An index finds candidates where the filter needs a certain value.
func (t *translator) valuePath(p filter.ValuePath) Fragment {
	f := t.wholePath(p)
	for _, e := range conjuncts(p.Filter) {
		c, ok := e.(filter.Compare)
		if !ok {
			continue
		}
		if narrow, ok := t.narrow(&c); ok {
			return build("(", narrow, " AND ", f, ")")
		}
	}
	return f
}

func (t *translator) wholePath(p filter.ValuePath) Fragment {
	if l, ok := t.linksOf(p.Path.Attr); ok {
		return t.linksPath(p, l)
	}
	if p.Path.Attr.Name == "meta" && p.Path.Extension == "" {
		return t.elementExpr(p.Filter, metaElement{})
	}
	return t.documentPath(p)
}

// emailsPath is the path of the values that the table lookup holds of every user.
const emailsPath = "emails.value"

// narrow translates a comparison for equality of which the tables lookup and membership have an index.
func (t *translator) narrow(c *filter.Compare) (Fragment, bool) {
	if c.Op != filter.Eq || c.Value.Kind != filter.LitString || c.Value.Str == "" {
		return Fragment{}, false
	}
	if _, ok := t.linksOf(c.Path.Attr); ok {
		return t.narrowLinks(c)
	}
	if !t.isUser() || c.Path.String() != emailsPath || c.Path.Leaf().CaseExact {
		return Fragment{}, false
	}
	return build("r.seq IN (SELECT resource FROM lookup WHERE tenant = ", t.tenant(),
		" AND attr = ", t.attr(t.Type+" "+emailsPath), " AND value = ", arg{c.Value.Folded()}, ")"), true
}

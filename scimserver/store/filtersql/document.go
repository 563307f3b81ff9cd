package filtersql

import (
	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
)

// node is a place in the document. All paths start at its root, as SQLite keeps the parsed document
// from one function call to the next.
type node struct{ path string } // SQL that gives a JSON path

// attribute is the place of a top-level attribute.
func attribute(a *schema.Attribute) node {
	path := "$"
	if urn := a.Extension(); urn != "" {
		path += member(urn)
	}
	return node{path: quote(path + member(a.Name))}
}

// member is a step of a JSON path. Names have no quotes and backslashes (schema.New sees to it).
func member(name string) string { return `."` + name + `"` }

// sub is the place of a sub-attribute.
func (n node) sub(a *schema.Attribute) node {
	if n.path[0] == '\'' {
		return node{path: n.path[:len(n.path)-1] + member(a.Name) + "'"}
	}
	return node{path: n.path + " || " + quote(member(a.Name))}
}

func (n node) value() value {
	return value{text: build("r.doc ->> (", n.path, ")"), literal: build("r.doc -> (", n.path, ")")}
}

// elements is the table of the elements of an array, with an alias.
func (n node) elements(alias string) Fragment { return build("json_each(r.doc, ", n.path, ") ", alias) }

// elementNode is the place of the element that a row of elements stands for.
func elementNode(alias string) node { return node{path: alias + ".fullkey"} }

// any is the condition that one of the elements meets another.
func (t *translator) any(n node, condition func(node) Fragment) Fragment {
	alias := t.alias("e")
	return build("EXISTS (SELECT 1 FROM ", n.elements(alias), " WHERE ", condition(elementNode(alias)), ")")
}

// compareNode translates a comparison with an attribute, of which one value must fit; without any, ne does.
func (t *translator) compareNode(c *filter.Compare, n node, a, sub *schema.Attribute) Fragment {
	if !a.MultiValued {
		return t.compareSingle(c, n, sub)
	}
	f := t.any(n, func(e node) Fragment { return t.compareSingle(c, e, sub) })
	if c.Op != filter.Ne {
		return f
	}
	return build("(", f, " OR NOT EXISTS (SELECT 1 FROM ", n.elements("z"), "))")
}

func (t *translator) compareSingle(c *filter.Compare, n node, sub *schema.Attribute) Fragment {
	if sub == nil {
		return t.compareValue(c, n.value())
	}
	return t.compareNode(c, n.sub(sub), sub, nil)
}

// presentNode tells whether an attribute has a value that is not empty.
func (t *translator) presentNode(n node, a, sub *schema.Attribute) Fragment {
	if a.MultiValued {
		return t.any(n, func(e node) Fragment { return t.presentSingle(e, a, sub) })
	}
	return t.presentSingle(n, a, sub)
}

func (t *translator) presentSingle(n node, a, sub *schema.Attribute) Fragment {
	if sub != nil {
		return t.presentNode(n.sub(sub), sub, nil)
	}
	return presentValue(a, n.value())
}

// documentElement is a value within the document.
type documentElement struct {
	node
	attr *schema.Attribute
}

func (v documentElement) compare(t *translator, c *filter.Compare) Fragment {
	if c.Value.Kind == filter.LitNull {
		return t.null(c, v.present(t, filter.Present{Path: c.Path}))
	}
	return t.compareSingle(c, v.node, c.Path.Sub)
}

func (v documentElement) present(t *translator, p filter.Present) Fragment {
	return t.presentSingle(v.node, v.attr, p.Path.Sub)
}

// null translates eq null and ne null. The condition is never NULL.
func (t *translator) null(c *filter.Compare, present Fragment) Fragment {
	if c.Op == filter.Ne {
		return present
	}
	return build("NOT ", present)
}

// documentPath translates a value path on the document.
func (t *translator) documentPath(p filter.ValuePath) Fragment {
	a := p.Path.Attr
	n := attribute(a)
	if a.MultiValued {
		return t.any(n, func(e node) Fragment { return t.elementExpr(p.Filter, documentElement{e, a}) })
	}
	return build("(", n.value().literal, " IS NOT NULL AND ", t.elementExpr(p.Filter, documentElement{n, a}), ")")
}

package filtersql

import (
	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
)

// links are the values of members or groups, which are rows. In from, x is the resource that a
// value refers to, and kind gives its type sub-attribute.
type links struct {
	from  string // FROM clause and condition, for the resource r
	first string // ORDER BY that puts the first value first
	kind  string
}

func (t *translator) members() *links {
	d := t.dialect()
	return &links{
		from:  "membership m JOIN resource x ON x.seq = m.member AND x.tenant = r.tenant WHERE " + d.scoped + "m.grp = r.seq",
		first: "m.pos",
		kind:  d.typeName,
	}
}

// groups are direct ones, and those that hold them in turn.
func (t *translator) groups() *links {
	d := t.dialect()
	return &links{
		from: `(WITH RECURSIVE up (seq, direct) AS (
			SELECT m.grp, 1 FROM membership m WHERE ` + d.scoped + `m.member = r.seq
			UNION SELECT m.grp, 0 FROM up JOIN membership m ON ` + d.scoped + `m.member = up.seq)
		SELECT seq, max(direct) AS direct FROM up GROUP BY seq) u JOIN resource x ON x.seq = u.seq AND x.tenant = r.tenant WHERE true`,
		first: "u.direct DESC, u.seq",
		kind:  d.direct,
	}
}

// linksOf tells whether the values of an attribute are rows.
func (t *translator) linksOf(a *schema.Attribute) (*links, bool) {
	switch {
	case a.Extension() != "":
		return nil, false
	case t.isGroup() && a.Name == "members":
		return t.members(), true
	case t.isUser() && a.Name == "groups":
		return t.groups(), true
	}
	return nil, false
}

// linkElement is a row that stands for one value.
type linkElement struct{ *links }

// value is a sub-attribute of a link.
func (l linkElement) value(t *translator, sub *schema.Attribute) value {
	switch sub.Name {
	case "display":
		return value{text: build("x.display"), folded: t.dialect().display}
	case "type":
		return textValue(l.kind)
	case "$ref":
		return t.location(t.dialect().typeName, "x")
	default:
		return textValue(t.dialect().id, "(x.id)")
	}
}

func (l linkElement) compare(t *translator, c *filter.Compare) Fragment {
	switch {
	case c.Value.Kind == filter.LitNull:
		return t.null(c, l.present(t, filter.Present{Path: c.Path}))
	case c.Path.Sub.Name == "value" && c.Path.Sub.CaseExact:
		return t.compareID(c, "x.id")
	}
	return t.compareValue(c, l.value(t, c.Path.Sub))
}

func (l linkElement) present(t *translator, p filter.Present) Fragment {
	if p.Path.Sub == nil {
		return always
	}
	return presentValue(p.Path.Sub, l.value(t, p.Path.Sub))
}

func (l *links) any(condition Fragment) Fragment {
	return build("EXISTS (SELECT 1 FROM ", l.from, " AND ", condition, ")")
}

// compareLinks translates a comparison of which one value must fit; without any, ne does.
func (t *translator) compareLinks(c *filter.Compare, l *links) Fragment {
	f := l.any(linkElement{l}.compare(t, c))
	if c.Op != filter.Ne {
		return f
	}
	return build("(", f, " OR NOT ", l.any(always), ")")
}

func (t *translator) presentLinks(p schema.Path, l *links) Fragment {
	return l.any(linkElement{l}.present(t, filter.Present{Path: p}))
}

func (t *translator) linksPath(p filter.ValuePath, l *links) Fragment {
	return l.any(t.elementExpr(p.Filter, linkElement{l}))
}

// narrowLinks finds the resources with a link to a certain one.
func (t *translator) narrowLinks(c *filter.Compare) (Fragment, bool) {
	if c.Path.Sub == nil || c.Path.Sub.Name != "value" || !c.Path.Sub.CaseExact {
		return Fragment{}, false
	}
	own := func(alias string) Fragment { return t.dialect().own(alias, t.tenant()) }
	target := build("(SELECT seq FROM resource WHERE tenant = ", t.tenant(), " AND id = ", arg{ID(c.Value.Str)}, ")")
	if t.isGroup() {
		return build("r.seq IN (SELECT grp FROM membership WHERE ", own(""), "member = ", target, ")"), true
	}
	return build("r.seq IN (WITH RECURSIVE down (seq) AS (SELECT member FROM membership WHERE ", own(""), "grp = ", target,
		" UNION SELECT m.member FROM down JOIN membership m ON ", own("m."), "m.grp = down.seq) SELECT seq FROM down)"), true
}

package filtersql

import (
	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
)

// Parts of a filter for a database that cannot look into documents as package filter does.
type Parts struct {
	Where Fragment   // met by whatever the filter selects, and by others unless it is Exact
	Exact bool       // Where says it all
	Flags []Fragment // conditions whose values Match needs; none is NULL

	rest test
}

// Match evaluates the filter on a document that Where has selected, with the values of Flags.
func (p *Parts) Match(doc *resource.Object, flags []bool) bool { return p.rest(doc, flags) }

// test evaluates a part of a filter.
type test func(doc *resource.Object, flags []bool) bool

// Split divides a filter.
func Split(e filter.Expr, s Scope) Parts {
	d := &divider{translator: translator{Scope: s}}
	p := Parts{Where: always}
	if f, ok := d.superset(e); ok {
		p.Where = f
	}
	if p.Exact = d.inSQL(e); !p.Exact {
		p.rest = d.test(e)
		p.Flags = d.flags
	}
	return p
}

// SortInSQL tells whether Key translates the sort attribute without a look at documents.
func SortInSQL(p schema.Path, s Scope) bool {
	d := &divider{translator: translator{Scope: s}}
	_, column := d.sortColumn(p)
	_, linked := d.linksOf(p.Attr)
	return column || linked
}

// divider tells what SQL can answer alone.
type divider struct {
	translator
	flags []Fragment
}

// inSQL tells whether an expression needs no document.
func (d *divider) inSQL(e filter.Expr) bool {
	switch e := e.(type) {
	case filter.And:
		return d.inSQL(e.L) && d.inSQL(e.R)
	case filter.Or:
		return d.inSQL(e.L) && d.inSQL(e.R)
	case filter.Not:
		return d.inSQL(e.X)
	case filter.Compare:
		return d.compareInSQL(&e)
	case filter.Present:
		_, column := d.presentColumn(e.Path)
		_, linked := d.linksOf(e.Path.Attr)
		return column || linked
	case filter.ValuePath:
		_, linked := d.linksOf(e.Path.Attr)
		return linked || e.Path.Attr.Name == "meta" && e.Path.Extension == ""
	}
	return false
}

func (d *divider) compareInSQL(c *filter.Compare) bool {
	if c.Value.Kind == filter.LitNull {
		return d.inSQL(filter.Present{Path: c.Path})
	}
	if _, ok := d.compareColumn(c); ok {
		return true
	}
	_, ok := d.narrow(c)
	_, linked := d.linksOf(c.Path.Attr)
	return ok || linked
}

// superset is a condition that is met by what an expression selects, and maybe by more; ok is false where that is all.
func (d *divider) superset(e filter.Expr) (f Fragment, ok bool) {
	if d.inSQL(e) {
		return d.expr(e), true
	}
	switch e := e.(type) {
	case filter.And:
		return d.both(e)
	case filter.Or:
		l, okL := d.superset(e.L)
		r, okR := d.superset(e.R)
		return build("(", l, " OR ", r, ")"), okL && okR
	case filter.ValuePath:
		for _, term := range conjuncts(e.Filter) {
			c, isCompare := term.(filter.Compare)
			if !isCompare {
				continue
			}
			if f, ok := d.narrow(&c); ok {
				return f, true
			}
		}
	}
	return Fragment{}, false
}

func (d *divider) both(e filter.And) (f Fragment, ok bool) {
	var list []Fragment
	for _, term := range conjuncts(e) {
		if f, ok := d.superset(term); ok {
			list = append(list, f)
		}
	}
	return join(" AND ", list), len(list) > 0
}

// test is what an expression comes to, with what SQL answers as flags.
func (d *divider) test(e filter.Expr) test {
	if d.inSQL(e) {
		n := len(d.flags)
		d.flags = append(d.flags, build("(", d.expr(e), ") IS TRUE"))
		return func(_ *resource.Object, flags []bool) bool { return flags[n] }
	}
	switch e := e.(type) {
	case filter.And:
		l, r := d.test(e.L), d.test(e.R)
		return func(doc *resource.Object, flags []bool) bool { return l(doc, flags) && r(doc, flags) }
	case filter.Or:
		l, r := d.test(e.L), d.test(e.R)
		return func(doc *resource.Object, flags []bool) bool { return l(doc, flags) || r(doc, flags) }
	case filter.Not:
		x := d.test(e.X)
		return func(doc *resource.Object, flags []bool) bool { return !x(doc, flags) }
	}
	return func(doc *resource.Object, _ []bool) bool { return filter.Match(e, doc) }
}

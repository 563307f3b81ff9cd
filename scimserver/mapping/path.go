package mapping

import (
	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
)

// path reads an attribute by a SCIM path.
//
// Where several values fit and the field takes one, it is the one marked primary; without a mark, or where that one is
// blank, the first that is not blank.
type path struct {
	text      string
	attr, sub *schema.Attribute // sub is nil in a simple attribute
	filter    filter.Expr       // nil: every value
	many      bool              // all values are wanted
	of        origin
}

// origin is where the attribute is kept.
type origin uint8

const (
	inDocument origin = iota
	inGroups
	inMeta
)

// read gives the value, and tells whether there was one that is blank.
func (p *path) read(in *Input) (raw, Found) {
	if p.of == inGroups {
		return found(groupNames(in.Groups), len(in.Groups) > 0)
	}
	v := p.value(in)
	if v.Kind() != resource.KindArray {
		return found(p.leaf(v), !v.IsNull())
	}
	if p.many {
		return p.all(v.Elems())
	}
	return p.best(v.Elems())
}

// found tells apart what is blank and what is missing.
func found(r raw, there bool) (raw, Found) {
	switch {
	case !r.blank():
		return r, Present
	case there && r.kind != nothing:
		return r, Blank
	default:
		return raw{}, Missing
	}
}

func (p *path) value(in *Input) resource.Value {
	if p.of == inMeta {
		return resource.Obj(in.Meta.Object())
	}
	return in.User.Attribute(p.attr)
}

// leaf is the value or its sub-attribute.
func (p *path) leaf(v resource.Value) raw {
	if p.sub != nil {
		v = v.Object().Value(p.sub.Name)
	}
	if v.Kind() == resource.KindArray { // a sub-attribute with several values
		return listOf(v.Elems())
	}
	return ofScalar(v)
}

// best is the primary value, or the first one.
func (p *path) best(elems []resource.Value) (raw, Found) {
	var first raw
	blank := false
	for _, e := range elems {
		if p.filter != nil && !filter.MatchValue(p.filter, e) {
			continue
		}
		r := p.leaf(e)
		if r.blank() {
			blank = blank || r.kind != nothing
			continue
		}
		if p.attr.Primary() == nil || e.Object().Value("primary").Bool() {
			return r, Present
		}
		if first.kind == nothing {
			first = r
		}
	}
	switch {
	case first.kind != nothing:
		return first, Present
	case blank:
		return raw{}, Blank
	default:
		return raw{}, Missing
	}
}

// all are the values that are not blank, in their order.
func (p *path) all(elems []resource.Value) (raw, Found) {
	out := raw{kind: aList}
	matched := false
	for _, e := range elems {
		if p.filter != nil && !filter.MatchValue(p.filter, e) {
			continue
		}
		matched = true
		r := p.leaf(e)
		if r.kind == somethingElse {
			return r, Present
		}
		if out.list = append(out.list, r.texts()...); len(out.list) > MaxEntries {
			break
		}
	}
	return found(out, matched)
}

func listOf(elems []resource.Value) raw {
	out := raw{kind: aList}
	for _, e := range elems {
		r := ofScalar(e)
		if r.kind == somethingElse {
			return r
		}
		if out.list = append(out.list, r.texts()...); len(out.list) > MaxEntries {
			break
		}
	}
	return out
}

func groupNames(names []string) raw {
	out := raw{kind: aList}
	for _, name := range names {
		if out.list = append(out.list, rawText(name).texts()...); len(out.list) > MaxEntries {
			break
		}
	}
	return out
}

package filter

import (
	"errors"

	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
)

// attributeOfAny reads an attribute expression. One on an attribute that only another type has is either true or false of
// every resource of this type.
func (p *parser) attributeOfAny() (Expr, error) {
	start, lim := p.pos, p.lim
	e, err := p.attributeExpr()
	if err == nil || p.value != nil || !errors.Is(err, ErrNoAttribute) {
		return e, err
	}
	own := p.rt
	defer func() { p.rt = own }()
	for _, other := range p.others {
		p.pos, p.lim, p.rt = start, lim, other
		if e, otherErr := p.attributeExpr(); otherErr == nil {
			return p.constant(Match(e, resource.NewObject(0))), nil
		}
	}
	return nil, err
}

// constant is an expression that all resources match, or none: each has an id.
func (p *parser) constant(value bool) Expr {
	id, _ := p.rt.Lookup("", "id", "")
	if value {
		return Present{id}
	}
	return Not{Present{id}}
}

package filter

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
)

// Causes of errors about names.
var (
	ErrNoAttribute = errors.New("no such attribute")                                        // any name that means nothing
	ErrSecret      = errors.New("never returned")                                           // of an attribute nobody may ask for
	ErrNotInForce  = fmt.Errorf("qualified by the URN of an extension: %w", ErrNoAttribute) // of an extension that is not there, or lacks it
)

// attributeExpr reads path pr, path op value, or path[filter], and the blanks behind.
func (p *parser) attributeExpr() (Expr, error) {
	start := p.pos
	if p.lim.Terms--; p.lim.Terms < 0 {
		return nil, p.fail("too many comparisons")
	}
	path, err := p.path()
	if err != nil {
		return nil, err
	}
	if err := p.allowed(start, path); err != nil {
		return nil, err
	}
	if p.peek() == '[' {
		return p.valuePath(start, path)
	}
	return p.comparison(start, path)
}

// allowed refuses what nobody may ask for, as a password could be guessed letter by letter, and what nothing can be found by.
func (p *parser) allowed(start int, path schema.Path) error {
	if path.Attr.Returned == schema.Never || path.Leaf().Returned == schema.Never {
		e := scimerr.BadFilter("%s: cannot be filtered by, for it is never returned at position %d", path, start)
		return scimerr.Wrap(ErrSecret, e.Status, e.ScimType, e.Detail)
	}
	if path.Leaf().Derived() {
		return p.failAt(start, "%s: cannot be filtered by, for it is worked out for each answer: use %s", path, path.Attr.Value().FullName())
	}
	return nil
}

// valuePath reads [filter], and a sub-attribute with its comparison behind it.
func (p *parser) valuePath(start int, path schema.Path) (Expr, error) {
	inner, err := p.valueFilter(start, path)
	if err != nil {
		return nil, err
	}
	if p.peek() != '.' {
		p.spaces()
		return ValuePath{path, inner}, nil
	}
	p.pos++
	sub := path.Attr.Sub(p.word())
	if sub == nil || !p.tol.Allow(tolerance.FilterValuePathSub) {
		return nil, p.fail("%s: nothing but a sub-attribute can stand behind a value filter, and that in Compatible mode alone", path)
	}
	last, err := p.comparison(p.pos, schema.PathOf(sub))
	return ValuePath{path, And{inner, last}}, err
}

// valueFilter reads [filter] for the values of an attribute.
func (p *parser) valueFilter(start int, path schema.Path) (Expr, error) {
	a := path.Attr
	switch {
	case p.value != nil:
		return nil, p.fail("a value filter within a value filter")
	case path.Sub != nil || !a.MultiValued && a.Type != schema.Complex:
		return nil, p.failAt(start, "%s: has no values to filter", path)
	case !a.MultiValued && !p.tol.Allow(p.rules.single):
		return nil, p.failAt(start, "%s: is not multi-valued, so that a value filter has nothing to select", path)
	}
	p.value = a
	inner, err := p.group(']')
	p.value = nil
	return inner, err
}

// comparison reads pr, or an operator and a value, and the blanks behind.
func (p *parser) comparison(start int, path schema.Path) (Expr, error) {
	if !p.spaces() {
		return nil, p.fail("%s: an operator is expected", path)
	}
	at := p.pos
	word := p.word()
	if strings.EqualFold(word, "pr") {
		p.spaces()
		return Present{path}, nil
	}
	op, ok := parseOp(word)
	if !ok {
		return nil, p.failAt(at, "%s: the operator must be eq, ne, co, sw, ew, gt, ge, lt, le or pr", path)
	}
	if !p.spaces() && (p.peek() != '"' || !p.tol.Allow(tolerance.FilterMissingBlank)) {
		return nil, p.fail("%s: a value is expected", path)
	}
	v, err := p.literal(path)
	if err != nil {
		return nil, err
	}
	p.spaces()
	return p.compare(start, path, op, v)
}

// literal reads a JSON value that is neither array nor object.
func (p *parser) literal(path schema.Path) (resource.Value, error) {
	v, n, ok := resource.ScanScalar(p.text[p.pos:])
	if !ok {
		at := p.pos
		if b, isBool := resource.ParseBool(p.word()); isBool && p.tol.Allow(tolerance.FilterBooleanString) {
			return resource.Bool(b), nil
		}
		return v, p.failAt(at, "%s: the value must be a string in double quotes, a number, true, false or null", path)
	}
	if strings.IndexByte(v.Text(), 0) >= 0 {
		return v, p.fail("%s: the value holds the character U+0000", path)
	}
	p.pos += n
	if c := p.peek(); c != 0 && c != ' ' && c != ')' && c != ']' {
		return v, p.fail("%s: a blank or closing bracket is expected behind the value", path)
	}
	return v, nil
}

// word reads up to a blank or bracket.
func (p *parser) word() string {
	n := strings.IndexAny(p.text[p.pos:], ` ()[]"`)
	if n < 0 {
		n = len(p.text) - p.pos
	}
	w := p.text[p.pos : p.pos+n]
	p.pos += n
	return w
}

// path reads [URN:]attribute[.sub].
func (p *parser) path() (schema.Path, error) {
	at := p.pos
	name := p.word()
	if name == "" && !p.patch {
		return schema.Path{}, p.fail("an attribute is expected")
	}
	var path schema.Path
	var err error
	if p.value != nil {
		path, err = p.inValue(name)
	} else {
		path, err = p.resolve(name)
	}
	var e *scimerr.Error
	if errors.As(err, &e) && !p.patch {
		err = scimerr.Wrap(e.Unwrap(), e.Status, e.ScimType, fmt.Sprintf("%s at position %d", e.Detail, at))
	}
	return path, err
}

// inValue finds a sub-attribute within a value filter.
func (p *parser) inValue(name string) (schema.Path, error) {
	if s := p.value.Sub(name); s != nil {
		return schema.PathOf(s), nil
	}
	if p.value.Type != schema.Complex && strings.EqualFold(name, "value") && p.tol.Allow(tolerance.FilterSimpleValue) {
		return schema.PathOf(p.value), nil
	}
	return schema.Path{}, scimerr.BadFilter("%s: has no sub-attribute %s", p.value.FullName(), shorten(name))
}

// resolve finds what a name outside of a value filter means.
func (p *parser) resolve(name string) (schema.Path, error) {
	urn, rest := "", name
	if i := strings.LastIndexByte(name, ':'); i >= 0 {
		urn, rest = name[:i], name[i+1:]
	}
	attr, sub, dotted := strings.Cut(rest, ".")
	if attr == "" || dotted && sub == "" {
		return schema.Path{}, p.unknown(name, ErrNoAttribute)
	}
	if path, ok := p.rt.Lookup(urn, attr, sub); ok {
		return path, nil
	}
	if path, ok := p.otherwise(name, attr, sub, urn == ""); ok {
		return path, nil
	}
	if id, ok := p.rt.Legacy(urn); ok && p.tol.Allow(p.rules.legacy) {
		urn = id
		if path, ok := p.rt.Lookup(urn, attr, sub); ok {
			return path, nil
		}
	}
	if urn != "" && !p.rt.IsCore(urn) {
		return schema.Path{}, p.unknown(name, ErrNotInForce)
	}
	return schema.Path{}, p.unknown(name, ErrNoAttribute)
}

// otherwise finds an attribute of an extension by its bare name, or one behind the URN of its schema and a dot.
func (p *parser) otherwise(name, attr, sub string, bare bool) (schema.Path, bool) {
	if bare {
		path, ok := p.rt.LookupAny(attr, sub)
		return path, ok && p.tol.Allow(p.rules.bareExtension)
	}
	path, ok := p.rt.LookupDotted(name)
	return path, ok && p.tol.Allow(p.rules.dot)
}

func (p *parser) unknown(name string, cause error) *scimerr.Error {
	kind := scimerr.InvalidFilter
	if p.patch {
		kind = scimerr.BadPath
	}
	return scimerr.Wrap(cause, http.StatusBadRequest, kind, fmt.Sprintf("%q: no attribute of %s has this name", shorten(name), p.rt.Name))
}

// shorten keeps messages short whatever a client sends.
func shorten(name string) string {
	const most = 128
	if len(name) <= most {
		return name
	}
	return strings.ToValidUTF8(name[:most], "") + "…"
}

package resource

import (
	"slices"
	"strings"

	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
)

// Projection selects attributes of an answer by attributes, excludedAttributes (RFC 7644 §3.9) and the returned characteristic.
type Projection struct {
	rt         *schema.ResourceType
	core       []choice
	extensions [][]choice
	empty      bool
	usual      bool // nothing was asked for in particular
}

// choice is what becomes of one attribute: whether it is taken, and which of its sub-attributes, a bit for each position.
type choice struct {
	take bool
	subs uint64
}

// all are the bits of all sub-attributes; a schema has 64 at most.
const all = ^uint64(0)

func bit(s *schema.Attribute) uint64 { return 1 << s.Position() }

// ParseProjection reads the two query parameters, comma-separated names of any case, with or without URN; a URN alone is the whole
// extension. Where both are given, both apply. Unknown names select nothing.
func ParseProjection(rt *schema.ResourceType, attributes, excluded string) (Projection, error) {
	if attributes == "" && excluded == "" && !rt.HasOnRequest() {
		return Projection{rt: rt, empty: true}, nil
	}
	usual := attributes == "" && excluded == ""
	p := start(rt, strings.TrimSpace(attributes) == "")
	for name := range listed(attributes) {
		p.each(name, p.include)
	}
	for name := range listed(excluded) {
		p.each(name, p.exclude)
	}
	p.empty, p.usual = p.plain(), usual
	return p, nil
}

// Specified is the Projection of the answer to a POST, PUT or PATCH: what is returned on request is in it if the client
// has written it (RFC 7643 §7). A client that asks for attributes gets those alone.
func (p Projection) Specified(written func(*schema.Attribute) bool) Projection {
	if !p.usual || p.rt == nil || !p.rt.HasOnRequest() {
		return p
	}
	p.core = specify(p.rt.Core.Attributes, p.core, written)
	extensions := make([][]choice, len(p.extensions))
	for i := range p.extensions {
		extensions[i] = specify(p.rt.Extensions[i].Schema.Attributes, p.extensions[i], written)
	}
	p.extensions = extensions
	p.empty = p.plain()
	return p
}

func specify(attributes []*schema.Attribute, choices []choice, written func(*schema.Attribute) bool) []choice {
	choices = slices.Clone(choices)
	for _, a := range attributes {
		if c := &choices[a.Position()]; a.Returned != schema.Never && !a.Linked() && written(a) {
			c.take, c.subs = true, all
		}
	}
	return choices
}

// listed yields the names of a list.
func listed(list string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for name := range strings.SplitSeq(list, ",") {
			if name = strings.TrimSpace(name); name != "" && !yield(name) {
				return
			}
		}
	}
}

// start is the choice before any name: what is returned always, and by default if everything is.
func start(rt *schema.ResourceType, everything bool) Projection {
	p := Projection{rt: rt, core: make([]choice, rt.Positions()), extensions: make([][]choice, len(rt.Extensions))}
	for _, name := range common {
		a := rt.Attribute(name)
		p.core[a.Position()] = initial(a, everything)
	}
	for _, a := range rt.Core.Attributes {
		p.core[a.Position()] = initial(a, everything)
	}
	for i := range rt.Extensions {
		attributes := rt.Extensions[i].Schema.Attributes
		p.extensions[i] = make([]choice, len(attributes))
		for j, a := range attributes {
			p.extensions[i][j] = initial(a, everything)
		}
	}
	return p
}

var common = [...]string{"schemas", "id", "externalId", "meta"}

func initial(a *schema.Attribute, everything bool) choice {
	return choice{take: a.Returned == schema.Always || a.Returned == schema.Default && everything, subs: usual(a)}
}

// usual are the sub-attributes that come with an attribute.
func usual(a *schema.Attribute) uint64 {
	subs := all
	for _, s := range a.SubAttributes {
		if s.Returned == schema.OnRequest || s.Returned == schema.Never {
			subs &^= bit(s)
		}
	}
	return subs
}

// each calls f for the attribute of a name, or for all those of an extension.
func (p *Projection) each(name string, f func(path schema.Path, c *choice)) {
	if i := extensionIndex(p.rt, name); i >= 0 {
		for j, a := range p.rt.Extensions[i].Schema.Attributes {
			f(schema.PathOf(a), &p.extensions[i][j])
		}
		return
	}
	path, ok := findPath(p.rt, name)
	if !ok {
		return
	}
	if path.Extension == "" {
		f(path, &p.core[path.Attr.Position()])
		return
	}
	f(path, &p.extensions[extensionIndex(p.rt, path.Extension)][path.Attr.Position()])
}

// findPath reads [URN:]attribute[.sub].
func findPath(rt *schema.ResourceType, name string) (schema.Path, bool) {
	urn := ""
	if i := strings.LastIndexByte(name, ':'); i >= 0 {
		urn, name = name[:i], name[i+1:]
	}
	attr, sub, dotted := strings.Cut(name, ".")
	if dotted && sub == "" {
		return schema.Path{}, false
	}
	if path, ok := rt.Lookup(urn, attr, sub); ok || urn != "" {
		return path, ok
	}
	return rt.LookupAny(attr, sub)
}

func (p *Projection) include(path schema.Path, c *choice) {
	switch {
	case path.Attr.Returned == schema.Never:
	case path.Sub == nil:
		c.take, c.subs = true, c.subs|usual(path.Attr)
	case c.take:
		c.subs |= bit(path.Sub)
	default:
		c.take, c.subs = true, always(path.Attr)|bit(path.Sub)
	}
}

// always are the sub-attributes that are returned whenever their attribute is.
func always(a *schema.Attribute) uint64 {
	var subs uint64
	for _, s := range a.SubAttributes {
		if s.Returned == schema.Always {
			subs |= bit(s)
		}
	}
	return subs
}

func (p *Projection) exclude(path schema.Path, c *choice) {
	if path.Leaf().Returned == schema.Always {
		return
	}
	if path.Sub == nil {
		c.take = false
		return
	}
	c.subs &^= bit(path.Sub)
}

// plain says whether nothing but links is left out, so that documents can be sent as they are.
func (p *Projection) plain() bool {
	for _, name := range common {
		if !p.core[p.rt.Attribute(name).Position()].whole() {
			return false
		}
	}
	for _, a := range p.rt.Core.Attributes {
		c := p.core[a.Position()]
		if stored := !a.Linked() && a.Returned != schema.Never; stored && !c.whole() || c.take && c.subs != all {
			return false
		}
	}
	for i := range p.extensions {
		for j, a := range p.rt.Extensions[i].Schema.Attributes {
			if a.Returned != schema.Never && !p.extensions[i][j].whole() {
				return false
			}
		}
	}
	return true
}

func (c choice) whole() bool { return c.take && c.subs == all }

// Empty says that a stored document may be sent as it is, with id, meta and the links that Wants names.
func (p Projection) Empty() bool { return p.empty || p.rt == nil }

// Wants says whether a top-level core attribute ("members", "groups") is in the answer, so that it need not be loaded otherwise.
func (p Projection) Wants(name string) bool {
	if p.core == nil {
		return true
	}
	a := p.rt.Attribute(name)
	return a != nil && p.core[a.Position()].take
}

// WantsSub says whether a sub-attribute ("members", "display") is in the answer.
func (p Projection) WantsSub(name, sub string) bool {
	if p.core == nil {
		return true
	}
	path, ok := p.rt.Lookup("", name, sub)
	if !ok || path.Sub == nil {
		return false
	}
	c := p.core[path.Attr.Position()]
	return c.take && c.subs&bit(path.Sub) != 0
}

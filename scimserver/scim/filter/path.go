package filter

import (
	"strings"

	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
)

// PatchPath is the path of a PATCH operation: URN alone, attribute, sub-attribute, or either behind a value filter.
type PatchPath struct {
	URN    string      // a whole extension; then nothing else is set
	Path   schema.Path // Sub is the sub-attribute, behind the filter if there is one
	Filter Expr        // nil: none
}

// maxPath bounds the length of a path, in bytes.
const maxPath = 4 << 10

// ParsePath reads the path of a PATCH operation (RFC 7644 §3.5.2, figure 7). Its error is 400 invalidPath, or invalidFilter for the
// filter in it.
func ParsePath(text string, rt *schema.ResourceType, tol *tolerance.Log) (PatchPath, error) {
	if urn, ok := wholeExtension(text, rt, tol); ok {
		return PatchPath{URN: urn}, nil
	}
	p := parser{text: text, rt: rt, tol: tol, lim: Limits{Length: maxPath}.orDefaults(), rules: patchRules, patch: true}
	if err := p.checkText(); err != nil {
		return PatchPath{}, scimerr.InvalidPath("the path is longer than %d bytes or not valid UTF-8 text", maxPath)
	}
	path, err := p.path()
	if err != nil {
		return PatchPath{}, err
	}
	if path.Sub != nil && !strings.Contains(text, ".") {
		return PatchPath{}, p.unknown(text, ErrNoAttribute) // an alias of lookups, not a place to write to
	}
	out := PatchPath{Path: path}
	if p.peek() == '[' {
		err = p.filtered(&out)
	}
	if err == nil && p.pos < len(p.text) {
		err = scimerr.InvalidPath("%s: the path does not end at position %d", path, p.pos)
	}
	return out, err
}

func wholeExtension(text string, rt *schema.ResourceType, tol *tolerance.Log) (string, bool) {
	if !strings.Contains(text, ":") {
		return "", false
	}
	if e, ok := rt.Extension(text); ok {
		return e.Schema.ID, true
	}
	id, ok := rt.Legacy(text)
	return id, ok && !rt.IsCore(id) && tol.Allow(tolerance.LegacyURN)
}

// filtered reads [filter] and .sub.
func (p *parser) filtered(out *PatchPath) (err error) {
	if out.Filter, err = p.valueFilter(0, out.Path); err != nil || p.peek() != '.' {
		return err
	}
	p.pos++
	name := p.word()
	if out.Path.Sub = out.Path.Attr.Sub(name); out.Path.Sub == nil {
		return p.unknown(out.Path.Attr.FullName()+"."+name, ErrNoAttribute)
	}
	return nil
}

// ParseAttribute reads an attribute without a filter, as sortBy has it: a complex attribute stands for its value. Its error is 400
// invalidPath.
func ParseAttribute(text string, rt *schema.ResourceType, tol *tolerance.Log) (schema.Path, error) {
	p := parser{text: text, rt: rt, tol: tol, lim: Limits{Length: maxPath}.orDefaults(), rules: filterRules, patch: true}
	if err := p.checkText(); err != nil || text == "" {
		return schema.Path{}, scimerr.InvalidPath("an attribute is expected, in at most %d bytes", maxPath)
	}
	path, err := p.path()
	if err != nil {
		return schema.Path{}, err
	}
	if p.pos < len(p.text) {
		return schema.Path{}, scimerr.InvalidPath("%s: nothing may follow at position %d", path, p.pos)
	}
	if v := path.Leaf().Value(); path.Leaf().Type == schema.Complex && v != nil {
		return schema.PathOf(v), nil
	}
	if path.Leaf().Type == schema.Complex || path.Attr.Returned == schema.Never || path.Leaf().Derived() {
		return schema.Path{}, scimerr.InvalidPath("%s: has no value to sort by", path)
	}
	return path, nil
}

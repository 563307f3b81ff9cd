package patch

import (
	"errors"
	"strings"

	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
)

// pathless resolves an operation without a path into one for each attribute of its value, in the order sent.
func (p *parser) pathless(kind Kind, v resource.Value) error {
	switch {
	case p.tol.IsStrict(): // invalidSyntax of the interoperability profile, also for remove
		return scimerr.InvalidSyntax("%s needs a path", kind)
	case kind == Remove:
		return scimerr.NoTarget("remove needs a path")
	case !p.tol.Allow(tolerance.PatchWithoutPath):
		return scimerr.InvalidSyntax("%s needs a path", kind)
	}
	o, ok := resource.Embedded(v, p.tol)
	if !ok {
		return scimerr.InvalidValue("without a path, value must be an object of attributes, not %s", v.Kind())
	}
	return p.object(kind, o)
}

func (p *parser) object(kind Kind, o *resource.Object) error {
	for name, v := range o.All() {
		if err := p.key(kind, name, v); err != nil {
			return err
		}
	}
	return nil
}

// key takes one attribute of a path-less value.
func (p *parser) key(kind Kind, name string, v resource.Value) error {
	if a := p.rt.Attribute(name); a != nil {
		return p.named(kind, schema.PathOf(a), v)
	}
	if e, ok := p.rt.Extension(name); ok {
		return p.extensionValue(kind, e, v)
	}
	if strings.Contains(name, ":") && v.Kind() == resource.KindObject {
		if p.rt.IsCore(name) && p.tol.Allow(tolerance.CoreUnderURN) {
			return p.object(kind, v.Object())
		}
		if id, ok := p.rt.Legacy(name); ok && p.tol.Allow(tolerance.LegacyURN) {
			return p.key(kind, id, v)
		}
	}
	return p.pathKey(kind, name, name, v)
}

// named takes an attribute by its plain name. What the server alone sets is an echo of its own answers.
func (p *parser) named(kind Kind, path schema.Path, v resource.Value) error {
	if path.Attr.Mutability == schema.ReadOnly {
		if path.Attr.Name == "id" && path.Extension == "" {
			p.request.ID = v.Text()
		}
		if p.tol.Ignore(tolerance.PatchReadOnlyEcho, path.String()) {
			return nil
		}
		return scimerr.Mutability("%s: is readOnly", path)
	}
	return p.add(Op{Kind: kind, Path: filter.PatchPath{Path: path}, Value: v})
}

// extensionValue takes the value under the URN of an extension.
func (p *parser) extensionValue(kind Kind, e *schema.Extension, v resource.Value) error {
	if v.IsNull() || v.Kind() == resource.KindString && v.Text() == "" {
		return nil
	}
	o, ok := resource.Embedded(v, p.tol)
	if !ok {
		return scimerr.InvalidValue("%s: must be an object, not %s", e.Schema.ID, v.Kind())
	}
	return p.extension(kind, e, o)
}

func (p *parser) extension(kind Kind, e *schema.Extension, o *resource.Object) error {
	for name, v := range o.All() {
		var err error
		if a := e.Lookup(name); a != nil {
			err = p.named(kind, schema.PathOf(a), v)
		} else {
			err = p.pathKey(kind, name, e.Schema.ID+":"+name, v)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// pathKey takes a key that is a path: name.givenName, urn:…:department, emails[type eq "work"].value. What names nothing is left out,
// as __proto__.
func (p *parser) pathKey(kind Kind, name, path string, v resource.Value) error {
	parsed, err := filter.ParsePath(path, p.rt, p.tol)
	if errors.Is(err, filter.ErrNoAttribute) && p.tol.Ignore(tolerance.UnknownAttribute, path) {
		return nil
	}
	if err != nil {
		return err
	}
	if parsed.URN != "" {
		e, _ := p.rt.Extension(parsed.URN)
		return p.extensionValue(kind, e, v)
	}
	if parsed.Filter == nil && parsed.Path.Sub == nil && !strings.Contains(name, ":") {
		return p.named(kind, parsed.Path, v)
	}
	if !p.tol.Allow(tolerance.PatchPathKey) {
		return scimerr.InvalidPath("%s: a path cannot be a key", parsed.Path)
	}
	if writable(parsed.Path) != nil && p.tol.Ignore(tolerance.PatchReadOnlyEcho, parsed.Path.String()) {
		return nil
	}
	return p.add(Op{Kind: kind, Path: parsed, Value: v})
}

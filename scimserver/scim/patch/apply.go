package patch

import (
	"errors"
	"slices"

	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
)

// Result is a patched document.
type Result struct {
	Doc     *resource.Object // canonical; shares with the document it was made from whatever did not change
	Changed bool
	Secrets *resource.Object // new values, by full name, of what is never returned (password), null where removed; nil: none
}

// errMembers is a mistake of the caller: members are no part of documents.
var errMembers = errors.New("patch: operations on members must be split off by Request.Members")

// Apply applies the operations in order. The document, canonical, stays as it is; after an error nothing has been applied.
func Apply(rt *schema.ResourceType, doc *resource.Object, r *Request, tol *tolerance.Log) (out *resource.Object, changed bool, err error) {
	res, err := ApplyWithSecrets(rt, doc, r, tol)
	return res.Doc, res.Changed, err
}

// ApplyWithSecrets is Apply for callers that keep passwords.
func ApplyWithSecrets(rt *schema.ResourceType, doc *resource.Object, r *Request, tol *tolerance.Log) (Result, error) {
	p := patcher{rt: rt, tol: tol, doc: doc.Copy()}
	for i := range r.Ops {
		op := &r.Ops[i]
		if op.members != nil {
			return Result{}, errMembers
		}
		if err := p.apply(op); err != nil {
			return Result{}, within(op.Index, len(r.Ops), err)
		}
	}
	changed, err := p.finish(doc)
	if err != nil {
		return Result{}, err
	}
	if !changed {
		return Result{Doc: doc, Changed: p.secrets != nil, Secrets: p.secrets}, nil
	}
	return Result{Doc: p.doc, Changed: true, Secrets: p.secrets}, nil
}

// Secrets are the new values, by full name, that the operations give what is never returned (password), null where they
// remove it; nil: none. They do not depend on the document.
func (r *Request) Secrets(tol *tolerance.Log) (*resource.Object, error) {
	p := patcher{tol: tol}
	for i := range r.Ops {
		op := &r.Ops[i]
		if a := op.target(); op.members != nil || a == nil || a.Returned != schema.Never {
			continue
		}
		if err := p.secret(op.target(), op); err != nil {
			return nil, within(op.Index, len(r.Ops), err)
		}
	}
	return p.secrets, nil
}

// patcher works on a copy of a document; values are never changed in place.
type patcher struct {
	rt      *schema.ResourceType
	tol     *tolerance.Log
	doc     *resource.Object
	touched []*schema.Attribute
	secrets *resource.Object
	work    int // see charge
}

func (p *patcher) apply(op *Op) error {
	if op.Path.URN != "" {
		return p.removeExtension(op.Path.URN)
	}
	a := op.target()
	if a.Returned == schema.Never {
		return p.secret(a, op)
	}
	old := p.doc.Attribute(a)
	next, err := p.attribute(op, old)
	if err != nil {
		return err
	}
	p.set(a, next)
	return nil
}

// attribute is the value of an attribute after an operation; null is unassigned.
func (p *patcher) attribute(op *Op, old resource.Value) (resource.Value, error) {
	a := op.target()
	switch {
	case op.Path.Filter != nil && a.MultiValued:
		return p.selected(op, old)
	case op.Path.Filter != nil:
		return p.selectedSingle(op, old)
	case op.Path.Path.Sub != nil && a.MultiValued:
		return p.everyElement(op, old)
	case op.Path.Path.Sub != nil:
		return p.subOf(a, old, op)
	case a.MultiValued:
		return p.elements(op, old)
	default:
		return p.single(a, old, op.Kind, op.Value)
	}
}

func (p *patcher) set(a *schema.Attribute, v resource.Value) {
	if !slices.Contains(p.touched, a) {
		p.touched = append(p.touched, a)
	}
	resource.SetAttribute(p.rt, p.doc, a, v)
}

func (p *patcher) secret(a *schema.Attribute, op *Op) error {
	v := resource.Null()
	if op.Kind != Remove {
		var err error
		if v, err = resource.Coerce(a, op.Value, p.tol); err != nil {
			return err
		}
	}
	if p.secrets == nil {
		p.secrets = resource.NewObject(1)
	}
	p.secrets.Set(a.FullName(), v)
	return nil
}

func (p *patcher) removeExtension(urn string) error {
	e, _ := p.rt.Extension(urn)
	if e.Required {
		return scimerr.Mutability("%s: is required", urn)
	}
	for name, old := range p.doc.Value(urn).Object().All() {
		a := e.Lookup(name)
		if a.Mutability == schema.ReadOnly {
			continue
		}
		if err := guard(a, old, resource.Null()); err != nil {
			return err
		}
		p.set(a, resource.Null())
	}
	return nil
}

// guard refuses to change an immutable value; giving it one the first time is allowed (RFC 7644 §3.5.2).
func guard(a *schema.Attribute, old, next resource.Value) error {
	if a.Mutability == schema.Immutable && !old.IsNull() && !old.Equal(next) {
		return resource.Immutable(a)
	}
	return nil
}

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

// Schema is the URN of PATCH requests.
const Schema = "urn:ietf:params:scim:api:messages:2.0:PatchOp"

// Parse reads the body of a PATCH request (RFC 7644 §3.5.2) and resolves its paths. Its errors are 400 and name operation and attribute.
func Parse(body *resource.Object, rt *schema.ResourceType, tol *tolerance.Log) (*Request, error) {
	p := parser{rt: rt, tol: tol, request: &Request{}}
	operations, ok := body.Get("Operations")
	if !ok && p.isScim1(body) && tol.Allow(tolerance.PatchMembersOfScim1) {
		if err := p.scim1(body); err != nil {
			return nil, err
		}
		return p.request, nil
	}
	if err := p.envelope(body); err != nil {
		return nil, err
	}
	elems, err := p.list(operations)
	if err != nil {
		return nil, err
	}
	p.request.Ops = make([]Op, 0, len(elems))
	for i, e := range elems {
		if err := p.operation(i, e); err != nil {
			return nil, within(i, len(elems), err)
		}
	}
	return p.request, nil
}

// parser gathers the operations of one request.
type parser struct {
	rt      *schema.ResourceType
	tol     *tolerance.Log
	request *Request
	index   int
}

// within says in which operation an error is, if there are several.
func within(i, n int, err error) error {
	var e *scimerr.Error
	if n < 2 || !errors.As(err, &e) {
		return err
	}
	return scimerr.New(e.Status, e.ScimType, "operation %d: %s", i+1, e.Detail)
}

func (p *parser) envelope(body *resource.Object) error {
	for name := range body.All() {
		if strings.EqualFold(name, "Operations") || strings.EqualFold(name, "schemas") || p.tol.Allow(tolerance.PatchUnknownMember) {
			continue
		}
		return scimerr.InvalidSyntax("a PATCH request has schemas and Operations alone")
	}
	for _, e := range body.Value("schemas").Elems() {
		if strings.EqualFold(e.Text(), Schema) {
			return nil
		}
	}
	if p.tol.Allow(tolerance.PatchMissingSchemas) {
		return nil
	}
	return scimerr.InvalidSyntax("schemas: must hold %s", Schema)
}

func (p *parser) list(v resource.Value) ([]resource.Value, error) {
	switch v.Kind() {
	case resource.KindArray:
		if len(v.Elems()) == 0 && !p.tol.Allow(tolerance.PatchEmpty) {
			return nil, scimerr.InvalidSyntax("Operations: must hold one operation at least")
		}
		return v.Elems(), nil
	case resource.KindObject:
		if p.tol.Allow(tolerance.PatchOperationsAsValue) {
			return []resource.Value{v}, nil
		}
	}
	return nil, scimerr.InvalidSyntax("Operations: must be an array of operations")
}

// wire is one operation as it was sent.
type wire struct {
	op, path        string
	hasPath, hasVal bool
	value           resource.Value
}

func (p *parser) operation(i int, v resource.Value) error {
	p.index = i
	o := v.Object()
	if o == nil {
		return scimerr.InvalidSyntax("an operation must be an object, not %s", v.Kind())
	}
	w, err := p.read(o)
	if err != nil {
		return err
	}
	kind, err := p.kind(w.op)
	if err != nil {
		return err
	}
	if !w.hasPath || p.rt.IsCore(w.path) {
		return p.pathless(kind, w.value)
	}
	return p.targeted(kind, w)
}

func (p *parser) read(o *resource.Object) (w wire, err error) {
	for name, v := range o.All() {
		switch strings.ToLower(name) {
		case "op":
			w.op = v.Text()
		case "path":
			w.path, w.hasPath, err = p.path(v)
		case "value":
			w.value, w.hasVal = v, true
		default:
			if !p.tol.Allow(tolerance.PatchUnknownMember) {
				return w, scimerr.InvalidSyntax("an operation has op, path and value alone")
			}
		}
		if err != nil {
			return w, err
		}
	}
	return w, nil
}

// path reads the member path; null and "" are as good as none.
func (p *parser) path(v resource.Value) (string, bool, error) {
	if v.IsNull() || v.Kind() == resource.KindString && v.Text() == "" {
		return "", false, nil
	}
	if v.Kind() != resource.KindString {
		return "", false, scimerr.InvalidPath("path must be a string, not %s", v.Kind())
	}
	return v.Text(), true, nil
}

func (p *parser) kind(op string) (Kind, error) {
	for i, name := range kindNames {
		if op == name || strings.EqualFold(op, name) && p.tol.Allow(tolerance.PatchOpCase) {
			return Kind(i), nil
		}
	}
	return 0, scimerr.InvalidSyntax("op must be add, remove or replace")
}

// targeted takes an operation with a path.
func (p *parser) targeted(kind Kind, w wire) error {
	path, err := filter.ParsePath(w.path, p.rt, p.tol)
	if errors.Is(err, filter.ErrNotInForce) && p.tol.Ignore(tolerance.PatchUnknownExtension, w.path) {
		return nil
	}
	if err != nil {
		return p.unknown(err)
	}
	if path.URN != "" {
		return p.wholeExtension(kind, path, w)
	}
	if err := writable(path.Path); err != nil {
		return err
	}
	if kind != Remove && !w.hasVal && !p.valueless(path) {
		return scimerr.InvalidValue("%s: value is missing", path.Path)
	}
	if kind == Add && !w.hasVal && !path.Path.Attr.Linked() {
		return nil
	}
	return p.add(Op{Kind: kind, Path: path, Value: w.value})
}

// unknown makes the error about a name that no schema has the one which the interoperability profile wants for any body.
func (p *parser) unknown(err error) error {
	var e *scimerr.Error
	if !p.tol.IsStrict() || !errors.Is(err, filter.ErrNoAttribute) || !errors.As(err, &e) {
		return err
	}
	return scimerr.Wrap(err, e.Status, scimerr.BadSyntax, e.Detail)
}

// valueless says whether add and replace may go without a value: never where that would empty a group.
func (p *parser) valueless(path filter.PatchPath) bool {
	if path.Path.Attr.Linked() {
		return path.Filter != nil
	}
	return p.tol.Allow(tolerance.PatchMissingValue)
}

// writable refuses what no client may change.
func writable(path schema.Path) error {
	for _, a := range [...]*schema.Attribute{path.Attr, path.Sub} {
		if a != nil && a.Mutability == schema.ReadOnly {
			return scimerr.Mutability("%s: is readOnly", a.FullName())
		}
	}
	return nil
}

// add appends an operation; null as value unassigns (RFC 7643 §2.5), so that adding it to several values does nothing.
func (p *parser) add(op Op) error {
	op.Index = p.index
	if op.target() != nil && op.target().Linked() {
		return p.memberOp(op)
	}
	if op.target() != nil && op.target().Name == "schemas" && op.Path.Path.Extension == "" {
		return p.schemasOp(op)
	}
	if op.Value.IsNull() && op.Kind == Add && op.toSeveral() {
		return nil
	}
	if op.Value.IsNull() {
		op.Kind = Remove
	}
	p.request.Ops = append(p.request.Ops, op)
	return nil
}

// schemasOp lets schemas be: the stored ones follow from the attributes. Those named must be in force.
func (p *parser) schemasOp(op Op) error {
	if op.Kind == Remove {
		return scimerr.Mutability("schemas: is required")
	}
	return resource.CheckSchemas(p.rt, op.Value, p.tol)
}

// wholeExtension takes an operation on all attributes of an extension.
func (p *parser) wholeExtension(kind Kind, path filter.PatchPath, w wire) error {
	if kind == Remove || w.hasVal && (w.value.IsNull() || p.isEmpty(w.value)) {
		if kind != Add {
			p.request.Ops = append(p.request.Ops, Op{Kind: Remove, Path: path, Index: p.index})
		}
		return nil
	}
	o, ok := resource.Embedded(w.value, p.tol)
	if !ok {
		return scimerr.InvalidValue("%s: value must be an object, not %s", path.URN, w.value.Kind())
	}
	e, _ := p.rt.Extension(path.URN)
	return p.extension(kind, e, o)
}

// isEmpty recognises the empty string that stands for no value.
func (p *parser) isEmpty(v resource.Value) bool {
	return v.Kind() == resource.KindString && v.Text() == "" && p.tol.Allow(tolerance.EmptyString)
}

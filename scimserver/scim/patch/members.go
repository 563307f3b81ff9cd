package patch

import (
	"strings"

	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
)

// memberOp reads an operation on members.
func (p *parser) memberOp(op Op) error {
	if sub := op.Path.Path.Sub; sub != nil {
		return scimerr.Mutability("%s: is immutable: add and remove members instead", sub.FullName())
	}
	changes, err := p.memberChanges(&op)
	if err != nil {
		return err
	}
	for _, c := range changes {
		p.request.Ops = append(p.request.Ops, Op{Kind: op.Kind, Path: op.Path, Value: op.Value, Index: op.Index, members: &c})
	}
	return nil
}

func (p *parser) memberChanges(op *Op) ([]MemberChange, error) {
	if op.Path.Filter != nil {
		return p.memberFilter(op)
	}
	if op.Kind == Remove && op.Value.IsNull() {
		return []MemberChange{{Kind: ClearMembers}}, nil
	}
	ids, err := resource.MemberIDs(op.target(), op.Value, p.tol)
	if err != nil {
		return nil, err
	}
	switch {
	case op.Kind == Replace && len(ids) == 0:
		return []MemberChange{{Kind: ClearMembers}}, nil
	case op.Kind == Replace:
		return []MemberChange{{Kind: ReplaceMembers, IDs: ids}}, nil
	case op.Kind == Remove && !p.tol.Allow(tolerance.PatchRemoveValues):
		return nil, scimerr.InvalidValue(`%s: remove has no value: use path members[value eq "…"]`, op.target().FullName())
	case len(ids) == 0:
		return nil, nil
	case op.Kind == Remove:
		return []MemberChange{{Kind: RemoveMembers, IDs: ids}}, nil
	default:
		return []MemberChange{{Kind: AddMembers, IDs: ids}}, nil
	}
}

// memberFilter reads members[filter].
func (p *parser) memberFilter(op *Op) ([]MemberChange, error) {
	ids, byID := idsOf(op.Path.Filter, nil)
	switch {
	case op.Kind == Remove && byID && len(ids) == 1:
		return []MemberChange{{Kind: RemoveMembers, IDs: ids, Found: All}}, nil
	case op.Kind == Remove && byID:
		return []MemberChange{{Kind: RemoveMembers, IDs: ids, Found: Some}}, nil
	case op.Kind == Remove:
		return []MemberChange{{Kind: RemoveMatching, Filter: op.Path.Filter, Found: Some}}, nil
	case !byID || !p.tol.Allow(tolerance.PatchMemberByFilter):
		return nil, scimerr.InvalidPath("%s: %s with a filter has no meaning: name the members in value", op.target().FullName(), op.Kind)
	case op.Kind == Add:
		return []MemberChange{{Kind: AddMembers, IDs: ids}}, nil
	}
	with, err := resource.MemberIDs(op.target(), op.Value, p.tol)
	if err != nil || len(with) == 0 {
		return []MemberChange{{Kind: RemoveMembers, IDs: ids}}, err
	}
	return []MemberChange{{Kind: RemoveMembers, IDs: ids}, {Kind: AddMembers, IDs: with}}, nil
}

// idsOf reads value eq "a" or value eq "b" …
func idsOf(e filter.Expr, ids []string) ([]string, bool) {
	switch e := e.(type) {
	case filter.Or:
		ids, ok := idsOf(e.L, ids)
		if !ok {
			return nil, false
		}
		return idsOf(e.R, ids)
	case filter.Compare:
		if e.Op == filter.Eq && e.Value.Kind == filter.LitString && e.Path.Sub != nil && e.Path.Sub == e.Path.Attr.Value() {
			return append(ids, e.Value.Str), true
		}
	}
	return nil, false
}

// isScim1 recognises a PATCH of SCIM 1.1: attributes without operations.
func (p *parser) isScim1(body *resource.Object) bool {
	for _, e := range body.Value("schemas").Elems() {
		if id, ok := p.rt.Legacy(e.Text()); ok && p.rt.IsCore(id) {
			return true
		}
	}
	return false
}

// scim1 reads a PATCH of SCIM 1.1: members marked delete are removed, others added; other attributes are replaced.
func (p *parser) scim1(body *resource.Object) error {
	members := p.rt.Attribute("members")
	for name, v := range body.All() {
		var err error
		switch {
		case strings.EqualFold(name, "schemas"):
		case members != nil && strings.EqualFold(name, members.Name):
			err = p.scim1Members(members, v.Elems())
		default:
			err = p.key(Replace, name, v)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *parser) scim1Members(a *schema.Attribute, elems []resource.Value) error {
	for _, e := range elems {
		kind := Add
		if o := e.Object(); o != nil {
			if strings.EqualFold(o.Value("operation").Text(), "delete") {
				kind = Remove
			}
			o = o.Copy()
			o.Delete("operation")
			e = resource.Obj(o)
		}
		op := Op{Kind: kind, Path: filter.PatchPath{Path: schema.PathOf(a)}, Value: resource.Array(e)}
		if err := p.memberOp(op); err != nil {
			return err
		}
	}
	return nil
}

package mapping

import (
	"fmt"
	"strings"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
)

// Names of the types of a user and its parts; messages leave the prefix out.
const (
	shapePrefix = "scim."
	userShape   = shapePrefix + "User"
)

// shape is the type of a user, of an extension or of a complex attribute, with what reads its attributes.
type shape struct {
	typ    *types.Type
	label  string // as messages call it
	names  []string
	fields map[string]*types.FieldType // by name in lower case
}

// shapes are the types of a tenant's users. They implement types.Provider, so that expressions are checked against the
// schemas, and attributes are read without reflection.
type shapes struct {
	types.Provider // of CEL's own types
	rt             *schema.ResourceType
	byName         map[string]*shape
	loose          bool            // extensions that are not declared may be read: which ones there are is not known
	missed         map[string]miss // if not nil, attributes that were asked for and are not there
}

// miss is an attribute that is not there.
type miss struct {
	of   *shape
	name string
}

// newShapes makes the types of a user.
func newShapes(own types.Provider, rt *schema.ResourceType, loose bool) *shapes {
	s := &shapes{Provider: own, rt: rt, byName: map[string]*shape{}, loose: loose}
	user := s.add(userShape, "a user")
	for _, name := range []string{"id", "externalId", "schemas"} {
		s.attribute(user, rt.Attribute(name))
	}
	for _, a := range rt.Core.Attributes {
		s.attribute(user, a)
	}
	s.meta(user, rt.Attribute("meta"))
	for i := range rt.Extensions {
		s.extension(user, rt.Extensions[i].Schema)
	}
	return s
}

func (s *shapes) add(name, label string) *shape {
	sh := &shape{typ: types.NewObjectType(name), label: label, fields: map[string]*types.FieldType{}}
	s.byName[name] = sh
	return sh
}

func (sh *shape) field(name string, t *types.Type, get func(*node) (ref.Val, error), set func(*node) bool) {
	sh.names = append(sh.names, name)
	sh.fields[strings.ToLower(name)] = &types.FieldType{
		Type:    t,
		GetFrom: func(of any) (any, error) { return get(of.(*node)) },
		IsSet:   func(of any) bool { return set(of.(*node)) },
	}
}

// attribute adds an attribute. A password is never stored, so there is none.
func (s *shapes) attribute(sh *shape, a *schema.Attribute) {
	switch {
	case a.Returned == schema.Never:
	case a.Linked():
		s.groups(sh, a)
	default:
		t, read := s.reader(a)
		get := func(n *node) (ref.Val, error) { return read(n.object.Value(a.Name)) }
		sh.field(a.Name, t, get, func(n *node) bool { return !n.object.Value(a.Name).IsNull() })
	}
}

func (s *shapes) extension(user *shape, e *schema.Schema) {
	sh := s.add(shapePrefix+e.ID, e.ID)
	for _, a := range e.Attributes {
		s.attribute(sh, a)
	}
	get := func(n *node) (ref.Val, error) { return &node{object: n.object.Value(e.ID).Object(), shape: sh}, nil }
	user.field(e.ID, sh.typ, get, func(n *node) bool { return n.object.Value(e.ID).Object().Len() > 0 })
}

// meta is not part of the document.
func (s *shapes) meta(user *shape, a *schema.Attribute) {
	sh := s.complex(a)
	get := func(n *node) (ref.Val, error) { return &node{object: n.in.Meta.Object(), shape: sh}, nil }
	user.field(a.Name, sh.typ, get, func(*node) bool { return true })
}

// groups are kept outside of the document, and known by their names.
func (s *shapes) groups(user *shape, a *schema.Attribute) {
	sh := s.add(shapePrefix+a.Name, a.Name)
	s.attribute(sh, a.Sub("display"))
	get := func(n *node) (ref.Val, error) { return groupNodes(n.in.Groups, sh) }
	user.field(a.Name, types.NewListType(sh.typ), get, func(n *node) bool { return len(n.in.Groups) > 0 })
}

// complex adds the type of a complex attribute.
func (s *shapes) complex(a *schema.Attribute) *shape {
	sh := s.add(shapePrefix+a.FullName(), a.Name)
	for _, sub := range a.SubAttributes {
		s.attribute(sh, sub)
	}
	return sh
}

// reader gives the type of an attribute and what reads its value.
func (s *shapes) reader(a *schema.Attribute) (*types.Type, func(resource.Value) (ref.Val, error)) {
	t, read := types.StringType, readText
	switch a.Type {
	case schema.Boolean:
		t, read = types.BoolType, readBool(a)
	case schema.Integer:
		t, read = types.IntType, readInteger(a)
	case schema.Decimal:
		t, read = types.DoubleType, readDecimal(a)
	case schema.DateTime:
		t, read = types.TimestampType, readTime(a)
	case schema.Complex:
		sh := s.complex(a)
		t, read = sh.typ, func(v resource.Value) (ref.Val, error) { return &node{object: v.Object(), shape: sh}, nil }
	}
	if !a.MultiValued {
		return t, read
	}
	return types.NewListType(t), readList(read)
}

// FindStructType implements types.Provider.
func (s *shapes) FindStructType(name string) (*types.Type, bool) {
	if sh, ok := s.byName[name]; ok {
		return types.NewTypeTypeWithParam(sh.typ), true
	}
	return s.Provider.FindStructType(name)
}

// FindStructFieldNames implements types.Provider.
func (s *shapes) FindStructFieldNames(name string) ([]string, bool) {
	if sh, ok := s.byName[name]; ok {
		return sh.names, true
	}
	return s.Provider.FindStructFieldNames(name)
}

// FindStructFieldType implements types.Provider.
func (s *shapes) FindStructFieldType(name, field string) (*types.FieldType, bool) {
	sh, ok := s.byName[name]
	if !ok {
		return s.Provider.FindStructFieldType(name, field)
	}
	if f, ok := sh.fields[strings.ToLower(field)]; ok {
		return f, true
	}
	if s.loose && name == userShape && strings.Contains(field, ":") {
		return &types.FieldType{Type: types.DynType}, true
	}
	if s.missed != nil {
		s.missed[field] = miss{of: sh, name: field}
	}
	return nil, false
}

// NewValue implements types.Provider: expressions don't make users.
func (s *shapes) NewValue(name string, fields map[string]ref.Val) ref.Val {
	if _, ok := s.byName[name]; ok {
		return types.WrapErr(fmt.Errorf("%s cannot be made by an expression", strings.TrimPrefix(name, shapePrefix)))
	}
	return s.Provider.NewValue(name, fields)
}

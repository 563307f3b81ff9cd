package mapping

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
)

var (
	errListed  = errors.New("an attribute has too many values")
	errMissing = errors.New("the user has no value for it")
)

// node is a user, an extension or a complex value in an expression. What is missing is an empty one.
type node struct {
	object *resource.Object
	shape  *shape
	in     *Input // of the user itself
}

// ConvertToNative implements ref.Val.
func (n *node) ConvertToNative(t reflect.Type) (any, error) {
	return nil, fmt.Errorf("%s is no %s", n.shape.label, t)
}

// ConvertToType implements ref.Val.
func (n *node) ConvertToType(t ref.Type) ref.Val {
	if t == types.TypeType {
		return n.shape.typ
	}
	return types.NewErr("%s cannot become a %s", n.shape.label, t.TypeName())
}

// Equal implements ref.Val.
func (n *node) Equal(other ref.Val) ref.Val {
	m, ok := other.(*node)
	return types.Bool(ok && n.shape == m.shape && (n.object.Len() == 0 && m.object.Len() == 0 || n.object.Equal(m.object)))
}

// Type implements ref.Val.
func (n *node) Type() ref.Type { return n.shape.typ }

// Value implements ref.Val.
func (n *node) Value() any { return n }

// IsZeroValue implements traits.Zeroer.
func (n *node) IsZeroValue() bool { return n.object.Len() == 0 }

// Get implements traits.Indexer, for values whose type was not known when the expression was compiled.
func (n *node) Get(index ref.Val) ref.Val {
	f := n.find(index)
	if f == nil {
		return types.NewErr("no such key: %v", index)
	}
	v, err := f.GetFrom(n)
	if err != nil {
		return types.WrapErr(err)
	}
	return v.(ref.Val)
}

// IsSet implements traits.FieldTester.
func (n *node) IsSet(index ref.Val) ref.Val {
	f := n.find(index)
	return types.Bool(f != nil && f.IsSet(n))
}

func (n *node) find(index ref.Val) *types.FieldType {
	name, _ := index.(types.String)
	return n.shape.fields[strings.ToLower(string(name))]
}

func groupNodes(names []string, sh *shape) (ref.Val, error) {
	if len(names) > maxListed {
		return nil, errListed
	}
	list := make([]ref.Val, len(names))
	for i, name := range names {
		o := resource.NewObject(1)
		o.Set("display", resource.String(name))
		list[i] = &node{object: o, shape: sh}
	}
	return types.NewRefValList(adapter{}, list), nil
}

// The readers give a value of the attribute's type; a stored value of another type, from before a change of the schema, is
// as good as none. A text that is missing is an empty one, as it is for the rules.

func readText(v resource.Value) (ref.Val, error) {
	return types.String(textOf(v)), nil
}

func textOf(v resource.Value) string {
	if v.Kind() == resource.KindBool {
		return strconv.FormatBool(v.Bool())
	}
	return v.Text()
}

func readBool(a *schema.Attribute) func(resource.Value) (ref.Val, error) {
	primary := a.Parent() != nil && a.Parent().Primary() == a
	return func(v resource.Value) (ref.Val, error) {
		if v.Kind() == resource.KindBool {
			return types.Bool(v.Bool()), nil
		}
		if primary {
			return types.False, nil // RFC 7643 section 2.4: what is not said to be primary is not
		}
		return nil, missing(a)
	}
}

func readInteger(a *schema.Attribute) func(resource.Value) (ref.Val, error) {
	return func(v resource.Value) (ref.Val, error) {
		if i, ok := integer(v.Text()); ok && v.Kind() == resource.KindNumber {
			return types.Int(i), nil
		}
		return nil, missing(a)
	}
}

func readDecimal(a *schema.Attribute) func(resource.Value) (ref.Val, error) {
	return func(v resource.Value) (ref.Val, error) {
		if f, err := strconv.ParseFloat(v.Text(), 64); err == nil && v.Kind() == resource.KindNumber {
			return types.Double(f), nil
		}
		return nil, missing(a)
	}
}

func readTime(a *schema.Attribute) func(resource.Value) (ref.Val, error) {
	return func(v resource.Value) (ref.Val, error) {
		if t, ok := resource.ParseTime(v.Text()); ok {
			return types.Timestamp{Time: t}, nil
		}
		return nil, missing(a)
	}
}

func missing(a *schema.Attribute) error { return fmt.Errorf("%s: %w", a.FullName(), errMissing) }

// readList reads the values of a multi-valued attribute; those that are no values are left out.
func readList(read func(resource.Value) (ref.Val, error)) func(resource.Value) (ref.Val, error) {
	return func(v resource.Value) (ref.Val, error) {
		elems := v.Elems()
		if len(elems) > maxListed {
			return nil, errListed
		}
		list := make([]ref.Val, 0, len(elems))
		for _, e := range elems {
			if one, err := read(e); err == nil {
				list = append(list, one)
			}
		}
		return types.NewRefValList(adapter{}, list), nil
	}
}

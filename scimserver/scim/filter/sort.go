package filter

import (
	"cmp"

	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
)

// SortValue is what a resource is sorted by (RFC 7644 §3.4.2.3): of a multi-valued attribute the primary value, else the first; null if
// there is none.
func SortValue(p schema.Path, r *resource.Object) resource.Value {
	v := r.Attribute(p.Attr)
	if v.Kind() == resource.KindArray {
		v = preferred(p.Attr, v.Elems())
	}
	if p.Sub != nil {
		v = v.Object().Value(p.Sub.Name)
	}
	if v.Kind() == resource.KindArray {
		v = preferred(p.Sub, v.Elems())
	}
	return v
}

func preferred(a *schema.Attribute, elems []resource.Value) resource.Value {
	if len(elems) == 0 {
		return resource.Null()
	}
	if p := a.Primary(); p != nil {
		for _, e := range elems {
			if e.Object().Value(p.Name).Bool() {
				return e
			}
		}
	}
	return elems[0]
}

// CompareValues orders two values of an attribute, ascending; what has no value comes last.
func CompareValues(a *schema.Attribute, v, w resource.Value) int {
	if v.IsNull() || w.IsNull() {
		return cmp.Compare(rank(v), rank(w))
	}
	switch a.Type {
	case schema.Boolean:
		return cmp.Compare(truth(v), truth(w))
	case schema.Integer, schema.Decimal:
		m, _ := ParseNumber(v.Text())
		n, _ := ParseNumber(w.Text())
		return m.Compare(n)
	case schema.DateTime:
		t, _ := resource.ParseTime(v.Text())
		u, _ := resource.ParseTime(w.Text())
		return t.Compare(u)
	default:
		if a.CaseExact {
			return cmp.Compare(v.Text(), w.Text())
		}
		return cmp.Compare(Fold(v.Text()), Fold(w.Text()))
	}
}

func rank(v resource.Value) int {
	if v.IsNull() {
		return 1
	}
	return 0
}

func truth(v resource.Value) int {
	if v.Bool() {
		return 1
	}
	return 0
}

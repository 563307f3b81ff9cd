package memory

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// compare orders two resources (RFC 7644 §3.4.2.3): without a value last, or first if descending.
func compare(s *store.Sort, a, b *resource.Object) int {
	c := compareValues(s.Path, sortKey(s.Path, a), sortKey(s.Path, b))
	if s.Descending {
		return -c
	}
	return c
}

func compareValues(p schema.Path, a, b resource.Value) int {
	if a.IsNull() || b.IsNull() {
		return cmp.Compare(boolInt(a.IsNull()), boolInt(b.IsNull()))
	}
	leaf := leafOf(p)
	switch leaf.Type {
	case schema.Boolean:
		return cmp.Compare(boolInt(a.Bool()), boolInt(b.Bool()))
	case schema.Integer, schema.Decimal:
		return cmp.Compare(number(a), number(b))
	case schema.DateTime:
		return instant(a).Compare(instant(b))
	}
	if leaf.CaseExact {
		return strings.Compare(a.Text(), b.Text())
	}
	return strings.Compare(filter.Fold(a.Text()), filter.Fold(b.Text()))
}

// sortKey is the value that counts: of several the primary one, else the first.
func sortKey(p schema.Path, o *resource.Object) resource.Value {
	if p.Extension != "" {
		v, _ := o.Get(p.Extension)
		if o = v.Object(); o == nil {
			return resource.Null()
		}
	}
	v, _ := o.Get(p.Attr.Name)
	if p.Attr.MultiValued {
		v = primary(v.Elems())
	}
	sub := p.Sub
	if sub == nil && p.Attr.Type == schema.Complex {
		sub = p.Attr.Sub("value")
	}
	if sub == nil {
		return v
	}
	if v.Object() == nil {
		return resource.Null()
	}
	v, _ = v.Object().Get(sub.Name)
	return v
}

func primary(elems []resource.Value) resource.Value {
	if len(elems) == 0 {
		return resource.Null()
	}
	for _, e := range elems {
		if e.Object() == nil {
			break
		}
		if p, _ := e.Object().Get("primary"); p.Bool() {
			return e
		}
	}
	return elems[0]
}

func leafOf(p schema.Path) *schema.Attribute {
	if p.Sub != nil {
		return p.Sub
	}
	if v := p.Attr.Sub("value"); v != nil {
		return v
	}
	return p.Attr
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

func number(v resource.Value) float64 {
	f, _ := strconv.ParseFloat(v.Text(), 64)
	return f
}

func instant(v resource.Value) time.Time {
	t, _ := resource.ParseTime(v.Text())
	return t
}

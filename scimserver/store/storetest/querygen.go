package storetest

import (
	"fmt"
	"strings"

	"pgregory.net/rapid"

	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
)

// generator makes filters for a resource type.
type generator struct {
	rt    *schema.ResourceType
	attrs []*schema.Attribute // top-level ones that can be filtered by
	ids   []string
}

func newGenerator(rt *schema.ResourceType, ids []string) *generator {
	g := &generator{rt: rt, ids: append([]string{"nobody", ""}, ids...)}
	for _, name := range []string{"id", "externalId", "meta", "schemas"} {
		p, _ := rt.Lookup("", name, "")
		g.attrs = append(g.attrs, p.Attr)
	}
	g.attrs = append(g.attrs, rt.Core.Attributes...)
	for _, x := range rt.Extensions {
		g.attrs = append(g.attrs, x.Schema.Attributes...)
	}
	g.attrs = filterable(g.attrs)
	return g
}

func filterable(attrs []*schema.Attribute) (list []*schema.Attribute) {
	for _, a := range attrs {
		if a.Returned != schema.Never {
			list = append(list, a)
		}
	}
	return list
}

// filter draws the text of a filter.
func (g *generator) filter(t *rapid.T) string { return g.expr(t, 3, g.term) }

// expr draws terms joined by and, or, not and brackets.
func (g *generator) expr(t *rapid.T, depth int, term func(*rapid.T) string) string {
	if depth == 0 {
		return term(t)
	}
	inner := func() string { return g.expr(t, depth-1, term) }
	switch rapid.IntRange(0, 7).Draw(t, "node") {
	case 0:
		return inner() + " and " + inner()
	case 1:
		return inner() + " or " + inner()
	case 2:
		return "not (" + inner() + ")"
	case 3:
		return "(" + inner() + ")"
	default:
		return term(t)
	}
}

func (g *generator) term(t *rapid.T) string {
	a := rapid.SampledFrom(g.attrs).Draw(t, "attribute")
	if a.Type != schema.Complex {
		if a.MultiValued && rapid.IntRange(0, 3).Draw(t, "path") == 0 {
			return a.FullName() + "[" + g.expr(t, 1, func(t *rapid.T) string { return g.comparison(t, a, "value") }) + "]"
		}
		return g.comparison(t, a, a.FullName())
	}
	switch rapid.IntRange(0, 3).Draw(t, "form") {
	case 0:
		return a.FullName() + " " + rapid.SampledFrom([]string{"pr", "eq null", "ne null"}).Draw(t, "op")
	case 1:
		return a.FullName() + "[" + g.expr(t, 2, func(t *rapid.T) string { return g.subComparison(t, a) }) + "]" + g.suffix(t, a)
	default:
		sub := rapid.SampledFrom(a.SubAttributes).Draw(t, "sub")
		return g.comparison(t, sub, sub.FullName())
	}
}

// suffix is what clients put behind a value filter: emails[type eq "work"].value eq "x".
func (g *generator) suffix(t *rapid.T, a *schema.Attribute) string {
	if rapid.Bool().Draw(t, "suffix") {
		return ""
	}
	return "." + g.subComparison(t, a)
}

func (g *generator) subComparison(t *rapid.T, a *schema.Attribute) string {
	sub := rapid.SampledFrom(a.SubAttributes).Draw(t, "sub")
	return g.comparison(t, sub, sub.Name)
}

// comparison draws operator and value for an attribute.
func (g *generator) comparison(t *rapid.T, a *schema.Attribute, name string) string {
	if rapid.IntRange(0, 9).Draw(t, "presence") == 0 {
		return name + " " + rapid.SampledFrom([]string{"pr", "eq null", "ne null"}).Draw(t, "op")
	}
	ops := []string{"eq", "ne", "eq"}
	switch a.Type {
	case schema.Boolean:
	case schema.Binary:
		ops = append(ops, "co", "sw", "ew")
	case schema.Integer, schema.Decimal, schema.DateTime:
		ops = append(ops, "gt", "ge", "lt", "le")
	default:
		ops = append(ops, "co", "sw", "ew", "gt", "ge", "lt", "le")
	}
	return fmt.Sprintf("%s %s %s", name, rapid.SampledFrom(ops).Draw(t, "op"), g.literal(t, a))
}

func (g *generator) literal(t *rapid.T, a *schema.Attribute) string {
	switch a.Type {
	case schema.Boolean:
		return rapid.SampledFrom([]string{"true", "false"}).Draw(t, "bool")
	case schema.Decimal, schema.Integer:
		return rapid.SampledFrom(numbers).Draw(t, "number")
	case schema.DateTime:
		return quoted(rapid.SampledFrom(times).Draw(t, "time"))
	case schema.Binary:
		return quoted(rapid.SampledFrom(append([]string{"", "A", "="}, blobs...)).Draw(t, "blob"))
	case schema.Reference:
		return quoted(g.reference(t, a))
	}
	return quoted(g.text(t, a))
}

func (g *generator) reference(t *rapid.T, a *schema.Attribute) string {
	own := baseURL + "/" + rapid.SampledFrom([]string{"Users", "Groups"}).Draw(t, "endpoint") + "/"
	list := append([]string{"", "/", "https", own, own + rapid.SampledFrom(g.ids).Draw(t, "id"), "urn:ietf:params:scim:schemas:core:2.0:User"}, links...)
	return rapid.SampledFrom(list).Draw(t, "reference")
}

// text draws what is in the documents, or a part of it.
func (g *generator) text(t *rapid.T, a *schema.Attribute) string {
	s := rapid.SampledFrom(texts).Draw(t, "text")
	switch rapid.IntRange(0, 5).Draw(t, "part") {
	case 0:
		s = ""
	case 1:
		runes := []rune(s)
		s = string(runes[:rapid.IntRange(0, len(runes)).Draw(t, "length")])
	case 2:
		s += fmt.Sprint(rapid.IntRange(0, 99).Draw(t, "number"))
	}
	switch {
	case a.Name == "version":
		return fmt.Sprintf(`W/"%d"`, rapid.IntRange(0, 3).Draw(t, "version"))
	case a.Name == "resourceType" || a.Name == "type" && rapid.Bool().Draw(t, "kind"):
		return rapid.SampledFrom([]string{"User", "Group", "user", "direct", "indirect", "work"}).Draw(t, "type")
	case a.Name == "id" || strings.HasSuffix(a.FullName(), "s.value") && rapid.Bool().Draw(t, "link"):
		return rapid.SampledFrom(g.ids).Draw(t, "id")
	}
	return s
}

func quoted(s string) string { return string(resource.String(s).AppendJSON(nil)) }

// sortable draws an attribute to sort by, "" for none.
func (g *generator) sortable(t *rapid.T) string {
	if rapid.Bool().Draw(t, "unsorted") {
		return ""
	}
	a := rapid.SampledFrom(g.attrs).Draw(t, "sort")
	if a.Type == schema.Complex {
		a = rapid.SampledFrom(a.SubAttributes).Draw(t, "sort sub")
	}
	return a.FullName()
}

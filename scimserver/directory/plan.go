package directory

import (
	"strings"

	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// plan is what the store must know of documents of a resource type beside their bytes.
type plan struct {
	name       string // the attribute of Keys.Name
	nameUnique bool
	values     []keyed
}

// keyed is an attribute with an index of its own.
type keyed struct {
	path   schema.Path
	name   string
	unique bool
}

// planOf returns the plan of a resource type, which is worked out once a tenant.
func (t *Tenant) planOf(rt *schema.ResourceType) *plan {
	t.plan.Do(func() {
		t.plans = make(map[*schema.ResourceType]*plan)
		for _, rt := range t.Schemas.Types() {
			t.plans[rt] = newPlan(rt)
		}
	})
	return t.plans[rt]
}

func newPlan(rt *schema.ResourceType) *plan {
	p := &plan{name: store.NameAttribute(rt.Name)}
	p.add("", rt.Core.Attributes)
	for _, x := range rt.Extensions {
		p.add(x.Schema.ID, x.Schema.Attributes)
	}
	return p
}

// add takes in the attributes of one schema. emails.value is what identity providers look up.
func (p *plan) add(urn string, attrs []*schema.Attribute) {
	for _, a := range attrs {
		path := schema.Path{Extension: urn, Attr: a}
		if urn == "" && strings.EqualFold(a.Name, p.name) {
			p.nameUnique = a.Uniqueness != schema.None
			continue
		}
		p.addKeyed(path, a)
		for _, sub := range a.SubAttributes {
			path.Sub = sub
			p.addKeyed(path, sub)
		}
	}
}

func (p *plan) addKeyed(path schema.Path, a *schema.Attribute) {
	name := path.String()
	unique := a.Uniqueness != schema.None
	if (unique || name == "emails.value") && a.Type != schema.Complex {
		p.values = append(p.values, keyed{path: path, name: name, unique: unique})
	}
}

// keys reads from a canonical document what it is found by.
func (p *plan) keys(doc *resource.Object) store.Keys {
	name := text(doc, p.name)
	k := store.Keys{
		Name:       filter.Fold(name),
		NameUnique: p.nameUnique,
		Display:    text(doc, "displayName"),
		ExternalID: text(doc, "externalId"),
		Active:     doc.Value("active").Bool(),
	}
	if k.Display == "" {
		k.Display = name
	}
	for _, v := range p.values {
		k.Values = v.appendKeys(k.Values, doc)
	}
	return k
}

func (k keyed) appendKeys(dst []store.Key, doc *resource.Object) []store.Key {
	if k.path.Extension != "" {
		v, _ := doc.Get(k.path.Extension)
		if doc = v.Object(); doc == nil {
			return dst
		}
	}
	v, ok := doc.Get(k.path.Attr.Name)
	if !ok {
		return dst
	}
	if elems := v.Elems(); elems != nil {
		for _, e := range elems {
			dst = k.appendValue(dst, e)
		}
		return dst
	}
	return k.appendValue(dst, v)
}

func (k keyed) appendValue(dst []store.Key, v resource.Value) []store.Key {
	leaf := k.path.Attr
	if k.path.Sub != nil {
		leaf = k.path.Sub
		o := v.Object()
		if o == nil {
			return dst
		}
		v, _ = o.Get(leaf.Name)
	}
	value := v.Text()
	if value == "" {
		return dst
	}
	if !leaf.CaseExact {
		value = filter.Fold(value)
	}
	return append(dst, store.Key{Path: k.name, Value: value, Unique: k.unique})
}

func text(doc *resource.Object, name string) string {
	v, _ := doc.Get(name)
	return v.Text()
}

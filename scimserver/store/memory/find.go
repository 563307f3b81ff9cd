package memory

import (
	"context"
	"fmt"
	"slices"

	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// found is a resource that a query selects, with its full representation.
type found struct {
	entry *entry
	full  *resource.Object
}

// Find implements store.Reader.
func (t *tenant) Find(ctx context.Context, q store.Query) (store.Page, error) {
	all, err := t.matching(ctx, q)
	if err != nil {
		return store.Page{}, err
	}
	if q.Sort != nil {
		sortBy(all, q.Sort)
	}
	if q.Walk != nil {
		return walk(all, q)
	}
	page := store.Page{Total: int64(len(all))}
	all = all[min(q.Offset, page.Total):]
	for _, f := range all[:min(max(q.Limit, 0), len(all))] {
		page.Records = append(page.Records, f.entry.shown())
	}
	return page, nil
}

// sortBy keeps the order of creation among equals.
func sortBy(all []found, s *store.Sort) {
	slices.SortStableFunc(all, func(a, b found) int {
		order := filter.CompareValues(s.Path.Leaf(), filter.SortValue(s.Path, a.full), filter.SortValue(s.Path, b.full))
		if s.Descending {
			return -order
		}
		return order
	})
}

func (t *tenant) matching(ctx context.Context, q store.Query) (all []found, err error) {
	for _, e := range t.resources {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if e.Type != q.Type {
			continue
		}
		if q.Filter == nil && q.Sort == nil {
			all = append(all, found{entry: e})
			continue
		}
		full, err := t.full(e, q.BaseURL)
		if err != nil {
			return nil, err
		}
		if q.Filter == nil || filter.Match(q.Filter, full) {
			all = append(all, found{entry: e, full: full})
		}
	}
	return all, nil
}

// full is the representation of a resource as a client sees it.
func (t *tenant) full(e *entry, baseURL string) (*resource.Object, error) {
	doc, err := resource.Parse(e.Doc)
	if err != nil {
		return nil, fmt.Errorf("parse document of %s %s: %w", e.Type, e.ID, err)
	}
	full := resource.Full(doc, e.ID, resource.Meta{
		ResourceType: e.Type, Created: e.Created, LastModified: e.Modified, Version: e.Version,
		Location: location(baseURL, e.Type, e.ID),
	})
	switch e.Type {
	case store.TypeUser:
		t.setLinks(full, "groups", t.groupsOf(e, baseURL))
	case store.TypeGroup:
		t.setLinks(full, "members", t.membersOf(e, baseURL))
	}
	return full, nil
}

func location(baseURL, typ, id string) string { return baseURL + "/" + typ + "s/" + id }

func (t *tenant) setLinks(full *resource.Object, name string, links []resource.Value) {
	if len(links) > 0 {
		full.Set(name, resource.Array(links...))
	}
}

// groupsOf are the groups that hold the resource, and those that hold them in turn.
func (t *tenant) groupsOf(e *entry, baseURL string) (links []resource.Value) {
	above := t.holders(e.ID)
	direct := len(above)
	for i := 0; i < len(above); i++ {
		kind := "direct"
		if i >= direct {
			kind = "indirect"
		}
		g := above[i]
		links = append(links, link(baseURL, g.Type, g.ID, g.Keys.Display, kind))
		for _, h := range t.holders(g.ID) {
			if !slices.Contains(above, h) {
				above = append(above, h)
			}
		}
	}
	return links
}

func (t *tenant) holders(id string) (groups []*entry) {
	for _, g := range t.resources {
		if slices.Contains(g.members, id) {
			groups = append(groups, g)
		}
	}
	return groups
}

func (t *tenant) membersOf(e *entry, baseURL string) (links []resource.Value) {
	for _, id := range e.members {
		m := t.member(id)
		links = append(links, link(baseURL, m.Type, m.ID, m.Display, m.Type))
	}
	return links
}

func link(baseURL, typ, id, display, kind string) resource.Value {
	o := resource.NewObject(4)
	o.Set("value", resource.String(id))
	o.Set("$ref", resource.String(location(baseURL, typ, id)))
	if display != "" {
		o.Set("display", resource.String(display))
	}
	o.Set("type", resource.String(kind))
	return resource.Obj(o)
}

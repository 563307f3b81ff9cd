package directory

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// Get answers a resource (RFC 7644 §3.4.1). Errors: 404.
func (d *Directory) Get(ctx context.Context, c *Call, ans *Answer) error {
	return c.fault(d.view(ctx, c.Tenant, ans, func(r store.Reader) error {
		rec, err := r.Get(ctx, c.Type.Name, c.ID)
		if err != nil {
			return err
		}
		ans.Version, ans.Location = rec.Version, c.location(rec.ID)
		if ans.Unchanged = c.Conditions.unchanged(rec.Version); ans.Unchanged {
			return nil
		}
		return c.appendAll(ctx, r, []store.Record{rec}, ans)
	}))
}

// errSpilled ends an answer that cannot begin anew, as a part of it was sent.
var errSpilled = errors.New("the state has changed while the answer was sent")

// view makes an answer of one snapshot. Where the store begins it anew, so does the answer.
func (d *Directory) view(ctx context.Context, t *Tenant, ans *Answer, fn func(store.Reader) error) error {
	start := len(ans.Body)
	return d.store.View(ctx, t.Key, func(r store.Reader) error {
		if ans.Spilled() {
			return errSpilled
		}
		ans.Body = ans.Body[:start]
		return fn(r)
	})
}

// represent answers a resource after a change. What other rows say of it, groups and members, is read after the
// transaction, which so stays short; if it has changed since, the version in the answer is the earlier one, and a client
// that relies on it is told.
func (d *Directory) represent(ctx context.Context, c *Call, rec store.Record, ans *Answer) error {
	ans.Version, ans.Location = rec.Version, c.location(rec.ID)
	if c.NoBody {
		return nil
	}
	return c.fault(d.view(ctx, c.Tenant, ans, func(r store.Reader) error {
		return c.appendAll(ctx, r, []store.Record{rec}, ans)
	}))
}

// appendAll appends the representations of resources, comma-separated.
func (c *Call) appendAll(ctx context.Context, r store.Reader, recs []store.Record, ans *Answer) error {
	if c.Type.Name == store.TypeGroup {
		return c.appendGroups(ctx, r, recs, ans)
	}
	return c.appendUsers(ctx, r, recs, ans)
}

func (c *Call) appendUsers(ctx context.Context, r store.Reader, recs []store.Record, ans *Answer) error {
	graph, err := c.membershipsOf(ctx, r, recs)
	if err != nil {
		return err
	}
	var groups []byte
	bosses := managers{}
	c.makeRoom(recs, ans)
	for i := range recs {
		ans.separate(i)
		groups = graph.appendGroups(groups[:0], c.Tenant, recs[i].ID)
		if recs[i].Doc, err = bosses.link(ctx, r, c.Tenant, recs[i].Doc); err != nil {
			return err
		}
		if ans.Body, err = c.appendResource(ans.Body, &recs[i], groups); err != nil {
			return err
		}
		if err := ans.mayPause(); err != nil {
			return err
		}
	}
	return nil
}

// makeRoom lets the body grow once for all resources.
func (c *Call) makeRoom(recs []store.Record, ans *Answer) {
	const beside = 300 // bytes of id and meta, without the URL
	size := 0
	for i := range recs {
		size += len(recs[i].Doc) + len(c.Tenant.URL) + beside
	}
	ans.Body = slices.Grow(ans.Body, min(size, SpillBytes))
}

// membershipsOf is nil where the answer has no groups.
func (c *Call) membershipsOf(ctx context.Context, r store.Reader, recs []store.Record) (memberships, error) {
	if _, ok := c.Tenant.Schemas.ResourceType(store.TypeGroup); !ok || !c.holds("groups") {
		return nil, nil
	}
	ids := make([]string, len(recs))
	for i := range recs {
		ids[i] = recs[i].ID
	}
	return membershipsOf(ctx, r, ids)
}

func (c *Call) appendGroups(ctx context.Context, r store.Reader, recs []store.Record, ans *Answer) error {
	members := c.holds("members")
	shape := c.memberShape()
	for i := range recs {
		ans.separate(i)
		var err error
		if ans.Body, err = c.appendResource(ans.Body, &recs[i], nil); err != nil {
			return err
		}
		if members {
			if err := c.appendMembers(ctx, r, recs[i].ID, shape, ans); err != nil {
				return err
			}
		}
		if err := ans.mayPause(); err != nil {
			return err
		}
	}
	return nil
}

// appendMembers reopens the object that was just closed and streams the members into it, so that a large group takes no
// memory. An empty group has an empty array: clients take its absence for "not known".
func (c *Call) appendMembers(ctx context.Context, r store.Reader, id string, shape memberShape, ans *Answer) error {
	ans.Body = append(ans.Body[:len(ans.Body)-1], `,"members":[`...)
	n := 0
	err := r.Members(ctx, id, func(m store.Member) error {
		ans.separate(n)
		n++
		ans.Body = shape.appendMember(ans.Body, c.Tenant, m)
		return ans.mayPause()
	})
	ans.Body = append(ans.Body, "]}"...)
	return err
}

// appendResource appends one representation; groups may be empty. Without a projection the stored bytes go out as they are.
func (c *Call) appendResource(dst []byte, rec *store.Record, groups []byte) ([]byte, error) {
	meta := resource.Meta{
		ResourceType: c.Type.Name,
		Created:      rec.Created,
		LastModified: rec.Modified,
		Version:      rec.Version,
		Location:     c.location(rec.ID),
	}
	var extra []resource.Extra
	if len(groups) > 0 {
		extra = []resource.Extra{{Name: "groups", JSON: groups}}
	}
	if c.Projection.Empty() {
		return resource.AppendResource(dst, rec.Doc, rec.ID, meta, extra...), nil
	}
	full, err := resource.Parse(resource.AppendResource(nil, rec.Doc, rec.ID, meta, extra...))
	if err != nil {
		return dst, fmt.Errorf("stored document of %s %s: %w", c.Type.Name, rec.ID, err)
	}
	return c.Projection.Apply(c.Type, full).AppendJSON(dst), nil
}

// separate puts a comma before every element but the first.
func (a *Answer) separate(i int) {
	if i > 0 {
		a.Body = append(a.Body, ',')
	}
}

// appendField appends a string field, with a comma unless it is the first of its object.
func appendField(dst []byte, name, value string) []byte {
	if dst[len(dst)-1] != '{' {
		dst = append(dst, ',')
	}
	dst = append(append(append(dst, '"'), name...), `":`...)
	return resource.String(value).AppendJSON(dst)
}

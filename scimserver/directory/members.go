package directory

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/scim/patch"
	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// changeMembers makes the changes in their order, and says whether any came of them.
func (c *Call) changeMembers(ctx context.Context, w store.Writer, changes []patch.MemberChange) (changed bool, err error) {
	for _, ch := range changes {
		n, err := c.changeMember(ctx, w, ch)
		if err == nil {
			err = ch.NoTarget(n, c.Tolerance)
		}
		if err != nil {
			return false, err
		}
		changed = changed || n > 0
	}
	return changed, nil
}

// namedIn are the ids that the changes name.
func namedIn(changes []patch.MemberChange) (ids []string) {
	for _, ch := range changes {
		ids = append(ids, ch.IDs...)
	}
	return ids
}

func (c *Call) changeMember(ctx context.Context, w store.Writer, ch patch.MemberChange) (n int, err error) {
	switch ch.Kind {
	case patch.AddMembers:
		return c.addMembers(ctx, w, ch.IDs)
	case patch.RemoveMembers:
		return c.removeMembers(ctx, w, ch.IDs)
	case patch.ReplaceMembers:
		return c.replaceMembers(ctx, w, ch.IDs)
	case patch.ClearMembers:
		return c.replaceMembers(ctx, w, nil)
	case patch.RemoveMatching:
		ids, err := c.matching(ctx, w, ch.Filter)
		if err != nil {
			return 0, err
		}
		return c.removeMembers(ctx, w, ids)
	}
	return 0, fmt.Errorf("member change of kind %d", ch.Kind)
}

// matching returns the ids of the members that a filter selects.
func (c *Call) matching(ctx context.Context, r store.Reader, f filter.Expr) (ids []string, err error) {
	members, _ := c.Type.Lookup("", "members", "")
	selects := filter.ValuePath{Path: schema.Path{Attr: members.Attr}, Filter: f}
	err = r.Members(ctx, c.ID, func(m store.Member) error {
		group := resource.NewObject(1)
		group.Set("members", resource.Array(resource.Obj(c.member(m))))
		if filter.Match(selects, group) {
			ids = append(ids, m.ID)
		}
		return nil
	})
	return ids, err
}

// member is a member as a filter sees it.
func (c *Call) member(m store.Member) *resource.Object {
	o := resource.NewObject(4)
	o.Set("value", resource.String(m.ID))
	o.Set("$ref", resource.String(c.Tenant.refTo(m.Type, m.ID)))
	o.Set("display", resource.String(m.Display))
	o.Set("type", resource.String(m.Type))
	return o
}

// namedUnknown is how many unknown ids an error names.
const namedUnknown = 5

// known makes ids that no resource has an error, or leaves them out and says so in the log, as the tenant wants it.
func (c *Call) known(unknown []string, err error) error {
	if err != nil || !c.Tenant.IgnoreUnknownMembers {
		return allKnown(unknown, err)
	}
	for _, id := range unknown {
		if plausibleID(id) {
			c.Tolerance.LeaveOut("members[value eq " + strconv.Quote(id) + "]")
		} else {
			c.Tolerance.LeaveOut("members")
		}
	}
	return nil
}

// allKnown is the error for ids that no resource has.
func allKnown(unknown []string, err error) error {
	if err != nil || len(unknown) == 0 {
		return err
	}
	var named []string
	for _, id := range unknown {
		if plausibleID(id) && len(named) < namedUnknown {
			named = append(named, strconv.Quote(id))
		}
	}
	more := ""
	switch n := len(unknown) - len(named); {
	case len(named) == 0:
		return scimerr.InvalidValue("members: %d of the values are no ids of a User or Group: nothing was changed", n)
	case n > 0:
		more = fmt.Sprintf(" and %d more", n)
	}
	return scimerr.InvalidValue("members: no User or Group has the id %s%s: nothing was changed", strings.Join(named, ", "), more)
}

// memberShape says which sub-attributes of a member an answer has.
type memberShape struct{ value, ref, display, typ bool }

// memberShape finds out by projecting a group of one member.
func (c *Call) memberShape() memberShape {
	if c.Projection.Empty() {
		return memberShape{true, true, true, true}
	}
	sample := resource.NewObject(1)
	sample.Set("members", resource.Array(resource.Obj(c.member(store.Member{ID: "x", Type: store.TypeUser, Display: "x"}))))
	v, _ := c.Projection.Apply(c.Type, sample).Get("members")
	var shape memberShape
	for _, e := range v.Elems() {
		if o := e.Object(); o != nil {
			_, shape.value = o.Get("value")
			_, shape.ref = o.Get("$ref")
			_, shape.display = o.Get("display")
			_, shape.typ = o.Get("type")
		}
	}
	return shape
}

// appendMember appends one element of members.
func (s memberShape) appendMember(dst []byte, t *Tenant, m store.Member) []byte {
	dst = append(dst, '{')
	if s.value {
		dst = appendField(dst, "value", m.ID)
	}
	if s.ref {
		dst = appendField(dst, "$ref", t.refTo(m.Type, m.ID))
	}
	if s.display && m.Display != "" {
		dst = appendField(dst, "display", m.Display)
	}
	if s.typ {
		dst = appendField(dst, "type", m.Type)
	}
	return append(dst, '}')
}

package resource

import (
	"net/url"
	"strings"

	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
)

// Members reads the members of a Group body: the ids in order, each once. present is false if the body does not speak of members;
// null and [] are present.
func Members(rt *schema.ResourceType, in *Object, tol *tolerance.Log) (ids []string, present bool, err error) {
	a := rt.Attribute("members")
	if a == nil || !a.Linked() {
		return nil, false, nil
	}
	v, present := in.Get(a.Name)
	if !present {
		return nil, false, nil
	}
	ids, err = MemberIDs(a, v, tol)
	return ids, true, err
}

// MemberIDs reads the value of members: the ids in order, each once.
func MemberIDs(a *schema.Attribute, v Value, tol *tolerance.Log) ([]string, error) {
	c := canon{tol: tol}
	elems := v.Elems()
	if v.Kind() != KindArray && !v.IsNull() {
		inner, err := c.one(a, v)
		switch {
		case err != nil || inner.IsNull():
			return nil, err
		case inner.Kind() == KindArray:
			elems = inner.Elems()
		default:
			elems = []Value{inner}
		}
	}
	ids := make([]string, 0, len(elems))
	for _, e := range elems {
		id, err := c.memberID(a, e)
		if err != nil {
			return nil, err
		}
		if id != "" {
			ids = append(ids, id)
		}
	}
	return once(ids), nil
}

// memberID reads one member; "" is none.
func (c *canon) memberID(a *schema.Attribute, e Value) (string, error) {
	if o := e.Object(); o != nil {
		return c.memberOf(a, o)
	}
	if e.IsNull() {
		return "", nil
	}
	if e.Kind() == KindArray {
		return "", wrong(a, e)
	}
	v, err := c.single(a, e)
	if err != nil {
		return "", err
	}
	return v.Object().Value(a.Value().Name).Text(), nil
}

// memberOf takes the short way for the form all but a few clients send.
func (c *canon) memberOf(a *schema.Attribute, o *Object) (string, error) {
	if id := o.Value("value"); id.Kind() == KindString && id.n > 0 && id.Text()[0] != '{' && !c.tol.IsStrict() && ordinary(a, o) {
		return c.cleanID(a, id.Text())
	}
	v, err := c.subs(a, o)
	if err != nil {
		return "", err
	}
	if id := v.Object().Value(a.Value().Name).Text(); id != "" {
		return c.cleanID(a, id)
	}
	if id := lastSegment(v.Object().Value("$ref").Text()); id != "" && c.tol.Allow(tolerance.MemberByReference) {
		return c.cleanID(a, id)
	}
	// Not left out: a list of members with nothing in it would empty the group.
	return "", Missing(a.Value())
}

// ordinary says whether a member has nothing but what members have.
func ordinary(a *schema.Attribute, o *Object) bool {
	for i := range o.fields {
		if a.Sub(o.fields[i].name) == nil {
			return false
		}
	}
	return true
}

func (c *canon) cleanID(a *schema.Attribute, id string) (string, error) {
	if strings.IndexByte(id, 0) >= 0 {
		return "", scimerr.InvalidValue("%s: must not hold the character U+0000", a.Value().FullName())
	}
	return id, nil
}

func lastSegment(ref string) string {
	id, err := url.PathUnescape(ref[strings.LastIndexByte(ref, '/')+1:])
	if err != nil {
		return ""
	}
	return id
}

// once leaves out what came before.
func once(ids []string) []string {
	if len(ids) < 2 {
		return ids
	}
	seen := make(map[string]struct{}, len(ids))
	out := ids[:0]
	for _, id := range ids {
		if _, ok := seen[id]; !ok {
			seen[id] = struct{}{}
			out = append(out, id)
		}
	}
	return out
}

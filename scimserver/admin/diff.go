package admin

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/member"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// Diff asks what another mapping would change.
type Diff struct {
	Mapping *config.Mapping `json:"mapping"`
	Values  bool            `json:"values,omitempty"` // also values of users
}

// Change is what would become of one member, or, in the last line, how many there are of each kind.
type Change struct {
	Counts *Counts `json:"counts,omitempty"`

	UserID   string                `json:"userId,omitempty"`
	Label    string                `json:"label,omitempty"`
	MemberID string                `json:"memberId,omitempty"`
	Decision member.Kind           `json:"decision,omitempty"`
	Reason   string                `json:"reason,omitempty"` // of a rejection
	Detail   string                `json:"detail,omitempty"`
	Role     *Pair                 `json:"role,omitempty"`
	Fields   []string              `json:"fields,omitempty"` // names
	Values   map[string]ValuesPair `json:"values,omitempty"`
}

// Pair is a text as it is and as it would be.
type Pair struct {
	Before string `json:"before"`
	After  string `json:"after"`
}

// ValuesPair is a value of a member field as it is and as it would be.
type ValuesPair struct {
	Before json.RawMessage `json:"before,omitempty"`
	After  json.RawMessage `json:"after,omitempty"`
}

// Counts are how many users there are, and what would become of their members.
type Counts struct {
	Users      int64                 `json:"users"`
	Decisions  map[member.Kind]int64 `json:"decisions"` // but for those that stay as they are
	Roles      map[string]int64      `json:"roles"`     // "Viewer → Admin"
	Fields     map[string]int64      `json:"fields"`
	Offboarded int64                 `json:"offboarded"` // members that would lose their access
	Rejected   int64                 `json:"rejected"`   // users that could not be mapped: their members would stay as they are
}

func (h *handler) diff(w http.ResponseWriter, r *http.Request, tenant string) error {
	v, err := h.provisioned(tenant)
	if err != nil {
		return err
	}
	var d Diff
	if err := decode(w, r, &d); err != nil {
		return err
	}
	altered, _, err := v.with(d.Mapping)
	if err != nil {
		return err
	}
	out := newLines(w)
	counts := Counts{Decisions: map[member.Kind]int64{}, Roles: map[string]int64{}, Fields: map[string]int64{}}
	err = altered.Previews(r.Context(), func(p member.Preview) error {
		c, differs := changeOf(p, d.Values)
		counts.add(c)
		if !differs {
			return nil
		}
		return out.write(c)
	})
	if err != nil {
		return err
	}
	return out.write(Change{Counts: &counts})
}

// changeOf tells whether anything of the member would change.
func changeOf(p member.Preview, values bool) (c Change, differs bool) {
	c = Change{UserID: p.UserID, Label: p.Label, Decision: p.Kind, Reason: p.Reason, Detail: p.Detail}
	if p.Before != nil {
		c.MemberID = p.Before.ID
	}
	if p.Kind == member.Keep || p.After == nil {
		return c, p.Kind != member.Keep
	}
	before := store.MemberRecord{}
	if p.Before != nil {
		before = *p.Before
	}
	if before.Role != p.After.Role {
		c.Role = &Pair{Before: before.Role, After: p.After.Role}
	}
	changed := changedFields(before.Fields, p.After.Fields)
	c.Fields = slices.Sorted(maps.Keys(changed))
	if values {
		c.Values = changed
	}
	return c, true
}

// changedFields compares two JSON objects.
func changedFields(before, after []byte) map[string]ValuesPair {
	var a, b map[string]json.RawMessage
	_ = json.Unmarshal(before, &a) // written by this server; empty for a new member
	_ = json.Unmarshal(after, &b)
	out := map[string]ValuesPair{}
	for name, now := range b {
		if then := a[name]; string(then) != string(now) && (len(then) > 0 || string(now) != "null") {
			out[name] = ValuesPair{Before: then, After: now}
		}
	}
	for name, then := range a {
		if _, ok := b[name]; !ok {
			out[name] = ValuesPair{Before: then}
		}
	}
	return out
}

func (n *Counts) add(c Change) {
	n.Users++
	switch c.Decision {
	case member.Keep:
		return
	case member.Reject:
		n.Rejected++
	case member.Deactivate, member.Remove, member.Action:
		n.Offboarded++
	}
	n.Decisions[c.Decision]++
	if c.Role != nil {
		n.Roles[orNone(c.Role.Before)+" → "+orNone(c.Role.After)]++
	}
	for _, f := range c.Fields {
		n.Fields[f]++
	}
}

func orNone(role string) string {
	if role == "" {
		return "no role"
	}
	return role
}

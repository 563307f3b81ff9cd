package patch

import (
	"slices"

	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
)

// Kind is what an operation does.
type Kind uint8

// The kinds.
const (
	Add Kind = iota
	Remove
	Replace
)

var kindNames = [...]string{"add", "remove", "replace"}

// String is the op of the request.
func (k Kind) String() string { return kindNames[k] }

// Op is one operation on one target. An operation without a path was resolved into one for each attribute.
type Op struct {
	Kind  Kind
	Path  filter.PatchPath
	Value resource.Value // as it was sent
	Index int            // of the operation in the request, from 0

	members *MemberChange // of an operation on members
}

// Request is a parsed PATCH request.
type Request struct {
	Ops []Op
	ID  string // the id a client echoed in a value, "": none; the caller refuses one that is not the resource's
}

// Writes says whether an operation is on the attribute, or on a part of it.
func (r *Request) Writes(a *schema.Attribute) bool {
	return slices.ContainsFunc(r.Ops, func(op Op) bool {
		return op.target() == a || op.Path.URN != "" && op.Path.URN == a.Extension()
	})
}

// MemberKind is what a MemberChange does.
type MemberKind uint8

// The kinds of member change.
const (
	AddMembers     MemberKind = iota // IDs; those who are members stay
	RemoveMembers                    // IDs; those who are no members are no error, see Found
	RemoveMatching                   // those the Filter matches
	ReplaceMembers                   // IDs are all members afterwards
	ClearMembers                     // none afterwards
)

// MemberChange is a change of a group's members.
type MemberChange struct {
	Kind   MemberKind
	IDs    []string    // each once
	Filter filter.Expr // on one member, with paths members.value, members.type …; see filter.MatchValue
	Found  Found       // of a removal
}

// Found says whom a removal must find among the members, as it selects them by a filter (RFC 7644 §3.12, noTarget).
type Found uint8

// The sizes of what must be found.
const (
	Any  Found = iota // nobody: they are listed
	Some              // one at least: one filter selects them
	All               // every one of IDs: each is selected by a filter of its own
)

// NoTarget takes the number of members that were removed, and is 400 noTarget if a filter has selected none. Compatible mode lets that
// pass.
func (c *MemberChange) NoTarget(removed int, tol *tolerance.Log) error {
	enough := [...]int{Some: 1, All: len(c.IDs)}[c.Found]
	if removed >= enough || tol.Allow(tolerance.PatchRemoveAbsent) {
		return nil
	}
	return scimerr.NoTarget("members: the filter of the path selects no value")
}

// Members splits the changes of members, in order, from the rest, for groups whose members are rows. Neighbours of one kind are joined.
func (r *Request) Members() ([]MemberChange, *Request) {
	var changes []MemberChange
	rest := &Request{ID: r.ID}
	for _, op := range r.Ops {
		if op.members == nil {
			rest.Ops = append(rest.Ops, op)
		} else {
			changes = appendChange(changes, *op.members)
		}
	}
	return changes, rest
}

func appendChange(changes []MemberChange, c MemberChange) []MemberChange {
	if n := len(changes); n > 0 && changes[n-1].joins(&c) {
		last := &changes[n-1]
		last.IDs = append(slices.Clip(last.IDs), c.IDs...)
		return changes
	}
	return append(changes, c)
}

// joins says whether two changes can be made as one.
func (c *MemberChange) joins(next *MemberChange) bool {
	return c.Kind == next.Kind && c.Found == next.Found && c.Found != Some && (c.Kind == AddMembers || c.Kind == RemoveMembers)
}

// target is the attribute an operation is on.
func (o *Op) target() *schema.Attribute { return o.Path.Path.Attr }

// toSeveral says whether the operation is on an attribute as a whole that has several values, or on elements of it.
func (o *Op) toSeveral() bool {
	if s := o.Path.Path.Sub; s != nil {
		return s.MultiValued
	}
	return o.target().MultiValued
}

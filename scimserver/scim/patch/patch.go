package patch

import (
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

// Op is one operation on one target. Operations without a path were resolved into one for each attribute.
type Op struct {
	Kind  Kind
	Path  filter.PatchPath
	Value resource.Value
	Index int // of the operation in the request, from 0
}

// Request is a parsed PATCH request.
type Request struct {
	Ops []Op
	ID  string // the id a client echoed in a value, "": none; the caller refuses one that is not the resource's
}

// Parse reads the body of a PATCH request and resolves its paths.
func Parse(body *resource.Object, rt *schema.ResourceType, tol *tolerance.Log) (*Request, error) {
	return nil, scimerr.InvalidSyntax("not ready")
}

// MemberKind is what a MemberChange does.
type MemberKind uint8

// The kinds of member change.
const (
	AddMembers     MemberKind = iota // IDs; present ones stay
	RemoveMembers                    // IDs; absent ones are no error
	RemoveMatching                   // those the Filter matches
	ReplaceMembers                   // IDs are all members afterwards
	ClearMembers                     // none afterwards
)

// MemberChange is a change of a group's members.
type MemberChange struct {
	Kind   MemberKind
	IDs    []string
	Filter filter.Expr // a filter on one member, paths members.value, members.type …
}

// Members splits the changes of members, in order, from the rest, for groups whose members are rows.
func (r *Request) Members() ([]MemberChange, *Request) { return nil, r }

// Result is a patched document.
type Result struct {
	Doc     *resource.Object
	Changed bool
	Secrets *resource.Object // new values that are never returned (password), nil: none
}

// Apply applies the operations in order. The document stays as it is; after an error nothing has been applied.
func Apply(rt *schema.ResourceType, doc *resource.Object, r *Request, tol *tolerance.Log) (out *resource.Object, changed bool, err error) {
	res, err := ApplyWithSecrets(rt, doc, r, tol)
	return res.Doc, res.Changed, err
}

// ApplyWithSecrets is Apply for callers that keep passwords.
func ApplyWithSecrets(rt *schema.ResourceType, doc *resource.Object, r *Request, tol *tolerance.Log) (Result, error) {
	return Result{}, scimerr.InvalidSyntax("not ready")
}

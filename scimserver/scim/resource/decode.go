package resource

import (
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
)

// Limits bound what Decode accepts; a zero field takes its default.
type Limits struct {
	Depth    int // nesting of arrays and objects, default 16
	Elements int // values and fields in all, default 1,000,000
}

// Decode reads one JSON object: strict RFC 8259 in UTF-8, no name twice in any case, nothing behind it. Its error is 400 invalidSyntax with the position.
func Decode(data []byte, lim Limits) (*Object, error) {
	return nil, scimerr.InvalidSyntax("not ready")
}

// Parse reads a stored canonical document. The document may be referred to by the result and must not change.
func Parse(doc []byte) (*Object, error) { return nil, scimerr.InvalidSyntax("not ready") }

// Canonical turns the body of a POST or PUT into the stored form (see doc.go).
func Canonical(rt *schema.ResourceType, in *Object, tol *tolerance.Log) (*Object, error) {
	return nil, scimerr.InvalidSyntax("not ready")
}

// CanonicalWithSecrets is Canonical that also returns the values which are never returned (password), nil if there are none.
func CanonicalWithSecrets(rt *schema.ResourceType, in *Object, tol *tolerance.Log) (doc, secrets *Object, err error) {
	return nil, nil, scimerr.InvalidSyntax("not ready")
}

// Replace is a PUT (RFC 7644 §3.5.1): next, a canonical document, takes the place of current; immutable attributes must not change, readOnly ones are kept.
func Replace(rt *schema.ResourceType, current, next *Object) (out *Object, changed bool, err error) {
	return nil, false, scimerr.InvalidSyntax("not ready")
}

// Members reads the members of a Group body: the ids in order, each once. present is false if the body says nothing of members; null and [] are present.
func Members(rt *schema.ResourceType, in *Object, tol *tolerance.Log) (ids []string, present bool, err error) {
	return nil, false, scimerr.InvalidSyntax("not ready")
}

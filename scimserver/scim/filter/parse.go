package filter

import (
	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
)

// Limits bound a filter; a zero field takes its default.
type Limits struct {
	Length int // bytes, default 16 KiB
	Depth  int // nesting of parentheses, not and value paths, default 32
	Terms  int // comparisons, default 512
}

// Parse reads a filter for resources of a type. Its error is 400 invalidFilter and names the attribute and position.
func Parse(text string, rt *schema.ResourceType, tol *tolerance.Log, lim Limits) (Expr, error) {
	return nil, scimerr.BadFilter("not ready")
}

// PatchPath is the path of a PATCH operation: URN alone, attribute, sub-attribute, or either behind a value filter.
type PatchPath struct {
	URN    string      // a whole extension; then nothing else is set
	Path   schema.Path // Sub is the sub-attribute, behind the filter if there is one
	Filter Expr        // nil: none
}

// ParsePath reads the path of a PATCH operation. Its error is 400 invalidPath.
func ParsePath(text string, rt *schema.ResourceType, tol *tolerance.Log) (PatchPath, error) {
	return PatchPath{}, scimerr.InvalidPath("not ready")
}

// ParseAttribute reads an attribute path without a filter, as sortBy has it. Its error is 400 invalidPath.
func ParseAttribute(text string, rt *schema.ResourceType, tol *tolerance.Log) (schema.Path, error) {
	return schema.Path{}, scimerr.InvalidPath("not ready")
}

// Match evaluates a filter on a resource, which must hold whatever the filter asks for (id, meta, groups, members).
func Match(e Expr, r *resource.Object) bool { return false }

// Fold is the case folding of strings with caseExact false; strings are equal without regard to case when their foldings are equal.
func Fold(s string) string { return s }

// String prints a filter in canonical form: Parse(String(e)) equals e.
func String(e Expr) string { return "" }

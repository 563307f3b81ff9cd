// Package resource holds SCIM documents: strict JSON decoding, the canonical stored form, projections and the full representation.
//
// A stored document has schemas first, computed from what is present, then the attributes in the order of their schemas, then the
// extensions. It has no nulls, no empty arrays or objects, none of id, meta, groups, members, and nothing that is returned never.
package resource

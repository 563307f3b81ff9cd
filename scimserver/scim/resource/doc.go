// Package resource holds SCIM documents: strict JSON decoding, the canonical stored form, projections and the full representation.
package resource

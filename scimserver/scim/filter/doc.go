// Package filter parses SCIM filters and paths (RFC 7644 §3.4.2.2, §3.5.2) bound to a schema, and evaluates them.
package filter

// Package scimerr is the error of the SCIM protocol (RFC 7644 §3.12): an HTTP status, a scimType and a detail that says what to do.
package scimerr

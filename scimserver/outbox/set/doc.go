// Package set renders events as SCIM security event tokens (RFC 9967), which are pushed after RFC 8935, and verifies them on
// the receiver's side.
package set

// Package mapping turns a SCIM user into the fields and the role of an application's member, by SCIM paths and CEL
// expressions that are compiled and checked once. It does no I/O and reads no clock, and is the only importer of CEL.
package mapping

// Package move brings a tenant from one server to another while it is used.
//
// The target fetches: it compares checksums of all rows with those of the source and loads what differs, in passes, while the
// source serves. Then it has the source sealed, so that nothing of the tenant is written anywhere; makes a last pass; and when
// that finds no difference the source gives the tenant away for good. Reads go on all the time. Seal, gift and receipt are each
// one transaction of ownership in a database, so that either server, or both, may die between any two of them and go on where
// they were. A seal that leads to nothing ends by itself.
package move

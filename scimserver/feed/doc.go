// Package feed is the HTTP interface for applications: they read their members and what happens to them, remove members, and
// hold back off-boardings. It has credentials of its own; identity providers cannot use it, nor applications theirs.
package feed

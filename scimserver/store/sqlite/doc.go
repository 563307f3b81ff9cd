// Package sqlite keeps the directory in one SQLite file: a writer that commits concurrent changes
// together, and readers that each see one snapshot.
package sqlite

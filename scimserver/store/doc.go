// Package store defines what the SCIM server asks of a database: resources as canonical documents,
// group memberships as rows, and one durable transaction for every change.
package store

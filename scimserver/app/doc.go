// Package app puts a SCIM server together: it follows the configuration, serves its tenants from one snapshot that is
// swapped as a whole, deletes the data of tenants that are gone, reports to the operator, and stops without loss.
package app

// Package filtersql translates SCIM filters and sort keys to SQL for the schema of package sqlite,
// with the results that package filter has in memory. It does no I/O.
package filtersql

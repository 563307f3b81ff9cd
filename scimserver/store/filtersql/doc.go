// Package filtersql translates SCIM filters and sort keys to SQL for the schemas of packages sqlite and postgres, with the
// results that package filter has in memory. It does no I/O.
package filtersql

// Package inventory is the application of the measurements: it verifies signatures, counts, and fails on demand.
package inventory

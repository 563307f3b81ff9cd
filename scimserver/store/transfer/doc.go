// Package transfer carries tenants between databases: as a stream that can be kept, and row by row from a source that goes on
// changing.
package transfer

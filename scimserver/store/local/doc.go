// Package local keeps the claims and buckets of a store that one process has for itself: they are of no use to the next one,
// so that memory is where they belong.
package local

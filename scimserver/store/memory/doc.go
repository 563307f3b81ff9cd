// Package memory is a store that keeps nothing: simple, slow, and the model that other stores are
// compared to. Its queries are answered by package filter.
package memory

// Package storetest is what every store must pass: conformance, queries compared to package filter,
// random operations compared to a model, and benchmarks.
package storetest

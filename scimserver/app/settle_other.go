//go:build !linux

package app

// dropProgram does nothing: the system does as it likes.
func dropProgram() error { return nil }

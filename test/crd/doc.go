// Package crd tests the custom resource definitions in config/crd against a real API server: what they refuse, what they
// fill in, and how they look in kubectl.
package crd

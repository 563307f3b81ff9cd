// Package crd holds the CustomResourceDefinitions of the four kinds, for programs that need their schemas.
package crd

import "embed"

// Bases are the files as controller-gen writes them, below bases/.
//
//go:embed bases/*.yaml
var Bases embed.FS

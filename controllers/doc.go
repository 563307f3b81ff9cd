// Package controllers sets up the operator: caches, indexes and the reconcilers of the four kinds.
package controllers

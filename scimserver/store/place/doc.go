// Package place encodes places in the order of resources, by which walks go on.
package place

// Package probe makes the requests with which identity providers test a connection, and judges the answers as they do.
package probe

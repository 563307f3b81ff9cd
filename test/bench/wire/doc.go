// Package wire is a lean HTTP/1.1 client for measurements: prebuilt requests over one connection, answers read in place. It
// costs little beside the server that it measures on the same machine.
package wire

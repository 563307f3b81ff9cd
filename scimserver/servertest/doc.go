// Package servertest runs a whole SCIM server on loopback for tests, and replays recorded HTTP sessions against it or
// any other server.
package servertest

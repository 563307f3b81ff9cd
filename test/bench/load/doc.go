// Package load drives a server in closed loops, one a connection, and measures how long answers take.
package load

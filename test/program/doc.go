// Package program builds the real server program and runs it as a child process on loopback, for tests and measurements that
// need what a process has: memory, processor time, and an end by kill -9.
package program

// Package wire holds the HTTP clients of measurements. The lean one builds requests in a buffer and reads answers in place,
// so that it costs little beside the server that it measures on the same machine.
package wire

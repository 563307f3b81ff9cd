package postgres

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
)

// isIO tells whether an error is one of the network.
func isIO(err error) bool {
	var network net.Error
	switch {
	case errors.As(err, &network), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed),
		errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, os.ErrDeadlineExceeded):
		return true
	}
	text := err.Error() // the driver has no values for these
	return strings.Contains(text, "conn closed") || strings.Contains(text, "closed pool")
}

//go:build !linux || !amd64

package program

import (
	"errors"
	"time"
)

// Clock moves the wall clock of one process, on Linux on amd64.
type Clock struct{}

// NewClock tells that it cannot.
func NewClock(int) (*Clock, error) { return nil, errors.ErrUnsupported }

// Set tells that it cannot.
func (*Clock) Set(time.Duration) error { return errors.ErrUnsupported }

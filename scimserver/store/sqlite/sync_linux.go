package sqlite

import (
	"errors"
	"os"
	"syscall"
)

// syncData makes what was written to a file durable. The times of the file need not be, which saves
// the file system a write of its own journal.
func syncData(f *os.File) error {
	for {
		if err := syscall.Fdatasync(int(f.Fd())); !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

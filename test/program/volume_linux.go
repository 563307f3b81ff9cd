package program

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// Volume is the folder of a small file system of a test's own, to be filled.
type Volume string

// NewVolume makes a file system. The test is skipped where this program may not.
func NewVolume(tb testing.TB, bytes int) Volume {
	tb.Helper()
	dir, err := os.MkdirTemp("", "scim-volume-") //nolint:usetesting // another user goes there
	if err != nil {
		tb.Fatal(err)
	}
	if err := syscall.Mount("scim-test", dir, "tmpfs", 0, fmt.Sprintf("size=%d,mode=0755", bytes)); err != nil {
		_ = os.Remove(dir)
		tb.Skipf("a full disk needs a file system of its own, and only root may mount one: %v", err)
	}
	tb.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			tb.Error(err)
		}
		_ = os.Remove(dir)
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		tb.Fatal(err)
	}
	return Volume(dir)
}

func (v Volume) ballast() string { return filepath.Join(string(v), "ballast") }

// Fill takes all room but some bytes.
func (v Volume) Fill(tb testing.TB, but int64) {
	tb.Helper()
	f, err := os.Create(v.ballast())
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	const page = 4 << 10
	for size, chunk := int64(0), int64(16<<20); chunk >= page; {
		if v.room(tb)-but < chunk || errors.Is(syscall.Fallocate(int(f.Fd()), 0, size, chunk), syscall.ENOSPC) {
			chunk /= 2
		} else {
			size += chunk
		}
	}
}

func (v Volume) room(tb testing.TB) int64 {
	tb.Helper()
	var s syscall.Statfs_t
	if err := syscall.Statfs(string(v), &s); err != nil {
		tb.Fatal(err)
	}
	return int64(s.Bavail) * s.Bsize
}

// Free gives the room back.
func (v Volume) Free(tb testing.TB) {
	tb.Helper()
	if err := os.Remove(v.ballast()); err != nil {
		tb.Fatal(err)
	}
}

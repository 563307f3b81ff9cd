package app

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"unsafe"
)

// dropProgram takes the pages of the program's file out of the resident set, as far as they can be read from it again: those
// that cannot be written to and are in no way changed.
func dropProgram() error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	text, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		return err
	}
	for _, m := range unchanged(text, program) {
		region := unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(nil), m.start)), m.end-m.start)
		err = errors.Join(err, syscall.Madvise(region, syscall.MADV_DONTNEED))
	}
	return err
}

// mapped is a range of addresses.
type mapped struct{ start, end uintptr }

// unchanged finds in the text of /proc/PID/smaps where a file is mapped read-only, without a page that is not the file's.
func unchanged(smaps []byte, file string) (list []mapped) {
	var m mapped
	var readOnly bool
	for line := range bytes.Lines(smaps) {
		fields := strings.Fields(string(line))
		switch {
		case len(fields) >= 5 && !strings.HasSuffix(fields[0], ":"):
			_, err := fmt.Sscanf(fields[0], "%x-%x", &m.start, &m.end)
			readOnly = err == nil && m.start < m.end && strings.HasPrefix(fields[1], "r") && !strings.Contains(fields[1], "w") &&
				len(fields) == 6 && fields[5] == file
		case readOnly && fields[0] == "Anonymous:" && fields[1] == "0":
			list, readOnly = append(list, m), false
		}
	}
	return list
}

package program

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// Clock moves the wall clock of one process. A static program reads the time in the vDSO, code of the kernel that every
// process has a view of; here this view is changed, so that neither the program nor the machine's clock has to be.
// The monotonic clock goes on as it is, as it does when a machine's clock is set.
type Clock struct {
	mem   string // file
	delta int64  // address of the seconds that are added
}

// wallClock is clock_gettime(2): the system call, and then seconds are added to CLOCK_REALTIME, which is 0. The seconds
// follow the code.
var wallClock = []byte{
	0xb8, 228, 0, 0, 0, // mov eax, SYS_clock_gettime
	0x0f, 0x05, // syscall
	0x85, 0xff, // test edi, edi
	0x75, 0x0a, // jnz ret
	0x48, 0x8b, 0x15, 0x06, 0, 0, 0, // mov rdx, [rip+6]
	0x48, 0x01, 0x16, // add [rsi], rdx
	0xc3,       // ret
	0x90, 0x90, // the seconds begin at a multiple of 8
	0, 0, 0, 0, 0, 0, 0, 0,
}

const (
	secondsAt  = 24 // in wallClock
	jumpSize   = 5
	clockEntry = "__vdso_clock_gettime"
)

// NewClock takes over the wall clock of a process of this user, at its true time.
func NewClock(pid int) (*Clock, error) {
	start, end, err := vdso(pid)
	if err != nil {
		return nil, err
	}
	mem, err := os.OpenFile(fmt.Sprintf("/proc/%d/mem", pid), os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer mem.Close()
	image := make([]byte, end-start)
	if _, err := mem.ReadAt(image, start); err != nil {
		return nil, fmt.Errorf("read the vDSO: %w", err)
	}
	entry, room, err := places(image)
	if err != nil {
		return nil, err
	}
	if _, err := mem.WriteAt(wallClock, start+room); err != nil {
		return nil, fmt.Errorf("write the vDSO: %w", err)
	}
	jump := binary.LittleEndian.AppendUint32([]byte{0xe9}, uint32(int32(room-(entry+jumpSize)))) //nolint:gosec // within some pages
	if _, err := mem.WriteAt(jump, start+entry); err != nil {
		return nil, fmt.Errorf("write the vDSO: %w", err)
	}
	return &Clock{mem: mem.Name(), delta: start + room + secondsAt}, nil
}

// Set lets the process have the true time plus offset, which counts in whole seconds.
func (c *Clock) Set(offset time.Duration) error {
	mem, err := os.OpenFile(c.mem, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	_, err = mem.WriteAt(binary.LittleEndian.AppendUint64(nil, uint64(int64(offset/time.Second))), c.delta)
	return errors.Join(err, mem.Close())
}

// vdso finds the addresses of the vDSO.
func vdso(pid int) (start, end int64, err error) {
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(maps)) {
		if !strings.HasSuffix(strings.TrimSpace(line), "[vdso]") {
			continue
		}
		from, rest, _ := strings.Cut(line, "-")
		to, _, _ := strings.Cut(rest, " ")
		start, err = strconv.ParseInt(from, 16, 64)
		if err == nil {
			end, err = strconv.ParseInt(to, 16, 64)
		}
		return start, end, err
	}
	return 0, 0, errors.New("the process has no vDSO")
}

// places finds where the function begins, and unused bytes for another one, aligned to 8.
func places(image []byte) (entry, room int64, err error) {
	file, err := elf.NewFile(bytes.NewReader(image))
	if err != nil {
		return 0, 0, fmt.Errorf("vDSO: %w", err)
	}
	symbols, err := file.DynamicSymbols()
	if err != nil {
		return 0, 0, fmt.Errorf("vDSO: %w", err)
	}
	for _, s := range symbols {
		if s.Name == clockEntry {
			entry = int64(s.Value) //nolint:gosec // within the image
		}
	}
	used := len(bytes.TrimRight(image, "\x00"))
	room = int64((used + 7 + 8) &^ 7) // a zero or two may belong to what is before
	if entry == 0 || room+int64(len(wallClock)) > int64(len(image)) {
		return 0, 0, errors.New("the vDSO is not as expected")
	}
	return entry, room, nil
}

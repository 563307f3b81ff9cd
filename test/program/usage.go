package program

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// Memory is what a process has in memory, in bytes.
type Memory struct {
	RSS  int64
	Peak int64 // of RSS since the start, or since ResetPeak
}

// ReadMemory reads /proc: it works on Linux only.
func ReadMemory(pid int) (m Memory, err error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return m, err
	}
	if m.RSS, err = kibibytes(data, "VmRSS:"); err != nil {
		return m, err
	}
	m.Peak, err = kibibytes(data, "VmHWM:")
	return m, err
}

// TotalMemory is the memory of the machine, in bytes.
func TotalMemory() (int64, error) {
	data, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0, err
	}
	return kibibytes(append([]byte("\n"), data...), "MemTotal:")
}

func kibibytes(status []byte, field string) (int64, error) {
	_, rest, ok := bytes.Cut(status, []byte("\n"+field))
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	number, unit, _ := strings.Cut(strings.TrimSpace(string(line)), " ")
	n, err := strconv.ParseInt(number, 10, 64)
	if !ok || err != nil || unit != "kB" {
		return 0, fmt.Errorf("%s is %q", field, line)
	}
	return n << 10, nil
}

// ResetPeak makes Memory.Peak begin anew.
func ResetPeak(pid int) error {
	return os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0)
}

// tick is the unit of times in /proc/PID/stat: USER_HZ is 100 wherever Go runs.
const tick = 10 * time.Millisecond

// CPU is the processor time that a process has used, in steps of 10 ms.
func CPU(pid int) (time.Duration, error) {
	t, err := readTimes(pid)
	return t.own, err
}

// FamilyCPU is the processor time that a process and its children have used, with those that have ended.
func FamilyCPU(pid int) (time.Duration, error) {
	parent, err := readTimes(pid)
	if err != nil {
		return 0, err
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return 0, err
	}
	sum := parent.own + parent.ended
	for _, entry := range entries {
		id, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue // it is no process
		}
		if child, err := readTimes(id); err == nil && child.parent == pid { // it may have ended meanwhile
			sum += child.own
		}
	}
	return sum, nil
}

// times are the processor times of a process and of its children that have ended.
type times struct {
	parent     int
	own, ended time.Duration
}

func readTimes(pid int) (t times, err error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return t, err
	}
	_, rest, _ := strings.Cut(string(data), ") ") // the name of the program may hold anything before
	fields := strings.Fields(rest)                // state ppid … utime stime cutime cstime, from the 12th on
	if len(fields) < 15 {
		return t, fmt.Errorf("stat of process %d: %q", pid, data)
	}
	var n [5]int64
	for i, field := range [...]string{fields[1], fields[11], fields[12], fields[13], fields[14]} {
		if n[i], err = strconv.ParseInt(field, 10, 64); err != nil {
			return t, err
		}
	}
	return times{parent: int(n[0]), own: time.Duration(n[1]+n[2]) * tick, ended: time.Duration(n[3]+n[4]) * tick}, nil
}

package app

import (
	"bytes"
	"os"
	"runtime/debug"
	"strconv"
)

// Files in which a container finds its memory limit: control groups version 2 and 1.
var memoryLimitFiles = []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}

// goShare is the part of the container's memory that Go may use, in percent. The rest is for SQLite, which allocates
// outside of Go's heap, and for stacks of the kernel.
const goShare = 70

// gcPercent is how much the heap may grow between two collections, of what is in use.
const gcPercent = 200

// TuneMemory makes the garbage collector keep the heap small before the container's limit. The variable GOMEMLIMIT comes
// before it. It returns the limit it set in bytes, 0 for none.
//
// The heap is a few megabytes, so that the collector would run dozens of times in a second under load. Twice the usual room
// takes 5 MiB more under load and none in an idle server, and spares a quarter of the processor time of a lookup or a list.
// The variable GOGC comes before it.
func TuneMemory() int64 {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	limit := containerMemory(memoryLimitFiles) / 100 * goShare
	if limit <= 0 || os.Getenv("GOMEMLIMIT") != "" {
		return 0
	}
	debug.SetMemoryLimit(limit)
	return limit
}

// containerMemory is the first limit found, 0 if there is none. Version 1 writes a very large number for none.
func containerMemory(files []string) int64 {
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		n, err := strconv.ParseInt(string(bytes.TrimSpace(text)), 10, 64)
		if err == nil && n > 0 && n < 1<<50 {
			return n
		}
	}
	return 0
}

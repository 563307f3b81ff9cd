package program

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestMain lets this program also be the one whose clock is moved: it prints the time for every line that it reads.
func TestMain(m *testing.M) {
	if os.Getenv("PRINT_TIME") == "" {
		os.Exit(m.Run())
	}
	for began := time.Now(); ; {
		var line string
		if _, err := fmt.Scanln(&line); err != nil {
			return
		}
		fmt.Println(time.Now().Unix(), int(time.Since(began).Hours()))
	}
}

func TestClock(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), "PRINT_TIME=1")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ask := func() (unix int64, elapsed int) {
		fmt.Fprintln(in, "now")
		if _, err := fmt.Fscan(out, &unix, &elapsed); err != nil {
			t.Fatal(err)
		}
		return unix, elapsed
	}
	ask() // it runs
	clock, err := NewClock(cmd.Process.Pid)
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip("the clock of a process can be moved on Linux on amd64 only")
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, offset := range []time.Duration{0, 24 * time.Hour, -36 * time.Hour, time.Second, 0} {
		if err := clock.Set(offset); err != nil {
			t.Fatal(err)
		}
		unix, elapsed := ask()
		if off := time.Until(time.Unix(unix, 0).Add(-offset)).Abs(); off > 10*time.Second {
			t.Errorf("with %s the time is off by %s", offset, off)
		}
		if elapsed != 0 {
			t.Errorf("with %s the monotonic clock has moved by %d hours", offset, elapsed)
		}
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if _, err := NewClock(cmd.Process.Pid); err == nil || !strings.Contains(err.Error(), strconv.Itoa(cmd.Process.Pid)) {
		t.Errorf("the clock of a process that has ended: %v", err)
	}
}

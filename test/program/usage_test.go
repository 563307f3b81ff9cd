package program

import (
	"os"
	"os/exec"
	"testing"
	"time"
)

// TestFamilyCPU has a child work, and looks at it while it runs and when it has ended.
func TestFamilyCPU(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("there is no /proc")
	}
	cmd := exec.CommandContext(t.Context(), "/bin/sh", "-c", `(i=0; while test $i -lt 100000; do i=$((i+1)); done) & wait; read -r _; read -r _`)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var used, own time.Duration
	for used < 50*time.Millisecond && err == nil { // the child's time counts at once, and stays when it has ended
		if used, err = FamilyCPU(cmd.Process.Pid); err == nil {
			own, err = CPU(cmd.Process.Pid)
		}
	}
	if err != nil || own >= used {
		t.Errorf("%v of which the parent has %v itself, %v", used, own, err)
	}
	if err := in.Close(); err != nil {
		t.Error(err)
	}
	_ = cmd.Wait() // read fails at the end of its input
	if _, err := FamilyCPU(cmd.Process.Pid); err == nil {
		t.Error("a process that has ended was measured")
	}
}

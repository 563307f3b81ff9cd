package pgtest

import (
	"context"
	"os/exec"
)

func execOutput(ctx context.Context, program string, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, program, args...).CombinedOutput()
	return string(out), err
}

package program

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

const serverPackage = "github.com/scim-operator/scim-operator/cmd/scimserver"

// Build compiles the server into dir, as `make build` does, and returns the program's path. The working directory must be
// inside the module.
func Build(ctx context.Context, dir string) (string, error) {
	binary := filepath.Join(dir, "scimserver")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", binary, serverPackage)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s: %w\n%s", serverPackage, err, out)
	}
	return binary, nil
}

package assets

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

const modulePath = "github.com/scim-operator/scim-operator"

// pinned is what the repository pins: the module hack/envtest/binaries, and its version of Kubernetes.
type pinned struct {
	root    string // the repository
	version string // of k8s.io/kubernetes, such as v1.37.0
	sum     string // of everything that the programs are made of
}

var kubernetesVersion = regexp.MustCompile(`(?m)^\s*k8s\.io/kubernetes (v\d+\.\d+\.\S+)$`)

func findPinned(ctx context.Context) (pinned, error) {
	root, err := output(command(ctx, ".", "go", "list", "-m", "-f", "{{.Dir}}", modulePath))
	if err != nil {
		return pinned{}, fmt.Errorf("find the repository, which the working directory must lie in: %w", err)
	}
	return readPinned(root)
}

func readPinned(root string) (pinned, error) {
	p := pinned{root: root}
	sum := sha256.New()
	for _, name := range []string{"go.mod", "go.sum", "main.go"} {
		data, err := os.ReadFile(filepath.Join(p.source(), name))
		if err != nil {
			return pinned{}, err
		}
		if match := kubernetesVersion.FindSubmatch(data); name == "go.mod" && match != nil {
			p.version = string(match[1])
		}
		fmt.Fprintf(sum, "%s %d\n%s", name, len(data), data)
	}
	if p.version == "" {
		return pinned{}, fmt.Errorf("no version of k8s.io/kubernetes in %s", filepath.Join(p.source(), "go.mod"))
	}
	p.sum = hex.EncodeToString(sum.Sum(nil))[:12]
	return p, nil
}

// source is the folder of the module that the programs are built from.
func (p pinned) source() string { return filepath.Join(p.root, "hack", "envtest", "binaries") }

// name tells builds apart: another version, and the same one built otherwise.
func (p pinned) name() string { return p.version + "-" + p.sum }

// series is what setup-envtest calls the releases of the same minor version, such as 1.37.x.
func (p pinned) series() string {
	return strings.Join(p.parts()[:2], ".") + ".x"
}

func (p pinned) parts() []string { return strings.SplitN(strings.TrimPrefix(p.version, "v"), ".", 3) }

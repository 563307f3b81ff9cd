package architecture

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestImageSources: .dockerignore must let through every package that the programs are built from.
func TestImageSources(t *testing.T) {
	t.Parallel()
	root, err := repositoryRoot()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(root, ".dockerignore"))
	if err != nil {
		t.Fatal(err)
	}
	let := letThrough(string(data))
	needed := 0
	for _, p := range packages(t) {
		if !in(p.ImportPath, []string{"cmd/..."}) {
			continue
		}
		for _, dep := range append(p.Deps, p.ImportPath) {
			if !own(dep) {
				continue
			}
			needed++
			if !in(dep, let) {
				t.Errorf("%s needs %s, which .dockerignore keeps out of the image", p.ImportPath, dep)
			}
		}
	}
	if needed == 0 {
		t.Error("the programs need no package of this module")
	}
}

func TestLetThrough(t *testing.T) {
	t.Parallel()
	got := letThrough("# comment\n*\n!go.mod\n!api\n!config/crd\n**/*_test.go\n")
	if want := []string{"go.mod/...", "api/...", "config/crd/..."}; !slices.Equal(got, want) {
		t.Errorf("letThrough() = %q, want %q", got, want)
	}
	if in("config/samples", got) {
		t.Error("config/samples is let through")
	}
}

// letThrough are the trees that a .dockerignore names as exceptions, as patterns of packages.
func letThrough(text string) []string {
	var trees []string
	for line := range strings.Lines(text) {
		if tree, ok := strings.CutPrefix(strings.TrimSpace(line), "!"); ok {
			trees = append(trees, tree+"/...")
		}
	}
	return trees
}

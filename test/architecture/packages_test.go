package architecture

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

const module = "github.com/scim-operator/scim-operator"

// pkg is what `go list` tells of a package. Those of this module are named by their path in it, such as scimserver/config.
type pkg struct {
	ImportPath   string
	Name         string
	Doc          string
	Dir          string
	GoFiles      []string
	Imports      []string // of its code
	TestImports  []string // of its tests, both kinds
	XTestImports []string
	Deps         []string // everything that its code needs, directly or not
}

// load lists the packages of the module once for all tests.
var load = sync.OnceValues(func() ([]pkg, error) {
	root, err := repositoryRoot()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("go", "list", "-json=ImportPath,Name,Doc,Dir,GoFiles,Imports,TestImports,XTestImports,Deps", "./...")
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, errors.Join(err, errors.New(stderr.String()))
	}
	var all []pkg
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		all = append(all, p.local())
	}
})

// local names the packages of this module by their path in it.
func (p pkg) local() pkg {
	p.ImportPath = localPath(p.ImportPath)
	for _, list := range [][]string{p.Imports, p.TestImports, p.XTestImports, p.Deps} {
		for i := range list {
			list[i] = localPath(list[i])
		}
	}
	return p
}

func localPath(path string) string {
	return strings.TrimPrefix(path, module+"/")
}

// standard tells whether a package is Go's own: their first element has no dot, as that of no other module does.
// The module's own packages are told by their top folder.
func standard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".") && !own(path)
}

func own(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return slices.Contains([]string{"api", "cmd", "controllers", "plugin", "scimserver", "hack", "test"}, first)
}

// in tells whether a package is one of the patterns: "a/b" is that package, "a/b/..." also all below it.
func in(pkgPath string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		tree, isTree := strings.CutSuffix(pattern, "/...")
		return pkgPath == tree || isTree && strings.HasPrefix(pkgPath, tree+"/")
	})
}

func packages(t *testing.T) []pkg {
	t.Helper()
	all, err := load()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func repositoryRoot() (string, error) {
	out, err := exec.Command("go", "env", "GOMOD").Output()
	return filepath.Dir(strings.TrimSpace(string(out))), err
}

// sourceFiles are the files of the repository that match a pattern of path.Match on their base name, committed or not.
func sourceFiles(t *testing.T, pattern string) (root string, files []string) {
	t.Helper()
	root, err := repositoryRoot()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("git", "ls-files", "--cached", "--others", "--exclude-standard", "--deduplicate")
	cmd.Dir = root
	out, err := cmd.Output()
	if _, missing := os.Stat(filepath.Join(root, ".git")); errors.Is(missing, fs.ErrNotExist) {
		t.Skip("this is no git work tree: which files belong to it is unknown")
	}
	if err != nil {
		t.Fatalf("git ls-files: %v", err)
	}
	for file := range strings.Lines(string(out)) {
		file = strings.TrimSuffix(file, "\n")
		if match, _ := path.Match(pattern, path.Base(file)); match {
			files = append(files, file)
		}
	}
	return root, files
}

package architecture

import (
	"bytes"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// maxProgramLines keeps the main packages what they are: flags and wiring. It counts lines of code and comments of one package.
const maxProgramLines = 250

func TestPackageNames(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		if saysNothing(p) {
			t.Errorf("%s: name the package after what it provides", p.ImportPath)
		}
	}
	if !saysNothing(pkg{ImportPath: "scimserver/util", Name: "util"}) || saysNothing(pkg{ImportPath: "scimserver/auth", Name: "auth"}) {
		t.Error("the check itself is wrong")
	}
}

func saysNothing(p pkg) bool {
	names := []string{"util", "utils", "common", "helper", "helpers", "types", "models", "misc", "shared", "lib"}
	return slices.Contains(names, p.Name) || slices.Contains(names, path.Base(p.ImportPath))
}

func TestPackagesHaveADocComment(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		if problem := docProblem(p); problem != "" {
			t.Errorf("%s: %s", p.ImportPath, problem)
		}
	}
	bad := []pkg{
		{Name: "auth", GoFiles: []string{"auth.go"}},
		{Name: "auth", GoFiles: []string{"auth.go"}, Doc: "This package checks tokens."},
		{Name: "auth", GoFiles: []string{"auth.go"}, Doc: "Package oauth checks tokens."},
	}
	for _, p := range bad {
		if docProblem(p) == "" {
			t.Errorf("doc comment %q passed", p.Doc)
		}
	}
}

// docProblem tells what is wrong with a package's doc comment; Doc is the first sentence of it. Packages of tests alone need none.
func docProblem(p pkg) string {
	want := "Package " + p.Name + " "
	if p.Name == "main" {
		want = "Command "
	}
	switch {
	case len(p.GoFiles) == 0:
		return ""
	case p.Doc == "":
		return "no doc comment"
	case !strings.HasPrefix(p.Doc, want):
		return "the doc comment should begin with " + want
	}
	return ""
}

func TestProgramsAreWiring(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		if !in(p.ImportPath, []string{"cmd/..."}) {
			continue
		}
		if p.Name != "main" {
			t.Errorf("%s: what is not wiring belongs into a package outside cmd", p.ImportPath)
		}
		lines := 0
		for _, file := range p.GoFiles {
			data, err := os.ReadFile(filepath.Join(p.Dir, file))
			if err != nil {
				t.Fatal(err)
			}
			lines += bytes.Count(data, []byte("\n")) - bytes.Count(data, []byte("\n\n"))
		}
		if lines > maxProgramLines {
			t.Errorf("%s has %d lines, more than the %d of flags and wiring", p.ImportPath, lines, maxProgramLines)
		}
	}
}

package architecture

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// sleepers are tests that may sleep, with the reason.
var sleepers = map[string]string{}

func TestTestsDoNotSleep(t *testing.T) {
	t.Parallel()
	root, files := sourceFiles(t, "*_test.go")
	for _, file := range files {
		if _, allowed := sleepers[file]; allowed {
			continue
		}
		data, err := os.ReadFile(filepath.Join(root, file))
		if err != nil { // deleted and not committed yet
			continue
		}
		for _, use := range uses(t, file, data, "time") {
			if use.name == "Sleep" {
				t.Errorf("%s:%d: time.Sleep makes a test slow or flaky: wait for what should happen", file, use.line)
			}
		}
	}
	for file := range sleepers {
		if !slices.Contains(files, file) {
			t.Errorf("%s may sleep, but is not there", file)
		}
	}
}

func TestProtocolCoreTakesStatusCodesFromHTTPOnly(t *testing.T) {
	t.Parallel()
	root, files := sourceFiles(t, "*.go")
	for _, file := range files {
		if !strings.HasPrefix(file, "scimserver/scim/") || strings.HasSuffix(file, "_test.go") {
			continue
		}
		data, err := os.ReadFile(filepath.Join(root, file))
		if err != nil { // deleted and not committed yet
			continue
		}
		for _, use := range uses(t, file, data, "http") {
			if !strings.HasPrefix(use.name, "Status") {
				t.Errorf("%s:%d: http.%s: the protocol core does no I/O", file, use.line, use.name)
			}
		}
	}
}

func TestUsesAreFound(t *testing.T) {
	t.Parallel()
	got := uses(t, "x.go", []byte("package x\n\n// time.Sleep(1)\nfunc f() {\n\ttime.Sleep(time.Second)\n\tt.Sleep(1)\n}\n"), "time")
	if want := []use{{5, "Sleep"}, {5, "Second"}}; !slices.Equal(got, want) {
		t.Errorf("uses %v, want %v", got, want)
	}
}

// use is where a file names something of a package.
type use struct {
	line int
	name string
}

func uses(t *testing.T, file string, source []byte, pkg string) []use {
	t.Helper()
	files := token.NewFileSet()
	tree, err := parser.ParseFile(files, file, source, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var found []use
	ast.Inspect(tree, func(n ast.Node) bool {
		selector, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if x, ok := selector.X.(*ast.Ident); ok && x.Name == pkg {
			found = append(found, use{files.Position(selector.Pos()).Line, selector.Sel.Name})
		}
		return true
	})
	return found
}

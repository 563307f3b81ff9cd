package architecture

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// unwanted are words that no file of the repository should hold. The expressions are written so that they don't match themselves.
var unwanted = map[string]*regexp.Regexp{
	"a path of one machine":                regexp.MustCompile(`(?:^|[^\w.~/-])/(?:[w]ork|[r]oot)/`),
	"a home folder":                        regexp.MustCompile(`(?:^|[^\w.~/-])/[h]ome/\w`),
	"a registry's host":                    regexp.MustCompile(`[p]roxy\.golang\.org|[s]um\.golang\.org|[d]eb\.debian\.org|[r]egistry\.npmjs\.org`),
	"a file that is not in the repository": regexp.MustCompile(`[D]ESIGN\.md|[i]dp-clients|[c]ode-anchors`),
	"a note of unfinished work":            regexp.MustCompile(`\b(?:[T]ODO|[F]IXME|[X]XX)\b`),
}

// generated are files that are no text of ours.
var generated = regexp.MustCompile(`(^|/)(go\.sum|LICENSE|testdata/fuzz/.*)$`)

func TestWords(t *testing.T) {
	t.Parallel()
	root, files := sourceFiles(t, "*")
	for _, file := range files {
		if generated.MatchString(file) {
			continue
		}
		data, err := os.ReadFile(filepath.Join(root, file))
		if err != nil { // deleted and not committed yet
			continue
		}
		for i, line := range strings.Split(string(data), "\n") {
			for _, what := range problems(line) {
				t.Errorf("%s:%d: %s: %s", file, i+1, what, strings.TrimSpace(line))
			}
		}
	}
}

func TestWordsAreFound(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]int{
		`dir := "/` + `work/main"`:               1,
		"see /" + "root/.cache":                  1,
		"cd /" + "home/ann":                      1,
		"GOPROXY=https://proxy" + ".golang.org":  1,
		"as DESIGN" + ".md says":                 1,
		"// TO" + "DO later":                     1,
		"https://example.com/work/items":         0,
		"./work/list and ~/root/x":               0,
		`{"path": "/Users/2819c223", "op": "/"}`: 0,
	} {
		if got := problems(line); len(got) != want {
			t.Errorf("problems(%q) = %q, want %d", line, got, want)
		}
	}
}

func problems(line string) []string {
	var found []string
	for what, expression := range unwanted {
		if expression.MatchString(line) {
			found = append(found, what)
		}
	}
	return found
}

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

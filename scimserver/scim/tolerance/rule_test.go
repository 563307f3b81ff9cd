package tolerance_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
)

// TestEveryRuleIsListedOnce holds the constants and the tables together.
func TestEveryRuleIsListedOnce(t *testing.T) {
	t.Parallel()
	declared := constants(t)
	listed := map[string]bool{}
	form := regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	for _, info := range tolerance.All() {
		name := string(info.Rule)
		if listed[name] {
			t.Errorf("%s is listed twice", name)
		}
		listed[name] = true
		if !form.MatchString(name) || info.Clients == "" || len(info.What) < 20 || info.Where == "" {
			t.Errorf("%s tells too little: %+v", name, info)
		}
	}
	for constant, name := range declared {
		if !listed[name] {
			t.Errorf("%s (%s) is in no table", constant, name)
		}
	}
	if len(declared) != len(listed) {
		t.Errorf("%d constants, %d rules in tables", len(declared), len(listed))
	}
}

// TestEveryRuleHasASite finds rules nothing asks for any more.
func TestEveryRuleHasASite(t *testing.T) {
	t.Parallel()
	var code strings.Builder
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return err
		}
		data, err := os.ReadFile(path)
		code.Write(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for constant := range constants(t) {
		if !strings.Contains(code.String(), "tolerance."+constant) {
			t.Errorf("no code asks for tolerance.%s", constant)
		}
	}
}

// constants reads the constants of type Rule from the source.
func constants(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if spec, ok := n.(*ast.ValueSpec); ok && isRule(spec) {
				out[spec.Names[0].Name] = strings.Trim(spec.Values[0].(*ast.BasicLit).Value, `"`)
			}
			return true
		})
	}
	if len(out) < 20 {
		t.Fatalf("only %d constants found", len(out))
	}
	return out
}

func isRule(spec *ast.ValueSpec) bool {
	id, ok := spec.Type.(*ast.Ident)
	return ok && id.Name == "Rule" && len(spec.Values) == 1
}

func TestLog(t *testing.T) {
	t.Parallel()
	log := tolerance.Compatible()
	for range 2 {
		if !log.Allow(tolerance.PatchOpCase) || !log.Ignore(tolerance.UnknownAttribute, "favouriteColour") {
			t.Fatal("Compatible refuses")
		}
	}
	if diff := cmp.Diff([]tolerance.Rule{tolerance.PatchOpCase, tolerance.UnknownAttribute}, log.Applied()); diff != "" {
		t.Errorf("Applied (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"favouriteColour"}, log.Ignored()); diff != "" {
		t.Errorf("Ignored (-want +got):\n%s", diff)
	}
	for name, strict := range map[string]*tolerance.Log{"Strict": tolerance.Strict(), "nil": nil} {
		if strict.Allow(tolerance.PatchOpCase) || strict.Ignore(tolerance.UnknownAttribute, "x") || !strict.IsStrict() {
			t.Errorf("%s allows a deviation", name)
		}
		if strict.Applied() != nil || strict.Ignored() != nil {
			t.Errorf("%s has recorded %v, %v", name, strict.Applied(), strict.Ignored())
		}
	}
}

// TestLeaveOut: what the tenant leaves out by choice is remembered in both modes, and is no deviation.
func TestLeaveOut(t *testing.T) {
	t.Parallel()
	for name, log := range map[string]*tolerance.Log{"Compatible": tolerance.Compatible(), "Strict": tolerance.Strict()} {
		log.LeaveOut("members")
		log.LeaveOut("members")
		if diff := cmp.Diff([]string{"members"}, log.Ignored()); diff != "" || len(log.Applied()) > 0 {
			t.Errorf("%s: %v (-want +got):\n%s", name, log.Applied(), diff)
		}
	}
	var none *tolerance.Log
	none.LeaveOut("members")
}

func TestLogIsBounded(t *testing.T) {
	t.Parallel()
	log := tolerance.Compatible()
	log.Ignore(tolerance.UnknownAttribute, strings.Repeat("x", 100_000))
	for i := range 1000 {
		log.Ignore(tolerance.UnknownAttribute, "a"+strings.Repeat("b", i%200))
	}
	if n := len(log.Ignored()); n != 32 {
		t.Errorf("%d attributes remembered, want 32", n)
	}
}

package scimtest

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "write the golden files")

// Golden compares with a file, or writes it with -update.
func Golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got), -update writes it:\n%s", path, diff)
	}
}

// Case is a test case in a txtar file: sections that are given, and sections that are wanted.
type Case struct {
	Name    string
	archive *txtar.Archive
	path    string
	wanted  []txtar.File
}

// Run runs a test for each case of a directory and the directories in it.
func Run(t *testing.T, dir string, test func(t *testing.T, c *Case)) {
	t.Helper()
	paths := Files(t, dir)
	if len(paths) == 0 {
		t.Fatalf("no cases in %s", dir)
	}
	for _, path := range paths {
		name := strings.TrimSuffix(strings.TrimPrefix(path, dir+"/"), ".txtar")
		t.Run(name, func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			c := &Case{Name: name, archive: archive, path: path}
			test(t, c)
			c.finish(t)
		})
	}
}

// Files are the cases of a directory and the directories in it.
func Files(t testing.TB, dir string) []string {
	t.Helper()
	var paths []string
	for _, pattern := range []string{"*.txtar", "*/*.txtar"} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, found...)
	}
	return paths
}

// Input is a section that is given, "" if it is not there.
func (c *Case) Input(name string) string {
	for _, f := range c.archive.Files {
		if f.Name == name {
			return strings.TrimSpace(string(f.Data))
		}
	}
	return ""
}

// Comment is what stands before the sections.
func (c *Case) Comment() string { return strings.TrimSpace(string(c.archive.Comment)) }

// Want compares a section with what is there, or writes it with -update.
func (c *Case) Want(t *testing.T, name, got string) {
	t.Helper()
	c.wanted = append(c.wanted, txtar.File{Name: name, Data: []byte(strings.TrimSpace(got) + "\n")})
	if *update {
		return
	}
	if diff := cmp.Diff(c.Input(name), strings.TrimSpace(got)); diff != "" {
		t.Errorf("%s: %s (-want +got), -update writes it:\n%s", c.path, name, diff)
	}
}

// finish writes the wanted sections behind the given ones.
func (c *Case) finish(t *testing.T) {
	if !*update || t.Failed() {
		return
	}
	out := &txtar.Archive{Comment: c.archive.Comment}
	for _, f := range c.archive.Files {
		if !c.isWanted(f.Name) {
			out.Files = append(out.Files, f)
		}
	}
	out.Files = append(out.Files, c.wanted...)
	if data := txtar.Format(out); !bytes.Equal(data, txtar.Format(c.archive)) {
		if err := os.WriteFile(c.path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func (c *Case) isWanted(name string) bool {
	for _, f := range c.wanted {
		if f.Name == name {
			return true
		}
	}
	return false
}

// names are the short names of URNs in case files.
var names = map[string]string{
	"@P": "urn:ietf:params:scim:api:messages:2.0:PatchOp",
	"@U": "urn:ietf:params:scim:schemas:core:2.0:User",
	"@G": "urn:ietf:params:scim:schemas:core:2.0:Group",
	"@E": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
	"@A": AcmeID,
}

var shortName = regexp.MustCompile(`@[PUGEA]\b`)

// Expand writes out the short names of URNs: @P PatchOp, @U User, @G Group, @E enterprise, @A Acme.
func Expand(s string) string {
	return shortName.ReplaceAllStringFunc(s, func(short string) string { return names[short] })
}

// Shorten is the reverse of Expand.
func Shorten(s string) string {
	for short, urn := range names {
		s = strings.ReplaceAll(s, urn, short)
	}
	return s
}

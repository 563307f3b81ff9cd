package architecture

import (
	"os"
	"path/filepath"
	"regexp"
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

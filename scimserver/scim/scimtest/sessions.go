package scimtest

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// Request is one that a client is recorded to have sent, as test/sessions has it: kept values stand in it as {{name}}.
type Request struct {
	Method, Path, Body string // Path without its query
	Query              url.Values
}

// Sessions reads the requests of all recorded sessions, for seeds.
func Sessions(tb testing.TB) (all []Request) {
	tb.Helper()
	for _, path := range Files(tb, sessionsDir(tb)) {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			tb.Fatal(err)
		}
		for _, file := range archive.Files {
			if strings.HasSuffix(file.Name, ".http") {
				all = append(all, parseRequest(string(file.Data)))
			}
		}
	}
	if len(all) < 200 {
		tb.Fatalf("%d recorded requests", len(all))
	}
	return all
}

// sessionsDir finds test/sessions above the directory of the test.
func sessionsDir(tb testing.TB) string {
	tb.Helper()
	dir := "."
	for range 8 {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, "test", "sessions")
		}
		dir = filepath.Join("..", dir)
	}
	tb.Fatal("test/sessions is nowhere above")
	return ""
}

func parseRequest(text string) Request {
	for strings.HasPrefix(text, "#") {
		_, text, _ = strings.Cut(text, "\n")
	}
	head, body, _ := strings.Cut(text, "\n\n")
	line, _, _ := strings.Cut(head, "\n")
	method, target, _ := strings.Cut(line, " ")
	path, query, _ := strings.Cut(target, "?")
	values, _ := url.ParseQuery(query) // what does not parse is no seed
	return Request{Method: method, Path: path, Body: strings.TrimSpace(body), Query: values}
}

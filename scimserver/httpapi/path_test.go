package httpapi

import (
	"net/url"
	"testing"
)

func TestNormalise(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"/":                     "/",
		"//":                    "/",
		"/a/b":                  "/a/b",
		"/a/b/":                 "/a/b",
		"/a//b///c/":            "/a/b/c",
		"/a/b%2Fc":              "/a/b%2Fc",
		"/a/b%2Fc/":             "/a/b%2Fc",
		"/a/%2F/":               "/a/%2F",
		"/a/.search":            "/a/.search",
		"/a/.search/":           "/a/.search",
		"/a/%2e%2e/b":           "/a/%2e%2e/b",
		"/a/b%20c//":            "/a/b%20c",
		"/a/urn:x:y//Z":         "/a/urn:x:y/Z",
		"/a/b?x=//":             "/a/b",
		"/a/..b/...":            "/a/..b/...",
		"/a/%E4%BD%A0//%25":     "/a/%E4%BD%A0/%25",
		"/ns/n/scim/v2//Users/": "/ns/n/scim/v2/Users",
	} {
		u, err := url.ParseRequestURI(raw)
		if err != nil {
			t.Fatal(err)
		}
		if !normalise(u) || u.EscapedPath() != want {
			t.Errorf("%s: got %s, want %s", raw, u.EscapedPath(), want)
		}
	}
	for _, raw := range []string{"/..", "/a/../b", "/a/./b", "/.", "/a/b/..", "/a//../b/"} {
		u, err := url.ParseRequestURI(raw)
		if err != nil {
			t.Fatal(err)
		}
		if normalise(u) {
			t.Errorf("%s: accepted as %s", raw, u.EscapedPath())
		}
	}
}

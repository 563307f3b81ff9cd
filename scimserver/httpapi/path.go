package httpapi

import (
	"net/url"
	"strings"
)

// normalise makes a path as people paste it one of the protocol: a slash at the end or several in a row mean nothing. It
// works on the escaped path, so that %2F stays part of its element. It is false for a path with elements . or .., which
// would point elsewhere.
func normalise(u *url.URL) bool {
	path := u.EscapedPath()
	if strings.HasSuffix(path, "/") && len(path) > 1 || strings.Contains(path, "//") {
		path = "/" + strings.Join(strings.FieldsFunc(path, func(r rune) bool { return r == '/' }), "/")
		if plain, err := url.PathUnescape(path); err == nil {
			u.Path, u.RawPath = plain, path
		}
	}
	return !strings.Contains(path, "/.") || plainElements(path)
}

func plainElements(path string) bool {
	for element := range strings.SplitSeq(path, "/") {
		if element == "." || element == ".." {
			return false
		}
	}
	return true
}

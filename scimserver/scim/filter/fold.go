package filter

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Fold is the case folding of strings with caseExact false: strings are equal without regard to case when their foldings are equal, as
// strings.EqualFold has it. Stored keys and SQL use it too. It is idempotent.
func Fold(s string) string {
	for i := range len(s) {
		c := s[i]
		if c >= utf8.RuneSelf {
			return strings.Map(foldRune, s)
		}
		if 'A' <= c && c <= 'Z' {
			return foldFrom(s, i)
		}
	}
	return s
}

// foldFrom folds a string whose first upper case letter is at i.
func foldFrom(s string, i int) string {
	b := []byte(s)
	for ; i < len(b); i++ {
		switch c := b[i]; {
		case c >= utf8.RuneSelf:
			return strings.Map(foldRune, s)
		case 'A' <= c && c <= 'Z':
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// foldRune takes one rune for all that differ in case only: the lower case one of the least of them, where that is one of them.
func foldRune(r rune) rune {
	if r < utf8.RuneSelf {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}
	least := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		least = min(least, next)
	}
	low := unicode.ToLower(least)
	for next := unicode.SimpleFold(least); next != least; next = unicode.SimpleFold(next) {
		if next == low {
			return low
		}
	}
	return least
}

// equalFolded says whether s folds to folded, without allocating for ASCII.
func equalFolded(s, folded string) bool {
	if len(s) != len(folded) {
		return !ascii(s) && Fold(s) == folded
	}
	for i := range len(s) {
		c := s[i]
		if c >= utf8.RuneSelf {
			return Fold(s) == folded
		}
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != folded[i] {
			return !ascii(s[i:]) && Fold(s) == folded
		}
	}
	return true
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

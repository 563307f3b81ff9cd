package folder

import (
	"bytes"
	"strconv"
	"strings"
)

// locate finds the line of a field, counted from 0, such as spec.limits.users or spec.schemaExtensions[0].id. It
// understands block style; where it finds a part of the path only, it gives the line of that.
func locate(text []byte, path string) int {
	s := &section{lines: bytes.Split(bytes.Clone(text), []byte("\n"))}
	s.to = len(s.lines)
	found, ok := s.first()
	if !ok {
		return 0
	}
	for _, step := range steps(path) {
		at, ok := s.enter(step)
		if !ok {
			break
		}
		found = at
	}
	return found
}

// steps are the parts of a path: names, and indexes as "[0]".
func steps(path string) []string {
	return strings.FieldsFunc(strings.ReplaceAll(path, "[", ".["), func(r rune) bool { return r == '.' })
}

// section is a part of a document: the value of a field.
type section struct {
	lines    [][]byte
	from, to int
}

// first is the first line that says something.
func (s *section) first() (int, bool) {
	for i := s.from; i < s.to; i++ {
		if significant(s.lines[i]) && len(bytes.Trim(s.lines[i], " \t\r{}[],")) > 0 {
			return i, true
		}
	}
	return 0, false
}

// enter narrows the section to a field or an element of it, and returns the line with which that begins.
func (s *section) enter(step string) (int, bool) {
	first, ok := s.first()
	if !ok {
		return 0, false
	}
	index, err := strconv.Atoi(strings.Trim(step, "[]"))
	isIndex := err == nil && step[0] == '['
	for i, indent := first, indentation(s.lines[first]); i < s.to; i++ {
		switch {
		case !significant(s.lines[i]) || indentation(s.lines[i]) != indent:
			continue
		case isIndex && isDash(s.lines[i]):
			if index--; index < 0 {
				s.from, s.to = i, s.end(i, indent, false)
				s.lines[i][indent] = ' ' // what follows the dash is the first line of the element
				return i, true
			}
		case !isIndex && hasKey(s.lines[i], step):
			s.from, s.to = i+1, s.end(i, indent, true)
			return i, true
		}
	}
	return 0, false
}

// end is the line after the value that begins in a line. A list may stand as far to the left as its key.
func (s *section) end(begin, indent int, ofKey bool) int {
	for i := begin + 1; i < s.to; i++ {
		n := indentation(s.lines[i])
		if significant(s.lines[i]) && (n < indent || n == indent && (!ofKey || !isDash(s.lines[i]))) {
			return i
		}
	}
	return s.to
}

func indentation(line []byte) int { return len(line) - len(bytes.TrimLeft(line, " \t")) }

func isDash(line []byte) bool {
	line = bytes.TrimSpace(line)
	return bytes.HasPrefix(line, []byte("- ")) || string(line) == "-"
}

func hasKey(line []byte, key string) bool {
	name, _, ok := strings.Cut(strings.TrimSpace(string(line)), ":")
	return ok && strings.Trim(name, `"' `) == key
}

package mapping

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Error is one mistake in a mapping.
type Error struct {
	// Field is its place in the mapping: attributes[2].expression, role.values[IT], or attributes where a rule is missing.
	Field string
	// Line and Column in a path or expression, from 1, in characters; 0 where the whole field is meant.
	Line, Column int
	Message      string
	// Suggestion says what to write instead; it may be empty.
	Suggestion string
}

// Error is everything in one line.
func (e Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Field)
	switch {
	case e.Line > 1:
		fmt.Fprintf(&b, ", line %d, column %d", e.Line, e.Column)
	case e.Line == 1:
		fmt.Fprintf(&b, ", column %d", e.Column)
	}
	b.WriteString(": " + e.Message)
	if e.Suggestion != "" {
		b.WriteString("; " + e.Suggestion)
	}
	return b.String()
}

// Errors are all mistakes of a mapping, in the order of its fields.
type Errors []Error

// maxShown keeps the text short enough for a condition.
const maxShown = 5

// Error is the mistakes one after the other; of many only the first ones.
func (e Errors) Error() string {
	var parts []string
	for i, one := range e {
		if i == maxShown {
			parts = append(parts, fmt.Sprintf("and %d more", len(e)-maxShown))
			break
		}
		parts = append(parts, one.Error())
	}
	return strings.Join(parts, "; ")
}

// orNil avoids an error that holds nothing.
func (e Errors) orNil() error {
	if len(e) == 0 {
		return nil
	}
	return e
}

func (e *Errors) add(field, suggestion, format string, args ...any) {
	*e = append(*e, Error{Field: field, Message: fmt.Sprintf(format, args...), Suggestion: suggestion})
}

// at adds an error with a place in the text.
func (e *Errors) at(field string, line, column int, suggestion, format string, args ...any) {
	*e = append(*e, Error{Field: field, Line: line, Column: column, Message: fmt.Sprintf(format, args...), Suggestion: suggestion})
}

// didYouMean is a suggestion, empty where nothing is near.
func didYouMean(got string, names []string) string {
	if near := nearest(got, names); near != "" {
		return fmt.Sprintf("did you mean %s?", near)
	}
	return ""
}

// nearest finds the name with the smallest edit distance, "" if none is near. Case does not count.
func nearest(got string, names []string) string {
	if len(got) > 128 {
		return ""
	}
	folded := strings.ToLower(got)
	best := slices.MinFunc(append([]string{""}, names...), func(a, b string) int {
		return cmp.Compare(farness(folded, a), farness(folded, b))
	})
	if best == "" || farness(folded, best) > max(1, min(4, (len(folded)+1)/3)) {
		return ""
	}
	return best
}

// farness is the edit distance to a name; no name is far from everything.
func farness(folded, name string) int {
	if name == "" {
		return 1 << 20
	}
	return distance([]rune(folded), []rune(strings.ToLower(name)))
}

// distance counts insertions, deletions, replacements and swaps of neighbours.
func distance(a, b []rune) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := last[j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			row[j] = min(change, last[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}

package filtersql

import (
	"strconv"
	"strings"
)

// Fragment is a piece of SQL with the arguments of its parameters, in order: int64, float64, string,
// []byte or ID.
type Fragment struct {
	SQL  string
	Args []any
}

// arg is a parameter within build.
type arg struct{ value any }

// build joins pieces: a string is SQL, an arg a parameter.
func build(pieces ...any) Fragment {
	var sql strings.Builder
	var args []any
	for _, p := range pieces {
		switch p := p.(type) {
		case string:
			sql.WriteString(p)
		case arg:
			sql.WriteByte('?')
			args = append(args, p.value)
		case Fragment:
			sql.WriteString(p.SQL)
			args = append(args, p.Args...)
		}
	}
	return Fragment{SQL: sql.String(), Args: args}
}

// join puts a separator between fragments, and brackets around all.
func join(separator string, list []Fragment) Fragment {
	pieces := []any{"("}
	for i, f := range list {
		if i > 0 {
			pieces = append(pieces, separator)
		}
		pieces = append(pieces, f)
	}
	return build(append(pieces, ")")...)
}

// quote makes a text literal.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

var (
	always = Fragment{SQL: "TRUE"}
	never  = Fragment{SQL: "FALSE"}
)

// alias makes a new name for a table.
func (t *translator) alias(prefix string) string {
	t.aliases++
	return prefix + strconv.Itoa(t.aliases)
}

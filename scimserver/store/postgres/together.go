package postgres

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// The transactions of a batch insert rows of the same kinds. Several rows go as one statement, which takes the database less than
// as many statements do.

// severalRows is an INSERT for one row, and for as many as the numbers of mostRows and its halves.
type severalRows struct {
	params int
	texts  map[int]string
}

const mostRows = 16

var (
	insertRows = newSeveralRows(insertSQL)
	logRows    = newSeveralRows(insertLogSQL)
	parameter  = regexp.MustCompile(`\$\d+`)
)

// newSeveralRows takes a statement that ends in VALUES and a row with the parameters $1, $2, ….
func newSeveralRows(sql string) *severalRows {
	head, row, _ := strings.Cut(sql, "VALUES ")
	s := &severalRows{params: len(parameter.FindAllString(row, -1)), texts: map[int]string{1: sql}}
	for n := 2; n <= mostRows; n *= 2 {
		rows := make([]string, n)
		for i := range rows {
			rows[i] = renumbered(row, i*s.params)
		}
		s.texts[n] = head + "VALUES " + strings.Join(rows, ", ")
	}
	return s
}

func renumbered(row string, by int) string {
	return parameter.ReplaceAllStringFunc(row, func(p string) string {
		n, err := strconv.Atoi(p[1:])
		if err != nil {
			panic(fmt.Sprintf("parameter %s: %v", p, err)) // it is digits
		}
		return "$" + strconv.Itoa(n+by)
	})
}

// join appends statements for all the rows of list.
func (s *severalRows) join(out, list []ask) []ask {
	for n := mostRows; len(list) > 0; {
		if n > len(list) {
			n /= 2
			continue
		}
		args := make([]any, 0, n*s.params)
		for _, a := range list[:n] {
			args = append(args, a.args...)
		}
		out, list = append(out, ask{sql: s.texts[n], args: args}), list[n:]
	}
	return out
}

const addManyLookupsSQL = `INSERT INTO lookup (tenant, attr, value, resource)
	SELECT $1, k.attr, k.value, k.resource FROM unnest($2::text[], $3::text[], $4::bigint[]) k (attr, value, resource)`

// joinLookups appends one statement for all of list.
func joinLookups(out, list []ask) []ask {
	if len(list) < 2 {
		return append(out, list...)
	}
	var attrs, values []string
	var resources []int64
	for _, a := range list {
		seq, more := a.args[1].(int64), a.args[2].([]string)
		attrs, values = append(attrs, more...), append(values, a.args[3].([]string)...)
		for range more {
			resources = append(resources, seq)
		}
	}
	return append(out, ask{sql: addManyLookupsSQL, args: []any{list[0].args[0], attrs, values, resources}})
}

// together joins the inserts among statements that have no answers. Rows of the log, which nothing else looks at, come last;
// resources and lookups pass no other statement.
func together(list []ask) []ask {
	var out, resources, lookups, logs []ask
	flush := func() {
		out = joinLookups(insertRows.join(out, resources), lookups)
		resources, lookups = resources[:0], lookups[:0]
	}
	for _, a := range list {
		switch a.sql {
		case savepointSQL, backSQL, releaseSQL:
			return list
		case insertSQL:
			resources = append(resources, a)
		case addLookupsSQL:
			lookups = append(lookups, a)
		case insertLogSQL:
			logs = append(logs, a)
		default:
			flush()
			out = append(out, a)
		}
	}
	flush()
	return logRows.join(out, logs)
}

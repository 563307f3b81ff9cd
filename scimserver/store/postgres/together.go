package postgres

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The transactions of a batch make changes of the same kinds. Several go as one statement, which takes the database less than as
// many statements do.

// severalRows is a statement with one row of VALUES, and the same with as many rows as the numbers of mostRows and its halves.
type severalRows struct {
	params int
	texts  map[int]string
}

const mostRows = 16

var (
	insertRows = newSeveralRows(insertSQL)
	reviseRows = newSeveralRows(reviseRowsSQL)
	logRows    = newSeveralRows(insertLogSQL)
	parameter  = regexp.MustCompile(`\$\d+`)
)

// newSeveralRows takes a statement that has one row with the parameters $1, $2, … on the line that begins with VALUES.
func newSeveralRows(sql string) *severalRows {
	head, row, _ := strings.Cut(sql, "VALUES ")
	tail := ""
	if end := strings.IndexByte(row, '\n'); end >= 0 {
		row, tail = row[:end], row[end:]
	}
	s := &severalRows{params: len(parameter.FindAllString(row, -1)), texts: map[int]string{1: sql}}
	for n := 2; n <= mostRows; n *= 2 {
		rows := make([]string, n)
		for i := range rows {
			rows[i] = renumbered(row, i*s.params)
		}
		s.texts[n] = head + "VALUES " + strings.Join(rows, ", ") + tail
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
		if n == 1 {
			return append(out, list[0])
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

const touchOftenSQL = "UPDATE resource SET version = version + $4, modified = $3 WHERE tenant = $1 AND seq = $2"

// joinTouches appends one statement for each resource: its version goes up by as many as there were, and the last one's time stays.
func joinTouches(out, list []ask) []ask {
	first := len(out)
	for _, a := range list {
		at := slices.IndexFunc(out[first:], func(o ask) bool { return o.args[1] == a.args[1] })
		if at < 0 {
			out = append(out, a)
			continue
		}
		o, times := &out[first+at], int64(2)
		if o.sql == touchOftenSQL {
			times = o.args[3].(int64) + 1
		}
		*o = ask{sql: touchOftenSQL, args: []any{a.args[0], a.args[1], a.args[2], times}}
	}
	return out
}

// joinMembers appends one statement for those that are added to a group one behind the other.
func joinMembers(out, list []ask) []ask {
	first := len(out)
	for _, a := range list {
		if len(out) > first {
			b := &out[len(out)-1]
			members := b.args[3].([]int64)
			if b.args[1] == a.args[1] && b.args[2].(int64)+int64(len(members)) == a.args[2].(int64) {
				members = append(slices.Clip(members), a.args[3].([]int64)...)
				*b = ask{sql: addMembersSQL, args: []any{b.args[0], b.args[1], b.args[2], members}}
				continue
			}
		}
		out = append(out, a)
	}
	return out
}

// joiner collects changes that may pass each other, as they are of different rows or of the same kind.
type joiner struct {
	out                                                  []ask
	inserts, revisions, touches, lookups, members, later []ask
	revised, touched                                     map[any]bool // by seq
}

// together joins the changes among statements that have no answers. Rows of the log, which nothing else looks at, come last; the
// others pass no statement of another kind, and each resource is written in the order that it was.
func together(list []ask) []ask {
	j := joiner{revised: map[any]bool{}, touched: map[any]bool{}}
	for _, a := range list {
		switch a.sql {
		case savepointSQL, backSQL, releaseSQL:
			return list
		}
		j.add(a)
	}
	j.flush()
	return logRows.join(j.out, j.later)
}

func (j *joiner) add(a ask) {
	switch a.sql {
	case insertSQL:
		j.inserts = append(j.inserts, a)
	case addLookupsSQL:
		j.lookups = append(j.lookups, a)
	case insertLogSQL:
		j.later = append(j.later, a)
	case addMembersSQL:
		j.members = append(j.members, a)
	case reviseSQL:
		if j.revised[a.args[1]] || j.touched[a.args[1]] {
			j.flush()
		}
		j.revised[a.args[1]] = true
		j.revisions = append(j.revisions, a)
	case touchSQL:
		j.touched[a.args[1]] = true
		j.touches = append(j.touches, a)
	default:
		j.flush()
		j.out = append(j.out, a)
	}
}

// flush appends what was collected, resources first, and touches behind the revisions that came before them.
func (j *joiner) flush() {
	j.out = reviseRows.join(insertRows.join(j.out, j.inserts), j.revisions)
	j.out = joinMembers(joinLookups(joinTouches(j.out, j.touches), j.lookups), j.members)
	j.inserts, j.revisions, j.touches, j.lookups, j.members = j.inserts[:0], j.revisions[:0], j.touches[:0], j.lookups[:0], j.members[:0]
	clear(j.revised)
	clear(j.touched)
}

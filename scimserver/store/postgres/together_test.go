package postgres

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTogether: inserts become few statements with the same rows in the same order, and pass nothing that they may depend on.
func TestTogether(t *testing.T) {
	t.Parallel()
	row := func(sql string, n int64, params int) ask {
		args := []any{int64(700), n}
		for len(args) < params {
			args = append(args, len(args))
		}
		return ask{sql: sql, args: args}
	}
	resource := func(n int64) ask { return row(insertSQL, n, 15) }
	log := func(n int64) ask { return row(insertLogSQL, n, 6) }
	lookup := func(n int64) ask {
		return ask{sql: addLookupsSQL, args: []any{int64(700), n, []string{"a", "b"}, []string{"x", "y"}}}
	}
	revise := func(n int64) ask { return row(reviseSQL, n, 10) }
	touch := func(n, at int64) ask { return ask{sql: touchSQL, args: []any{int64(700), n, at}} }
	join := func(group, pos int64, members ...int64) ask {
		return ask{sql: addMembersSQL, args: []any{int64(700), group, pos, members}}
	}
	other := ask{sql: "DELETE FROM resource WHERE tenant = $1", args: []any{int64(700)}}
	var many []ask
	for n := range int64(21) {
		many = append(many, resource(n), lookup(n), log(n))
	}
	type line struct {
		SQL  string
		Rows []int64 // the numbers among the parameters of each
	}
	for name, tc := range map[string]struct {
		list []ask
		want []line
	}{
		"nothing": {nil, nil},
		"one create": {[]ask{resource(1), lookup(1), log(1)}, []line{
			{insertSQL, []int64{1}}, {addLookupsSQL, []int64{1}}, {insertLogSQL, []int64{1}},
		}},
		"a change between": {[]ask{resource(1), log(1), other, resource(2), log(2)}, []line{
			{insertSQL, []int64{1}}, {other.sql, nil}, {insertSQL, []int64{2}}, {logRows.texts[2], []int64{1, 2}},
		}},
		"a savepoint": {[]ask{resource(1), {sql: savepointSQL}, resource(2)}, []line{
			{insertSQL, []int64{1}}, {savepointSQL, nil}, {insertSQL, []int64{2}},
		}},
		"users changed": {[]ask{revise(1), log(1), revise(2), revise(3)}, []line{
			{reviseRows.texts[2], []int64{1, 2}}, {reviseSQL, []int64{3}}, {insertLogSQL, []int64{1}},
		}},
		"one changed twice": {[]ask{revise(1), revise(2), revise(1)}, []line{{reviseRows.texts[2], []int64{1, 2}}, {reviseSQL, []int64{1}}}},
		"changed, then touched": {[]ask{resource(1), revise(1), touch(1, 9)}, []line{
			{insertSQL, []int64{1}}, {reviseSQL, []int64{1}}, {touchSQL, []int64{1, 9}},
		}},
		"touched, then changed": {[]ask{touch(1, 9), revise(1)}, []line{{touchSQL, []int64{1, 9}}, {reviseSQL, []int64{1}}}},
		"touched often": {[]ask{touch(1, 7), touch(2, 7), touch(1, 8), touch(1, 9)}, []line{
			{touchOftenSQL, []int64{1, 9, 3}}, {touchSQL, []int64{2, 7}},
		}},
		"members": {[]ask{join(1, 0, 5), touch(1, 7), join(1, 1, 6, 7), touch(1, 8), join(2, 3, 5), join(1, 3, 8), join(1, 9, 9)}, []line{
			{touchOftenSQL, []int64{1, 8, 2}}, {addMembersSQL, []int64{1, 0, 5, 6, 7}}, {addMembersSQL, []int64{2, 3, 5}},
			{addMembersSQL, []int64{1, 3, 8}}, {addMembersSQL, []int64{1, 9, 9}},
		}},
		"members, one away between": {[]ask{join(1, 0, 5), other, join(1, 1, 6)}, []line{
			{addMembersSQL, []int64{1, 0, 5}}, {other.sql, nil}, {addMembersSQL, []int64{1, 1, 6}},
		}},
		"many": {many, []line{
			{insertRows.texts[16], []int64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}}, {insertRows.texts[4], []int64{16, 17, 18, 19}},
			{insertSQL, []int64{20}}, {addManyLookupsSQL, nil},
			{logRows.texts[16], []int64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}}, {logRows.texts[4], []int64{16, 17, 18, 19}},
			{insertLogSQL, []int64{20}},
		}},
	} {
		var got []line
		for _, a := range together(tc.list) {
			l := line{SQL: a.sql}
			for i := 1; i < len(a.args); i++ {
				if n, ok := a.args[i].(int64); ok && n != 700 {
					l.Rows = append(l.Rows, n)
				}
				if list, ok := a.args[i].([]int64); ok && a.sql == addMembersSQL {
					l.Rows = append(l.Rows, list...)
				}
			}
			if a.sql == addManyLookupsSQL {
				l.Rows = nil
				if n := len(a.args[3].([]int64)); n != 42 || len(a.args[1].([]string)) != n {
					t.Errorf("%s: %d lookups, want 42", name, n)
				}
			}
			got = append(got, l)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	const want = "INSERT INTO log (tenant, sequence, at, subject, usr, entry) VALUES ($1, $2, $3, $4, $5, $6), ($7, $8, $9, $10, $11, $12)"
	if got := logRows.texts[2]; got != want {
		t.Errorf("two rows: %s", got)
	}
	if got := reviseRows.texts[4]; !strings.Contains(got, "$40::text)\n") || !strings.HasSuffix(got, "r.seq = k.seq") {
		t.Errorf("four rows: %s", got)
	}
}

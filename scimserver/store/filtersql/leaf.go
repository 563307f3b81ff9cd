package filtersql

import (
	"time"

	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
)

// The SQL functions that the dialect SQLite uses, which package sqlite defines.
//
//	scim_fold(x)     filter.Fold of a text, NULL for anything else
//	scim_text(x)     a text as it is, NULL for anything else
//	scim_ends(x, y)  whether the text x ends with y
//	scim_time(x)     a dateTime as TimeKey has it, NULL for anything else
//	scim_number(x)   the number that a JSON literal is, NULL for any other literal
//	scim_id(x)       the column id as text

// value is a single value in SQL: text as the ->> operator of SQLite gives it, literal as -> does.
// Both are NULL where there is none.
type value struct {
	text    Fragment
	literal Fragment
	folded  string // column with the text folded, empty: there is none
}

// textValue is a value that is a string or not there.
func textValue(pieces ...any) value { return value{text: build(pieces...)} }

var operators = [...]string{
	filter.Eq: " = ", filter.Ne: " <> ", filter.Gt: " > ", filter.Ge: " >= ", filter.Lt: " < ", filter.Le: " <= ",
}

// compareValue translates a comparison with one value (compareOne in package filter). Where there is
// none, it is true for ne, and else NULL.
func (t *translator) compareValue(c *filter.Compare, v value) Fragment {
	switch {
	case c.Value.Kind == filter.LitBool:
		return compareBool(c, v)
	case c.Value.Kind == filter.LitNumber:
		return compareNumber(c, v)
	case c.Path.Leaf().Type == schema.DateTime:
		return compareTime(c, v)
	}
	return t.compareText(c.Op, t.folded(c.Path.Leaf(), v), c.Value.Folded())
}

func compareBool(c *filter.Compare, v value) Fragment {
	want := "'false'"
	if c.Value.Bool == (c.Op == filter.Eq) {
		want = "'true'"
	}
	if c.Op == filter.Ne {
		return build("coalesce(", v.literal, " = ", want, ", TRUE)")
	}
	return build(v.literal, " = ", want)
}

func compareNumber(c *filter.Compare, v value) Fragment {
	n := c.Value.Number()
	number := arg{n.Float}
	if n.IsInt {
		number = arg{n.Int}
	}
	f := build("scim_number(", v.literal, ")", operators[c.Op], number)
	if c.Op == filter.Ne {
		return build("coalesce(", f, ", ", v.literal, " IS NULL)")
	}
	return f
}

func compareTime(c *filter.Compare, v value) Fragment {
	f := build("scim_time(", v.text, ")", operators[c.Op], arg{TimeKey(c.Value.Time)})
	if c.Op == filter.Ne {
		return build("coalesce(", f, ", typeof(", v.text, ") <> 'text')")
	}
	return f
}

// folded is a text as it is compared.
func (t *translator) folded(a *schema.Attribute, v value) Fragment {
	switch {
	case a.CaseExact:
		return build(t.dialect().text, "(", v.text, ")")
	case v.folded != "":
		return build(v.folded)
	}
	return build(t.dialect().fold, "(", v.text, ")")
}

// presentValue tells whether one value is there and not empty.
func presentValue(a *schema.Attribute, v value) Fragment {
	if a.Type == schema.Complex {
		return build("coalesce(", v.literal, " <> '{}', FALSE)")
	}
	return build("coalesce(", v.text, " <> '', FALSE)")
}

// TimeKey encodes a time so that bytes order as times do, to the nanosecond.
func TimeKey(t time.Time) []byte {
	const sign = 1 << 63 // times before 1970 come first
	s := uint64(t.Unix()) ^ sign
	n := uint32(t.Nanosecond())
	return []byte{
		byte(s >> 56), byte(s >> 48), byte(s >> 40), byte(s >> 32), byte(s >> 24), byte(s >> 16), byte(s >> 8), byte(s),
		byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n),
	}
}

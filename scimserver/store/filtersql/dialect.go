package filtersql

import (
	"unicode/utf8"

	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
)

// Dialect is what differs between the databases.
type Dialect struct {
	index string // function that gives the place of a text in another, 0: nowhere
	ends  func(text Fragment, want string) Fragment
	fold  string // function that folds a text, NULL for anything else
	text  string // function that gives a text as it is, NULL for anything else
	id    string // function that gives an id as a text

	display  string                                  // column with display folded, empty: fold is to be called
	typeName string                                  // expression for the type of the resource x
	direct   string                                  // expression for the type of a group u
	scoped   string                                  // condition that the rows m and r are of one tenant
	own      func(alias string, tenant any) Fragment // condition for the tenant of a row
}

// SQLite has the functions that this package lists, and numbers that tell the resources of all tenants apart.
var SQLite = &Dialect{
	index: "instr", fold: "scim_fold", text: "scim_text", id: "scim_id",
	ends:     func(text Fragment, want string) Fragment { return build("scim_ends(", text, ", ", arg{want}, ")") },
	typeName: "(SELECT name FROM symbol WHERE id = x.type)",
	direct:   "iif(u.direct, 'direct', 'indirect')",
	own:      func(string, any) Fragment { return Fragment{} },
}

// Postgres has no functions of ours: filters on documents are not for it, see Split. What is folded in SQL is ASCII. Every
// table begins with the tenant.
var Postgres = &Dialect{
	index: "strpos", fold: "lower", text: "", id: "",
	ends: func(text Fragment, want string) Fragment {
		return build("right(", text, ", ", arg{int64(utf8.RuneCountInString(want))}, ") = ", arg{want})
	},
	display:  "x.display_key",
	typeName: "coalesce(x.type, CASE x.kind WHEN 1 THEN 'User' ELSE 'Group' END)",
	direct:   "CASE u.direct WHEN 1 THEN 'direct' ELSE 'indirect' END",
	scoped:   "m.tenant = r.tenant AND ",
	own:      func(alias string, tenant any) Fragment { return build(alias+"tenant = ", tenant, " AND ") },
}

// dialect is that of the scope, SQLite if it names none.
func (s *Scope) dialect() *Dialect {
	if s.Dialect == nil {
		return SQLite
	}
	return s.Dialect
}

// tenant is the parameter, or expression, for the tenant.
func (s *Scope) tenant() any {
	if f, ok := s.Tenant.(Fragment); ok {
		return f
	}
	return arg{s.Tenant}
}

// attr is the parameter for an indexed attribute.
func (s *Scope) attr(name string) any {
	if s.Symbol == nil {
		return arg{name}
	}
	return arg{s.Symbol(name)}
}

// after is the least text behind all that begin with a prefix, empty if there is none.
func after(prefix string) string {
	for prefix != "" {
		r, size := utf8.DecodeLastRuneInString(prefix)
		prefix = prefix[:len(prefix)-size]
		switch r {
		case utf8.MaxRune:
			continue
		case 0xD7FF: // surrogates are no text
			return prefix + "\ue000"
		}
		return prefix + string(r+1)
	}
	return ""
}

// begins is the condition that a column begins with a text, which an index answers.
func begins(column, want string) Fragment {
	end := after(want)
	if end == "" {
		return build("(", column, " >= ", arg{want}, ")")
	}
	return build("(", column, " >= ", arg{want}, " AND ", column, " < ", arg{end}, ")")
}

// compareText compares a text, or NULL, with one that is folded alike.
func (t *translator) compareText(op filter.Op, text Fragment, want string) Fragment {
	switch op {
	case filter.Ne:
		return build(text, " IS DISTINCT FROM ", arg{want})
	case filter.Co:
		return build(t.dialect().index, "(", text, ", ", arg{want}, ") > 0")
	case filter.Sw:
		return build(t.dialect().index, "(", text, ", ", arg{want}, ") = 1")
	case filter.Ew:
		return t.dialect().ends(text, want)
	default:
		return build(text, operators[op], arg{want})
	}
}

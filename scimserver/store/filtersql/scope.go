package filtersql

import (
	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// Scope says what a filter is applied to: the rows r of the table resource that have the tenant and
// the type.
type Scope struct {
	Dialect  *Dialect // nil: SQLite
	Tenant   any      // its number, or a Fragment that gives it
	Type     string   // name of the resource type
	BaseURL  string   // of the tenant
	NameAttr string   // the attribute that the column name holds, folded

	// Symbol returns the number of a symbol, 0 if there is none; nil: rows have the names.
	Symbol func(name string) int64
}

// ID is an argument that is the id of a resource, as the column id keeps it.
type ID string

// Where translates a filter to a condition. It may be NULL where it is not met.
func Where(e filter.Expr, s Scope) Fragment {
	t := &translator{Scope: s}
	return t.expr(e)
}

// Key translates a sort attribute to an expression that orders as filter.CompareValues does, and is
// NULL where the resource has no value.
func Key(p schema.Path, s Scope) Fragment {
	t := &translator{Scope: s}
	return t.sortKey(p)
}

// translator makes the aliases of one translation differ.
type translator struct {
	Scope
	aliases int
}

func (t *translator) isUser() bool { return t.Type == store.TypeUser }

func (t *translator) isGroup() bool { return t.Type == store.TypeGroup }

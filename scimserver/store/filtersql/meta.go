package filtersql

import (
	"time"

	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
)

// metaElement is the value of meta, which is made of columns.
type metaElement struct{}

func (metaElement) compare(t *translator, c *filter.Compare) Fragment {
	if c.Value.Kind == filter.LitNull {
		return t.null(c, always)
	}
	return t.compareMeta(c)
}

func (metaElement) present(*translator, filter.Present) Fragment { return always }

// metaTimes are the columns of the times in meta, in milliseconds.
var metaTimes = map[string]string{"created": "r.created", "lastModified": "r.modified"}

// compareMeta translates a comparison with a sub-attribute of meta.
func (t *translator) compareMeta(c *filter.Compare) Fragment {
	if column, ok := metaTimes[c.Path.Leaf().Name]; ok {
		return compareMillis(c, column)
	}
	return t.compareValue(c, t.metaText(c.Path.Leaf().Name))
}

// metaText is a sub-attribute of meta that is a text.
func (t *translator) metaText(name string) value {
	switch name {
	case "resourceType":
		return textValue(arg{t.Type})
	case "location":
		return t.location(arg{t.Type}, "r")
	default:
		return textValue(`'W/"' || r.version || '"'`)
	}
}

// location is the URL of the resource in the row of an alias; typ gives its type.
func (t *translator) location(typ any, alias string) value {
	return textValue("(", arg{t.BaseURL + "/"}, " || ", typ, " || 's/' || ", t.dialect().id, "(", alias, ".id))")
}

// compareMillis compares a column of whole milliseconds with a time that may be between two.
func compareMillis(c *filter.Compare, column string) Fragment {
	floor := c.Value.Time.UnixMilli()
	between := !time.UnixMilli(floor).Equal(c.Value.Time)
	op := c.Op
	if between {
		switch op {
		case filter.Eq:
			return never
		case filter.Ne:
			return always
		case filter.Ge:
			op = filter.Gt
		case filter.Lt:
			op = filter.Le
		}
	}
	return build(column, operators[op], arg{floor})
}

// ByTime tells whether a filter selects by the time of creation or modification, of which there are
// indexes that an order by other columns keeps the query planner from.
func ByTime(e filter.Expr) bool {
	for _, e := range conjuncts(e) {
		if c, ok := e.(filter.Compare); ok && isTime(&c) {
			return true
		}
	}
	return false
}

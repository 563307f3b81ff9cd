package sqlite

import (
	"unsafe"

	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/store/filtersql"
	"github.com/scim-operator/scim-operator/scimserver/store/sqlite/conn"
)

// functions are what package filtersql needs; see there.
var functions = []*conn.Function{
	{Name: "scim_fold", Args: 1, Call: foldCall},
	{Name: "scim_text", Args: 1, Call: textCall},
	{Name: "scim_ends", Args: 2, Call: endsCall},
	{Name: "scim_time", Args: 1, Call: timeCall},
	{Name: "scim_number", Args: 1, Call: numberCall},
	{Name: "scim_id", Args: 1, Call: idCall},
}

// peek is an argument as a string that is valid during the call.
func peek(c *conn.Call, i int) string {
	b := c.Bytes(i)
	return unsafe.String(unsafe.SliceData(b), len(b))
}

func foldCall(c *conn.Call) {
	if !c.IsText(0) {
		return
	}
	s := peek(c, 0)
	if folded := filter.Fold(s); folded != s {
		c.Text(folded)
		return
	}
	c.Same(0)
}

func textCall(c *conn.Call) {
	if c.IsText(0) {
		c.Same(0)
	}
}

func endsCall(c *conn.Call) {
	if c.IsText(0) {
		s, end := peek(c, 0), peek(c, 1)
		c.Bool(len(s) >= len(end) && s[len(s)-len(end):] == end)
	}
}

func timeCall(c *conn.Call) {
	if !c.IsText(0) {
		return
	}
	if t, ok := resource.ParseTime(peek(c, 0)); ok {
		c.Blob(filtersql.TimeKey(t))
	}
}

func numberCall(c *conn.Call) {
	if !c.IsText(0) {
		return
	}
	switch n, ok := filter.ParseNumber(peek(c, 0)); {
	case !ok:
	case n.IsInt:
		c.Int64(n.Int)
	default:
		c.Float64(n.Float)
	}
}

func idCall(c *conn.Call) {
	if c.IsText(0) {
		c.Same(0)
		return
	}
	if b := c.Bytes(0); len(b) == uuidSize {
		c.Text(unpackUUID(b))
	}
}

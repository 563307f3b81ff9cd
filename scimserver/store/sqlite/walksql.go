package sqlite

import (
	"slices"

	"github.com/scim-operator/scim-operator/scimserver/store/filtersql"
	"github.com/scim-operator/scim-operator/scimserver/store/place"
)

// seqOrder is the direction of the order of creation, and how seq compares to that of a position before it.
func (w *walker) seqOrder() (order, operator string) {
	if w.q.Walk.Backward {
		return "DESC", "<"
	}
	return "ASC", ">"
}

// behind is the condition that a resource lies behind a position in the order of creation; column is r.seq, or +r.seq
// where the planner is to take another index.
func (w *walker) behind(column string, from *place.Place) (conditions []filtersql.Fragment) {
	if from == nil {
		return nil
	}
	_, operator := w.seqOrder()
	return []filtersql.Fragment{{SQL: column + " " + operator + " ?", Args: []any{from.Seq}}}
}

// inOrder is the statement for a page in the order of creation.
func (w *walker) inOrder() filtersql.Fragment {
	if w.byFilter() {
		return w.picked(w.selection(w.q, w.typ, "", w.behind("+r.seq", w.from)...), noKey, "+k")
	}
	return w.passed(orderIndex, w.behind("r.seq", w.from))
}

// stretches are the statements for a page in another order: of the resources with a sort key, and of those without, which
// are the last in ascending order.
func (w *walker) stretches() (list []filtersql.Fragment) {
	key := w.key()
	keyed, blank := filtersql.SortIndexes(key)
	from := w.from
	descending := w.q.Sort.Descending != w.q.Walk.Backward
	for _, isBlank := range []bool{descending, !descending} {
		switch {
		case isBlank && blank == "": // there are none
		case from != nil && isBlank != (from.Key == nil): // the position is behind this stretch
		case isBlank:
			list = append(list, w.blanks(key, blank, from))
			from = nil
		default:
			list = append(list, w.keyed(key, keyed, descending, from))
			from = nil
		}
	}
	return list
}

// blanks is the statement for resources without a key.
func (w *walker) blanks(key filtersql.Fragment, index string, from *place.Place) filtersql.Fragment {
	isBlank := filtersql.Fragment{SQL: "(" + key.SQL + ") IS NULL", Args: key.Args}
	if w.byFilter() {
		isBlank.SQL = "+" + isBlank.SQL
		return w.picked(w.selection(w.q, w.typ, "", append(w.behind("+r.seq", from), isBlank)...), noKey, "+k")
	}
	return w.passed(index, append(w.behind("r.seq", from), isBlank))
}

// keyed is the statement for resources with a key.
func (w *walker) keyed(key filtersql.Fragment, index string, descending bool, from *place.Place) filtersql.Fragment {
	if w.byFilter() {
		key.SQL, index = "+"+key.SQL, "" // for the planner would rather read everything in this order to spare the sorting
	}
	order := "k"
	if descending {
		order = "k DESC"
	}
	return w.picked(w.selection(w.q, w.typ, index, w.beyond(key, descending, from)), key, order)
}

// beyond is the condition that a resource has a key that comes behind the position.
func (w *walker) beyond(key filtersql.Fragment, descending bool, from *place.Place) filtersql.Fragment {
	if from == nil {
		return filtersql.Fragment{SQL: "(" + key.SQL + ") IS NOT NULL", Args: key.Args}
	}
	further := ">"
	if descending {
		further = "<"
	}
	_, operator := w.seqOrder()
	return filtersql.Fragment{
		SQL:  "(" + key.SQL + ") " + further + "= ? AND ((" + key.SQL + ") " + further + " ? OR +r.seq " + operator + " ?)",
		Args: slices.Concat(key.Args, []any{from.Key}, key.Args, []any{from.Key, from.Seq}),
	}
}

// noKey stands for the key in the order of creation.
var noKey = filtersql.Fragment{SQL: "NULL"}

// passed is the statement for a page in the order of creation, which the index has.
func (w *walker) passed(index string, conditions []filtersql.Fragment) filtersql.Fragment {
	order, _ := w.seqOrder()
	sel := w.selection(w.q, w.typ, index, conditions...)
	return filtersql.Fragment{SQL: "SELECT " + recordColumns + ", NULL" + sel.SQL + " ORDER BY r.seq " + order + " LIMIT ?", Args: sel.Args}
}

// picked is the statement for a page in the order of keys. It picks the page by numbers and keys alone, so that no documents
// are sorted, and then reads it, with the keys.
func (w *walker) picked(sel, key filtersql.Fragment, keyOrder string) filtersql.Fragment {
	order, _ := w.seqOrder()
	return filtersql.Fragment{
		SQL: "SELECT " + recordColumns + ", o.k FROM (SELECT r.seq AS seq, " + key.SQL + " AS k" + sel.SQL +
			" ORDER BY " + keyOrder + ", +r.seq " + order + " LIMIT ?) o CROSS JOIN resource r ON r.seq = o.seq" +
			" ORDER BY " + keyOrder + ", o.seq " + order,
		Args: slices.Concat(key.Args, sel.Args),
	}
}

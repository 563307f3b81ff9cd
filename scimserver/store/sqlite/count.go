package sqlite

import (
	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/filtersql"
)

// count returns how many resources a query selects. It reads a sum if there is one, else it counts: by an index what that
// finds, or what it leaves if that is less, so never most of a tenant; else it reads every resource.
func (v *snapshot) count(q store.Query, typ int64) (int64, error) {
	if s := v.summed(q.Filter); s != nil {
		return v.total(typ, s)
	}
	if v.ledger == nil && filtersql.Active(q.Filter, false) {
		return v.total(typ, ofInactive)
	}
	sel := v.selection(q, typ, "")
	if rest, ok := filtersql.Rest(q.Filter, v.scope(q)); ok {
		left := q
		left.Filter = rest
		return v.countLess(typ, sel, v.selection(left, typ, ""))
	}
	return v.countAll(sel)
}

func (v *snapshot) countAll(sel filtersql.Fragment) (int64, error) {
	return v.countBy(filtersql.Fragment{SQL: "SELECT count(*)" + sel.SQL, Args: sel.Args})
}

func (v *snapshot) countBy(f filtersql.Fragment, more ...int64) (int64, error) {
	st, err := v.query(f, more...)
	if err != nil {
		return 0, err
	}
	n, err := st.Int()
	return n, v.failed(err)
}

// countLess counts a selection, or its rest if that is less.
func (v *snapshot) countLess(typ int64, sel, rest filtersql.Fragment) (int64, error) {
	all, err := v.total(typ, ofAll)
	if err != nil {
		return 0, err
	}
	const few, growth = 8 << 10, 8
	for limit := int64(few); limit < all; limit *= growth {
		if n, err := v.countUpTo(sel, limit); err != nil || n < limit {
			return n, err
		}
		if n, err := v.countUpTo(rest, limit); err != nil || n < limit {
			return all - n, err
		}
	}
	return v.countAll(sel)
}

func (v *snapshot) countUpTo(sel filtersql.Fragment, limit int64) (int64, error) {
	return v.countBy(filtersql.Fragment{SQL: "SELECT count(*) FROM (SELECT 1" + sel.SQL + " LIMIT ?)", Args: sel.Args}, limit)
}

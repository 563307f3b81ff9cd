package sqlite

import (
	"context"
	"fmt"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/sqlite/conn"
	"github.com/scim-operator/scim-operator/scimserver/store/sqlite/filtersql"
)

// search answers a query with a filter or an order of its own.
func (v *snapshot) search(ctx context.Context, q store.Query, typ int64) (page store.Page, err error) {
	sel := v.selection(q, typ)
	if q.Limit > 0 {
		if page.Records, err = v.page(ctx, q, sel); err != nil {
			return store.Page{}, err
		}
	}
	page.Total, err = v.total(q, typ, sel, int64(len(page.Records)))
	return page, err
}

// selection is the part of the statement that says which resources r are meant.
func (v *snapshot) selection(q store.Query, typ int64) filtersql.Fragment {
	sel := filtersql.Fragment{SQL: " FROM resource r WHERE r.tenant = ? AND r.type = ?", Args: []any{v.tenant, typ}}
	if q.Filter != nil {
		where := filtersql.Where(q.Filter, v.scope(q))
		sel.SQL += " AND " + where.SQL
		sel.Args = append(sel.Args, where.Args...)
	}
	return sel
}

func (v *snapshot) scope(q store.Query) filtersql.Scope {
	return filtersql.Scope{
		Tenant: v.tenant, Type: q.Type, BaseURL: q.BaseURL,
		NameAttr: store.NameAttribute(q.Type), Symbol: v.findSymbol,
	}
}

// page reads the records.
func (v *snapshot) page(ctx context.Context, q store.Query, sel filtersql.Fragment) ([]store.Record, error) {
	st, err := v.query(v.pageQuery(q, sel), int64(q.Limit), q.Offset)
	if err != nil {
		return nil, err
	}
	defer st.Reset()
	return v.records(ctx, st, q)
}

// pageQuery is the statement for a page. Its last two parameters are limit and offset.
func (v *snapshot) pageQuery(q store.Query, sel filtersql.Fragment) filtersql.Fragment {
	byTime := filtersql.ByTime(q.Filter)
	if q.Sort == nil && !byTime {
		return filtersql.Fragment{
			SQL:  "SELECT " + recordColumns + sel.SQL + " ORDER BY r.seq LIMIT ? OFFSET ?",
			Args: sel.Args,
		}
	}
	key, order := filtersql.Fragment{SQL: "NULL"}, "k ASC NULLS LAST"
	if q.Sort != nil {
		key = filtersql.Key(q.Sort.Path, v.scope(q))
		if q.Sort.Descending {
			order = "k DESC NULLS FIRST"
		}
	}
	if byTime {
		order = "+" + order // else the planner reads everything in this order to spare the sorting
	}
	return sorted(sel, key, order)
}

// sorted picks the page by numbers and keys alone, so that no documents are sorted, and then reads it.
func sorted(sel, key filtersql.Fragment, order string) filtersql.Fragment {
	return filtersql.Fragment{
		SQL: "SELECT " + recordColumns + " FROM (SELECT r.seq AS seq, " + key.SQL + " AS k" + sel.SQL +
			" ORDER BY " + order + ", +r.seq LIMIT ? OFFSET ?) o CROSS JOIN resource r ON r.seq = o.seq" +
			" ORDER BY " + order + ", o.seq",
		Args: append(append([]any(nil), key.Args...), sel.Args...),
	}
}

// total counts the selection, if the page does not tell.
func (v *snapshot) total(q store.Query, typ int64, sel filtersql.Fragment, found int64) (int64, error) {
	if q.Filter == nil {
		t, err := v.tally(typ)
		return t.total, err
	}
	if found < int64(q.Limit) && (found > 0 || q.Offset == 0) {
		return q.Offset + found, nil
	}
	st, err := v.query(filtersql.Fragment{SQL: "SELECT count(*)" + sel.SQL, Args: sel.Args})
	if err != nil {
		return 0, err
	}
	n, err := st.Int()
	return n, v.failed(err)
}

// query prepares a statement made for a filter and binds its arguments, and then integers.
func (v *snapshot) query(f filtersql.Fragment, more ...int64) (*conn.Stmt, error) {
	if v.ended {
		return nil, errUsedLate
	}
	st, err := v.session.prepareQuery(f.SQL)
	if err != nil {
		return nil, v.failed(fmt.Errorf("prepare query of %d parameters: %w", len(f.Args), err))
	}
	for i, a := range f.Args {
		bindArg(st, i+1, a)
	}
	for i, n := range more {
		st.BindInt64(len(f.Args)+i+1, n)
	}
	return st, nil
}

func bindArg(st *conn.Stmt, i int, a any) {
	switch a := a.(type) {
	case int64:
		st.BindInt64(i, a)
	case float64:
		st.BindFloat64(i, a)
	case string:
		st.BindText(i, a)
	case []byte:
		st.BindBlob(i, a)
	case filtersql.ID:
		bindID(st, i, string(a))
	}
}

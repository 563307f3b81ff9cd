package sqlite

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/filtersql"
	"github.com/scim-operator/scim-operator/scimserver/store/sqlite/conn"
)

// interruptibly answers a query by statements that may run long: they end with ctx.
func (v *snapshot) interruptibly(ctx context.Context, find func() (store.Page, error)) (store.Page, error) {
	stop := v.session.watch(v.interruptible(ctx))
	page, err := find()
	stop()
	if ctx.Err() != nil {
		return store.Page{}, ctx.Err()
	}
	return page, err
}

// interruptible is the context that may interrupt statements. In a transaction that writes it is
// none: SQLite would roll back.
func (v *snapshot) interruptible(ctx context.Context) context.Context {
	if v.ledger != nil {
		return context.WithoutCancel(ctx)
	}
	return ctx
}

// search answers a query with a filter or an order of its own.
func (v *snapshot) search(ctx context.Context, q store.Query, typ int64) (page store.Page, err error) {
	if q.Sort == nil && filtersql.Indexed(q.Filter, v.scope(q)) {
		return v.searchIndexed(ctx, q, typ)
	}
	if q.Limit > 0 {
		if page.Records, err = v.searchPage(ctx, q, v.pageQuery(q, v.selection(q, typ, ""))); err != nil {
			return store.Page{}, err
		}
	}
	if found := int64(len(page.Records)); q.Filter != nil && found < int64(q.Limit) && (found > 0 || q.Offset == 0) {
		page.Total = q.Offset + found
		return page, nil
	}
	page.Total, err = v.count(q, typ)
	return page, err
}

// searchIndexed answers a query, in the order of creation, for what an index finds. That may be a few resources, or nearly all.
func (v *snapshot) searchIndexed(ctx context.Context, q store.Query, typ int64) (page store.Page, err error) {
	if page.Total, err = v.count(q, typ); err != nil || q.Limit <= 0 || q.Offset >= page.Total {
		return page, err
	}
	all, err := v.total(typ, ofAll)
	switch {
	case err != nil:
	case page.Total == all && v.ledger == nil:
		q.Filter = nil
		return v.list(ctx, q, typ, ofAll)
	case nearlyAll(page.Total, all):
		page.Records, err = v.searchPage(ctx, q, inOrder(v.selection(q, typ, orderIndex)))
	default:
		page.Records, err = v.searchPage(ctx, q, v.pageQuery(q, v.selection(q, typ, "")))
	}
	return page, err
}

// nearlyAll tells whether so many of all resources are selected that it takes less to pass the others in the order of
// creation than to find these by an index and sort them, wherever the others lie.
func nearlyAll(selected, all int64) bool { return selected >= all-all/8 }

// maxFew is how many resources searchFew reads at most.
const maxFew = 32

// searchFew answers a query for what an index finds. It reads all at once and has no need to count
// or sort in SQL, unless they are many.
func (v *snapshot) searchFew(ctx context.Context, q store.Query, typ int64) (store.Page, error) {
	sel := v.selection(q, typ, "")
	st, err := v.queryFirst(filtersql.Fragment{SQL: "SELECT " + recordColumns + aloneColumn + sel.SQL + noMore + " LIMIT ?", Args: sel.Args}, maxFew+1)
	if err != nil {
		return store.Page{}, err
	}
	all, err := v.records(ctx, st, q, 1)
	v.reset(st)
	switch {
	case err != nil:
		return store.Page{}, err
	case len(all) > maxFew && q.Walk != nil:
		return v.interruptibly(ctx, func() (store.Page, error) { return v.walk(ctx, q, typ) })
	case len(all) > maxFew:
		return v.interruptibly(ctx, func() (store.Page, error) { return v.search(ctx, q, typ) })
	}
	return v.cut(q, v.sortFew(all))
}

// cut takes the page out of all that is selected.
func (v *snapshot) cut(q store.Query, all []store.Record) (store.Page, error) {
	if q.Walk != nil {
		return v.cutWalk(q, all)
	}
	page := store.Page{Total: int64(len(all))}
	if q.Offset < page.Total && q.Limit > 0 {
		last := min(q.Offset+int64(q.Limit), page.Total)
		page.Records, v.found = all[q.Offset:last], v.found[q.Offset:last]
	}
	return page, nil
}

// sortFew brings the records and what is known of them into the order of creation.
func (v *snapshot) sortFew(records []store.Record) []store.Record {
	if len(records) < 2 {
		return records
	}
	order := make([]int, len(records))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return cmp.Compare(v.found[i].seq, v.found[j].seq) })
	sorted, known := make([]store.Record, len(order)), make([]found, len(order))
	for to, from := range order {
		sorted[to], known[to] = records[from], v.found[from]
	}
	v.found = known
	return sorted
}

// orderIndex has the resources in the order of creation.
const orderIndex = "resource_order"

// selection is the part of the statement that says which resources r are meant. An index may be named; else the planner
// takes one. Conditions come before the filter, as of two bounds of an index the first one counts.
func (v *snapshot) selection(q store.Query, typ int64, index string, conditions ...filtersql.Fragment) filtersql.Fragment {
	sel := filtersql.Fragment{SQL: " FROM resource r WHERE r.tenant = ? AND r.type = ?", Args: []any{v.tenant, typ}}
	if index != "" {
		sel.SQL = " FROM resource r INDEXED BY " + index + " WHERE r.tenant = ? AND r.type = ?"
	}
	if q.Filter != nil {
		conditions = append(conditions, filtersql.Where(q.Filter, v.scope(q)))
	}
	for _, c := range conditions {
		sel.SQL += " AND " + c.SQL
		sel.Args = append(sel.Args, c.Args...)
	}
	return sel
}

func (v *snapshot) scope(q store.Query) filtersql.Scope {
	return filtersql.Scope{
		Tenant: v.tenant, Type: q.Type, BaseURL: q.BaseURL,
		NameAttr: store.NameAttribute(q.Type), Symbol: v.findSymbol,
	}
}

// searchPage reads the records.
func (v *snapshot) searchPage(ctx context.Context, q store.Query, page filtersql.Fragment) ([]store.Record, error) {
	st, err := v.query(page, int64(q.Limit), q.Offset)
	if err != nil {
		return nil, err
	}
	defer st.Reset()
	return v.records(ctx, st, q, min(q.Limit, maxRoom))
}

// pageQuery is the statement for a page. Its last two parameters are limit and offset.
func (v *snapshot) pageQuery(q store.Query, sel filtersql.Fragment) filtersql.Fragment {
	if q.Sort == nil && !filtersql.Indexed(q.Filter, v.scope(q)) {
		return inOrder(sel)
	}
	key, order := filtersql.Fragment{SQL: "NULL"}, "k ASC NULLS LAST"
	if q.Sort != nil {
		key = filtersql.Key(q.Sort.Path, v.scope(q))
		if q.Sort.Descending {
			order = "k DESC NULLS FIRST"
		}
	}
	if q.Sort == nil || filtersql.ByTime(q.Filter) {
		order = "+" + order // else the planner reads everything in this order to spare the sorting
	}
	return sorted(sel, key, order)
}

// inOrder is the statement for a page in the order of creation.
func inOrder(sel filtersql.Fragment) filtersql.Fragment {
	return filtersql.Fragment{SQL: "SELECT " + recordColumns + sel.SQL + " ORDER BY r.seq LIMIT ? OFFSET ?", Args: sel.Args}
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

// query prepares a statement made for a filter and binds its arguments, and then integers.
func (v *snapshot) query(f filtersql.Fragment, more ...int64) (*conn.Stmt, error) {
	if v.ended {
		return nil, errUsedLate
	}
	if err := v.begin(); err != nil {
		return nil, err
	}
	return v.bound(f, more)
}

// queryFirst is query for a statement that may be held, see prepareFirst.
func (v *snapshot) queryFirst(f filtersql.Fragment, more ...int64) (st *conn.Stmt, err error) {
	if !v.mayHold() {
		return v.query(f, more...)
	}
	v.held, err = v.bound(f, more)
	return v.held, err
}

func (v *snapshot) bound(f filtersql.Fragment, more []int64) (*conn.Stmt, error) {
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

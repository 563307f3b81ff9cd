package postgres

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/filtersql"
)

// finder answers one Query. SQL finds and orders what has columns and rows of its own; filters on other parts of the
// documents, and orders by them, are looked at here, for what the rest of the filter leaves.
type finder struct {
	*reader
	q       store.Query
	kind    int16
	scope   filtersql.Scope
	parts   filtersql.Parts
	byDoc   bool // the order is one of the documents
	records []store.Record
	known   []found
}

// Find implements store.Reader.
func (v *reader) Find(ctx context.Context, q store.Query) (store.Page, error) {
	f := v.finder(q)
	if err := ctx.Err(); err != nil {
		return store.Page{}, err
	}
	page, err := f.find(ctx)
	if err != nil {
		return store.Page{}, err
	}
	v.found = f.known
	return page, nil
}

func (v *reader) finder(q store.Query) *finder {
	f := &finder{
		reader: v, q: q, kind: kindOf(q.Type), parts: filtersql.Parts{Exact: true},
		scope: filtersql.Scope{
			Dialect: filtersql.Postgres, Tenant: filtersql.Fragment{SQL: own}, Type: q.Type, BaseURL: q.BaseURL,
			NameAttr: store.NameAttribute(q.Type),
		},
	}
	if q.Filter != nil {
		f.parts = filtersql.Split(q.Filter, f.scope)
	}
	f.byDoc = q.Sort != nil && !filtersql.SortInSQL(q.Sort.Path, f.scope)
	return f
}

func (f *finder) find(ctx context.Context) (store.Page, error) {
	if f.q.Filter != nil && f.q.Sort == nil && filtersql.Few(f.q.Filter, f.scope) {
		if page, done, err := f.few(ctx); err != nil || done {
			return page, err
		}
	}
	switch {
	case f.byDoc:
		return f.sortDocs(ctx)
	case f.q.Walk != nil:
		return f.walk(ctx)
	case f.parts.Exact:
		return f.search(ctx)
	}
	return f.sift(ctx)
}

// statement is the SQL of a Fragment, whose parameters follow that of the tenant's key.
func statement(f filtersql.Fragment) (sql string, args []any) {
	var b strings.Builder
	rest := f.SQL
	for i, a := range f.Args {
		before, after, _ := strings.Cut(rest, "?")
		rest = after
		b.WriteString(before)
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(i + 2))
		switch a := a.(type) {
		case string:
			b.WriteString("::text")
			args = append(args, text(a))
		case filtersql.ID:
			args = append(args, text(string(a)))
		default:
			args = append(args, a)
		}
	}
	b.WriteString(rest)
	return b.String(), args
}

// where is the condition of the resources r that SQL can tell.
func (f *finder) where(more ...filtersql.Fragment) filtersql.Fragment {
	sel := filtersql.Fragment{SQL: " FROM resource r WHERE r.tenant = " + own + " AND r.kind = " + strconv.Itoa(int(f.kind))}
	if f.kind > kindGroup {
		more = append(more, filtersql.Fragment{SQL: "r.type = ?", Args: []any{f.q.Type}})
	}
	if f.q.Filter != nil {
		more = append(more, f.parts.Where)
	}
	for _, c := range more {
		sel.SQL += " AND " + c.SQL
		sel.Args = append(sel.Args, c.Args...)
	}
	return sel
}

// hit is a row that a filter is still to be tried on.
type hit struct {
	recordRow
	alone bool
	key   any // of the order, in SQL
	flags []bool
}

// hits runs a statement whose rows are hits.
func (f *finder) hits(ctx context.Context, sel filtersql.Fragment, each func(h *hit) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return f.db.run(ctx, f.hitsAsk(sel, each))
}

func (f *finder) hitsAsk(sel filtersql.Fragment, each func(h *hit) error) ask {
	sql, args := statement(sel)
	return f.ask(sql, func(rows pgx.Rows) error {
		h := hit{flags: make([]bool, len(f.parts.Flags))}
		into := h.into(&h.alone, &h.key)
		for i := range h.flags {
			into = append(into, &h.flags[i])
		}
		if err := rows.Scan(into...); err != nil {
			return err
		}
		return each(&h)
	}, args...)
}

// columns are those of a hit, with a sort key. Its arguments come before all others.
func (f *finder) columns(key filtersql.Fragment) filtersql.Fragment {
	c := filtersql.Fragment{SQL: "SELECT " + recordColumns + aloneColumn + ", " + key.SQL, Args: slices.Clone(key.Args)}
	for _, flag := range f.parts.Flags {
		c.SQL += ", " + flag.SQL
		c.Args = append(c.Args, flag.Args...)
	}
	return c
}

// noKey stands for the key in the order of creation.
var noKey = filtersql.Fragment{SQL: "NULL::bigint"}

func join(parts ...filtersql.Fragment) (all filtersql.Fragment) {
	for _, p := range parts {
		all.SQL += p.SQL
		all.Args = append(all.Args, p.Args...)
	}
	return all
}

// matches tells whether the filter selects a hit.
func (f *finder) matches(h *hit) (bool, error) {
	if f.parts.Exact {
		return true, nil
	}
	doc, err := resource.Parse(h.record.Doc)
	if err != nil {
		return false, err
	}
	return f.parts.Match(doc, h.flags), nil
}

// take appends a hit to the page.
func (f *finder) take(h *hit) {
	f.records = append(f.records, h.of(f.q.Type))
	f.known = append(f.known, found{id: h.record.ID, seq: h.seq, alone: h.alone})
}

// maxFew is how many resources few reads at most.
const maxFew = 32

// few answers a query for what an index finds: it reads all at once, so that nothing need be counted or sorted in SQL, unless they are many.
func (f *finder) few(ctx context.Context) (page store.Page, done bool, err error) {
	n := 0
	limit := filtersql.Fragment{SQL: " LIMIT " + strconv.Itoa(maxFew+1)}
	a := f.hitsAsk(join(f.columns(noKey), f.where(), limit), func(h *hit) error {
		n++
		is, err := f.matches(h)
		if is {
			f.take(h)
		}
		if err != nil {
			return callerError{err}
		}
		return nil
	})
	a.begin = func() { n, f.records, f.known = 0, nil, nil }
	_, a.light = f.q.Filter.(filter.Compare) // further conditions may have many resources looked at
	err = f.db.run(ctx, a)
	if err != nil || n > maxFew {
		f.records, f.known = nil, nil
		return page, false, err
	}
	f.sortFew()
	if f.q.Walk != nil {
		page, err = f.cutWalk()
		return page, true, err
	}
	page.Total = int64(len(f.records))
	first := min(f.q.Offset, page.Total)
	last := min(first+int64(max(f.q.Limit, 0)), page.Total)
	f.records, f.known = f.records[first:last], f.known[first:last]
	page.Records = f.records
	return page, true, nil
}

// sortFew brings what was found into the order of creation.
func (f *finder) sortFew() {
	order := make([]int, len(f.records))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return cmp.Compare(f.known[i].seq, f.known[j].seq) })
	records, known := make([]store.Record, len(order)), make([]found, len(order))
	for to, from := range order {
		records[to], known[to] = f.records[from], f.known[from]
	}
	f.records, f.known = records, known
}

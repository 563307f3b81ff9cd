package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/filtersql"
)

// totals is how many resources of a type there are.
type totals struct {
	all, active int64
	stated      int64 // of the active ones those whose document says so
}

const totalsSQL = `SELECT CASE $2::bigint WHEN 1 THEN users ELSE groups END, active_users, stated_users FROM tenant WHERE key = $1`

// summed tells whether the tenant's row has the number of what the filter selects, and which it is.
func (f *finder) summed() (of func(t totals) int64, ok bool) {
	switch {
	case f.kind > kindGroup:
		return nil, false
	case f.q.Filter == nil:
		return func(t totals) int64 { return t.all }, true
	case f.kind != kindUser:
		return nil, false
	case filtersql.Active(f.q.Filter, true):
		return func(t totals) int64 { return t.stated }, true
	case filtersql.Active(f.q.Filter, false):
		return func(t totals) int64 { return t.all - t.active }, true
	}
	return nil, false
}

// count is what finds out how many resources SQL selects, with as few statements before the page's as can be.
func (f *finder) count(ctx context.Context, total *int64) ([]ask, error) {
	if of, ok := f.summed(); ok {
		if f.writing {
			t, err := f.db.(*tx).totals(ctx, f.kind)
			*total = of(t)
			return nil, err
		}
		return []ask{f.ask(totalsSQL, func(rows pgx.Rows) error {
			var t totals
			err := rows.Scan(&t.all, &t.active, &t.stated)
			*total = of(t)
			return err
		}, int64(f.kind))}, nil
	}
	sql, args := statement(join(filtersql.Fragment{SQL: "SELECT count(*)"}, f.where()))
	return []ask{f.ask(sql, func(rows pgx.Rows) error { return rows.Scan(total) }, args...)}, nil
}

// search answers a query whose filter and order SQL knows.
func (f *finder) search(ctx context.Context) (page store.Page, err error) {
	asks, err := f.count(ctx, &page.Total)
	if err != nil {
		return page, err
	}
	if f.q.Limit > 0 {
		sql, args := statement(f.page())
		asks = append(asks, f.ask(sql, func(rows pgx.Rows) error {
			var h hit
			if err := rows.Scan(h.into(&h.alone)...); err != nil {
				return err
			}
			f.take(&h)
			return nil
		}, args...))
	}
	if len(asks) > 0 {
		err = f.db.run(ctx, asks...)
	}
	page.Records = f.records
	return page, err
}

// page is the statement for the page.
func (f *finder) page() filtersql.Fragment {
	switch {
	case f.q.Filter == nil && f.q.Sort == nil && f.q.Offset >= blockSize && !f.writing:
		return f.deepPage()
	case f.q.Sort == nil && !f.picks():
		return join(filtersql.Fragment{SQL: "SELECT " + recordColumns + aloneColumn}, f.where(f.inKind()), f.slice(" ORDER BY r.seq"))
	case f.q.Sort == nil:
		return f.picked(noKey, "k")
	}
	order := "k ASC NULLS LAST"
	if f.q.Sort.Descending {
		order = "k DESC NULLS FIRST"
	}
	return f.picked(filtersql.Key(f.q.Sort.Path, f.scope), order)
}

// picks tells whether an index finds what the filter selects, so that all that is to be read and sorted: the planner might
// rather pass everything in the order of creation, in the hope to meet enough soon.
func (f *finder) picks() bool {
	return f.q.Filter != nil && filtersql.Indexed(f.q.Filter, f.scope) && !filtersql.ByTime(f.q.Filter) && !filtersql.Active(f.q.Filter, false)
}

// inKind bounds seq, by which the primary key has all resources of a kind.
func (f *finder) inKind() filtersql.Fragment {
	from := int64(f.kind) << kindShift
	return filtersql.Fragment{SQL: "r.seq >= ? AND r.seq < ?", Args: []any{from, from + 1<<kindShift}}
}

func (f *finder) slice(order string) filtersql.Fragment {
	return filtersql.Fragment{SQL: order + " LIMIT ? OFFSET ?", Args: []any{int64(f.q.Limit), f.q.Offset}}
}

// picked picks the page by numbers and keys alone, so that no documents are sorted, and then reads it.
func (f *finder) picked(key filtersql.Fragment, order string) filtersql.Fragment {
	return join(
		filtersql.Fragment{SQL: "SELECT " + recordColumns + aloneColumn + " FROM (SELECT r.seq AS seq, "}, key, filtersql.Fragment{SQL: " AS k"},
		f.where(), f.slice(" ORDER BY "+order+", r.seq + 0"),
		filtersql.Fragment{SQL: ") o JOIN resource r ON r.tenant = " + own + " AND r.seq = o.seq ORDER BY " + order + ", o.seq"},
	)
}

const (
	blockShift = 10
	blockSize  = 1 << blockShift
)

// deepPage is the statement for a page of all resources far from the first, which it finds by the sums of blocks.
func (f *finder) deepPage() filtersql.Fragment {
	start := filtersql.Fragment{SQL: `WITH s AS (SELECT number, before FROM (SELECT number, (sum(total) OVER (ORDER BY number) - total)::bigint AS before
		FROM block WHERE tenant = ` + own + ` AND kind = ?) b WHERE before <= ? ORDER BY number DESC LIMIT 1)
		SELECT ` + recordColumns + aloneColumn, Args: []any{f.kind, f.q.Offset}}
	behind := filtersql.Fragment{SQL: "r.seq >= (SELECT number << 10 FROM s)"}
	slice := filtersql.Fragment{SQL: " ORDER BY r.seq LIMIT ? OFFSET ? - (SELECT before FROM s)", Args: []any{int64(f.q.Limit), f.q.Offset}}
	return join(start, f.where(f.inKind(), behind), slice)
}

// sift answers a query with a filter that SQL knows in part. All that SQL selects is looked at, in order.
func (f *finder) sift(ctx context.Context) (page store.Page, err error) {
	key, order := noKey, " ORDER BY r.seq"
	if f.q.Sort != nil {
		key, order = filtersql.Key(f.q.Sort.Path, f.scope), " ORDER BY 9 ASC NULLS LAST, r.seq"
		if f.q.Sort.Descending {
			order = " ORDER BY 9 DESC NULLS FIRST, r.seq"
		}
	}
	err = f.hits(ctx, join(f.columns(key), f.where(), filtersql.Fragment{SQL: order}), func(h *hit) error {
		is, err := f.matches(h)
		if !is || err != nil {
			return err
		}
		if page.Total >= f.q.Offset && len(f.records) < f.q.Limit {
			f.take(h)
		}
		page.Total++
		return ctx.Err()
	})
	page.Records = f.records
	return page, err
}

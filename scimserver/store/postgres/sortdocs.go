package postgres

import (
	"cmp"
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/place"
)

// placed is a resource in an order of the documents.
type placed struct {
	seq int64
	key resource.Value
}

// sortDocs answers a query in an order that only the documents have: it reads all that the filter selects.
func (f *finder) sortDocs(ctx context.Context) (page store.Page, err error) {
	var all []placed
	err = f.hits(ctx, join(f.columns(noKey), f.where()), func(h *hit) error {
		doc, err := resource.Parse(h.record.Doc)
		if err != nil {
			return err
		}
		if f.parts.Exact || f.parts.Match(doc, h.flags) {
			key, err := kept(filter.SortValue(f.q.Sort.Path, doc))
			all = append(all, placed{seq: h.seq, key: key})
			return err
		}
		return ctx.Err()
	})
	if err != nil {
		return page, err
	}
	slices.SortFunc(all, f.compare)
	page.Total = int64(len(all))
	if f.q.Walk != nil {
		if f.q.Walk.Total > 0 {
			page.Total = f.q.Walk.Total
		}
		all, err = f.cutDocs(all, &page)
	} else {
		all = all[min(f.q.Offset, page.Total):]
		all = all[:min(max(f.q.Limit, 0), len(all))]
	}
	if err != nil {
		return page, err
	}
	page.Records, err = f.readAll(ctx, all)
	return page, err
}

// kept is a copy of a value that does not hold on to its document.
func kept(v resource.Value) (resource.Value, error) {
	if v.IsNull() {
		return v, nil
	}
	return parseKey(string(v.AppendJSON(nil)))
}

const keyName = "k"

// parseKey reads a value from its JSON.
func parseKey(text string) (resource.Value, error) {
	o, err := resource.Parse([]byte(`{"` + keyName + `":` + text + `}`))
	if err != nil {
		return resource.Null(), err
	}
	return o.Value(keyName), nil
}

func (f *finder) compare(a, b placed) int {
	order := filter.CompareValues(f.q.Sort.Path.Leaf(), a.key, b.key)
	if f.q.Sort.Descending {
		order = -order
	}
	return cmp.Or(order, cmp.Compare(a.seq, b.seq))
}

// cutDocs takes the page of a Walk out of all that is selected.
func (f *finder) cutDocs(all []placed, page *store.Page) ([]placed, error) {
	if f.q.Walk.From != nil {
		from, err := f.position(all)
		if err != nil {
			return nil, err
		}
		i, present := slices.BinarySearchFunc(all, from, f.compare)
		switch {
		case f.q.Walk.Backward:
			all = all[:i]
		case present:
			all = all[i+1:]
		default:
			all = all[i:]
		}
	}
	n := min(max(f.q.Limit, 0), len(all))
	page.More = n < len(all) && n > 0
	if f.q.Walk.Backward {
		all = all[len(all)-n:]
	} else {
		all = all[:n]
	}
	if n > 0 {
		page.First, page.Last = encodePlaced(all[0]), encodePlaced(all[n-1])
	}
	return all, nil
}

func encodePlaced(p placed) []byte {
	at := place.Place{Seq: p.seq}
	if !p.key.IsNull() {
		at.Key = string(p.key.AppendJSON(nil))
	}
	return at.Encode()
}

// position reads where the walk goes on. A long key is that of the resource, if it still has it.
func (f *finder) position(all []placed) (p placed, err error) {
	at, err := place.Parse(f.q.Walk.From)
	if err != nil {
		return p, err
	}
	p.seq = at.Seq
	switch key := at.Key.(type) {
	case nil:
		return p, nil
	case string:
		if p.key, err = parseKey(key); err != nil {
			return p, store.ErrPosition
		}
		return p, nil
	case place.Digest:
		i := slices.IndexFunc(all, func(o placed) bool { return o.seq == p.seq })
		if i >= 0 && key.Is(string(all[i].key.AppendJSON(nil))) {
			return all[i], nil
		}
	}
	return p, store.ErrPosition
}

const bySeqSQL = "SELECT " + recordColumns + aloneColumn + " FROM resource r WHERE r.tenant = " + own + " AND r.seq = ANY ($2::bigint[])"

// readAll reads the records of a page, in its order.
func (f *finder) readAll(ctx context.Context, list []placed) ([]store.Record, error) {
	if len(list) == 0 {
		return nil, nil
	}
	seqs := make([]int64, len(list))
	at := make(map[int64]int, len(list))
	for i, p := range list {
		seqs[i], at[p.seq] = p.seq, i
	}
	records := make([]store.Record, len(list))
	f.known = make([]found, len(list))
	err := f.query(ctx, bySeqSQL, func(rows pgx.Rows) error {
		var h hit
		if err := rows.Scan(h.into(&h.alone)...); err != nil {
			return err
		}
		i := at[h.seq]
		records[i], f.known[i] = h.of(f.q.Type), found{id: h.record.ID, seq: h.seq, alone: h.alone}
		return nil
	}, seqs)
	return records, err
}

package memory

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// position is a place in an order: the sort value of a resource, and its number.
type position struct {
	seq int64
	key resource.Value
}

const keyName = "k"

func (p position) encode() []byte {
	o := resource.NewObject(1)
	o.Set(keyName, p.key)
	return o.AppendJSON(binary.AppendUvarint(nil, uint64(p.seq)))
}

func parsePosition(b []byte) (p position, err error) {
	seq, n := binary.Uvarint(b)
	if n <= 0 {
		return p, store.ErrPosition
	}
	o, err := resource.Parse(b[n:])
	if err != nil {
		return p, fmt.Errorf("%w: %w", store.ErrPosition, err)
	}
	return position{seq: int64(seq), key: o.Value(keyName)}, nil
}

// of is where a resource lies.
func (f found) of(s *store.Sort) position {
	p := position{seq: f.entry.number}
	if s != nil {
		p.key = filter.SortValue(s.Path, f.full)
	}
	return p
}

func (p position) compare(o position, s *store.Sort) int {
	order := 0
	if s != nil {
		order = filter.CompareValues(s.Path.Leaf(), p.key, o.key)
		if s.Descending {
			order = -order
		}
	}
	return cmp.Or(order, cmp.Compare(p.seq, o.seq))
}

// walk cuts the page out of all that is selected, in order.
func walk(all []found, q store.Query) (page store.Page, err error) {
	page.Total = int64(len(all))
	if q.Walk.Total > 0 {
		page.Total = q.Walk.Total
	}
	if all, err = beyond(all, q); err != nil {
		return page, err
	}
	n := min(max(q.Limit, 0), len(all))
	page.More = n < len(all)
	if q.Walk.Backward {
		all = all[len(all)-n:]
	} else {
		all = all[:n]
	}
	for _, f := range all {
		page.Records = append(page.Records, f.entry.shown())
	}
	if n > 0 {
		page.First, page.Last = all[0].of(q.Sort).encode(), all[n-1].of(q.Sort).encode()
	}
	return page, nil
}

// beyond is what lies on the side of the position that the walk goes to.
func beyond(all []found, q store.Query) ([]found, error) {
	if q.Walk.From == nil {
		return all, nil
	}
	from, err := parsePosition(q.Walk.From)
	if err != nil {
		return nil, err
	}
	i, present := slices.BinarySearchFunc(all, from, func(f found, p position) int { return f.of(q.Sort).compare(p, q.Sort) })
	if q.Walk.Backward {
		return all[:i], nil
	}
	if present {
		i++
	}
	return all[i:], nil
}

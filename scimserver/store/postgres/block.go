package postgres

import "github.com/scim-operator/scim-operator/scimserver/store"

// block is a change of how many resources there are among blockSize consecutive ones.
type block struct {
	kind          int16
	number        int64
	total, stated int64
}

const addBlockSQL = `INSERT INTO block (tenant, kind, number, total, stated) VALUES ($1, $2, $3, $4, $5)
	ON CONFLICT (tenant, kind, number) DO UPDATE SET total = block.total + excluded.total, stated = block.stated + excluded.stated`

func (c block) add(tenant int64) ask {
	return ask{sql: addBlockSQL, args: []any{tenant, c.kind, c.number, c.total, c.stated}}
}

// addBlock books a change.
func (t *tx) addBlock(c block) {
	for i := range t.blocks {
		if o := &t.blocks[i]; o.kind == c.kind && o.number == c.number {
			o.total += c.total
			o.stated += c.stated
			return
		}
	}
	t.blocks = append(t.blocks, c)
}

// units is 1 where a condition holds.
func units(condition bool) int64 {
	if condition {
		return 1
	}
	return 0
}

// count books one resource more (sign 1) or less (sign -1).
func (t *tx) count(seq, sign int64, activity int64) {
	r, kind := &t.b.row, int16(seq>>kindShift)
	stated := sign * units(activity == store.Active)
	switch kind {
	case kindGroup:
		r.groups += sign
	case kindUser:
		r.users += sign
		r.activeUsers += sign * units(activity != store.Inactive)
		r.statedUsers += stated
	}
	t.addBlock(block{kind: kind, number: seq >> blockShift, total: sign, stated: stated})
}

// activity books that a resource has become active or inactive.
func (t *tx) activity(seq int64, before, after int64) {
	kind := int16(seq >> kindShift)
	if before == after || kind != kindUser {
		return
	}
	stated := units(after == store.Active) - units(before == store.Active)
	t.b.row.activeUsers += units(after != store.Inactive) - units(before != store.Inactive)
	t.b.row.statedUsers += stated
	t.addBlock(block{kind: kind, number: seq >> blockShift, stated: stated})
}

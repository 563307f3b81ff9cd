package sqlite

import "github.com/scim-operator/scim-operator/scimserver/store"

// ledger is what a transaction changes beside resources and memberships: the symbols it makes, and
// the sums that are written once for all transactions of a batch. outer is the ledger of the batch
// that the transaction is part of.
type ledger struct {
	outer   *ledger
	symbols map[string]int64
	tenants map[string]int64 // by key; 0: it has lost its key
	owners  map[string]store.Ownership
	tallies []tally
	blocks  []block
	streams []stream
	linked  []linked
}

// tally is a change of how many resources of a type a tenant has.
type tally struct {
	tenant, typ   int64
	total, active int64
	stated        int64 // of the active ones those whose document says so
}

// block is a change of how many resources there are among blockSize consecutive ones.
type block struct {
	tenant, typ, number int64
	total, stated       int64
}

const (
	blockShift = 10
	blockSize  = 1 << blockShift
	spanShift  = 5 // of the number of a block
)

// units is 1 where a condition holds.
func units(condition bool) int64 {
	if condition {
		return 1
	}
	return 0
}

func (l *ledger) symbol(name string) int64 {
	for ; l != nil; l = l.outer {
		if id := l.symbols[name]; id != 0 {
			return id
		}
	}
	return 0
}

// tenant returns the number of a tenant that was made or has lost its key in the transaction.
func (l *ledger) tenant(key string) (id int64, known bool) {
	for ; l != nil && !known; l = l.outer {
		id, known = l.tenants[key]
	}
	return id, known
}

func (l *ledger) setTenant(key string, id int64) {
	if l.tenants == nil {
		l.tenants = make(map[string]int64)
	}
	l.tenants[key] = id
}

func (l *ledger) addSymbol(name string, id int64) {
	if l.symbols == nil {
		l.symbols = make(map[string]int64)
	}
	l.symbols[name] = id
}

// count books one resource more (sign 1) or less (sign -1).
func (l *ledger) count(tenant, typ, seq, sign, activity int64) {
	stated := sign * units(activity == store.Active)
	l.addTally(tally{tenant: tenant, typ: typ, total: sign, active: sign * units(activity != store.Inactive), stated: stated})
	l.addBlock(block{tenant: tenant, typ: typ, number: seq >> blockShift, total: sign, stated: stated})
}

// activity books that a resource has become active or inactive.
func (l *ledger) activity(tenant, typ, seq, before, after int64) {
	if before == after {
		return
	}
	stated := units(after == store.Active) - units(before == store.Active)
	l.addTally(tally{tenant: tenant, typ: typ, active: units(after != store.Inactive) - units(before != store.Inactive), stated: stated})
	l.addBlock(block{tenant: tenant, typ: typ, number: seq >> blockShift, stated: stated})
}

func (l *ledger) addTally(t tally) {
	for i := range l.tallies {
		if o := &l.tallies[i]; o.tenant == t.tenant && o.typ == t.typ {
			o.total += t.total
			o.active += t.active
			o.stated += t.stated
			return
		}
	}
	l.tallies = append(l.tallies, t)
}

func (l *ledger) addBlock(b block) {
	for i := range l.blocks {
		if o := &l.blocks[i]; o.tenant == b.tenant && o.typ == b.typ && o.number == b.number {
			o.total += b.total
			o.stated += b.stated
			return
		}
	}
	l.blocks = append(l.blocks, b)
}

// pending is how many resources there are that the table does not count yet.
func (l *ledger) pending(tenant, typ int64) (total int64) {
	for ; l != nil; l = l.outer {
		for _, t := range l.tallies {
			if t.tenant == tenant && t.typ == typ {
				total += t.total
			}
		}
	}
	return total
}

// merge takes in the ledger of a transaction that has succeeded.
func (l *ledger) merge(o *ledger) {
	for name, id := range o.symbols {
		l.addSymbol(name, id)
	}
	for key, id := range o.tenants {
		l.setTenant(key, id)
	}
	for key, owner := range o.owners {
		l.setOwner(key, owner)
	}
	for _, t := range o.tallies {
		l.addTally(t)
	}
	for _, b := range o.blocks {
		l.addBlock(b)
	}
	for _, s := range o.streams {
		l.putStream(s)
	}
	for _, k := range o.linked {
		l.setLinked(k.tenant, k.all)
	}
}

const (
	addTallySQL = `INSERT INTO tally (tenant, type, total, active, stated) VALUES (?1, ?2, ?3, ?4, ?5)
		ON CONFLICT DO UPDATE SET total = total + excluded.total, active = active + excluded.active, stated = stated + excluded.stated`
	addBlockSQL = `INSERT INTO block (tenant, type, number, total, stated) VALUES (?1, ?2, ?3, ?4, ?5)
		ON CONFLICT DO UPDATE SET total = total + excluded.total, stated = stated + excluded.stated`
	addSpanSQL = `INSERT INTO span (tenant, type, number, total, stated) VALUES (?1, ?2, ?3, ?4, ?5)
		ON CONFLICT DO UPDATE SET total = total + excluded.total, stated = stated + excluded.stated`
)

// write adds the sums to their tables.
func (l *ledger) write(s *session) error {
	for _, t := range l.tallies {
		if err := s.execInts(addTallySQL, t.tenant, t.typ, t.total, t.active, t.stated); err != nil {
			return err
		}
	}
	for _, b := range l.blocks {
		if err := s.execInts(addBlockSQL, b.tenant, b.typ, b.number, b.total, b.stated); err != nil {
			return err
		}
		if err := s.execInts(addSpanSQL, b.tenant, b.typ, b.number>>spanShift, b.total, b.stated); err != nil {
			return err
		}
	}
	return l.writeStreams(s)
}

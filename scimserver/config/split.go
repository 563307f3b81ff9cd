package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// What a shard holds before it is divided. Less than half of it in two neighbours, and they are joined. They are much
// smaller than a Secret may be, as a change of one tenant writes one shard, and every pod reads it.
var production = bounds{tenants: 300, encoded: 256 << 10, decoded: 4 << 20}

// bounds of a shard: tenants, bytes of the compressed and of the plain JSON.
type bounds struct{ tenants, encoded, decoded int }

// Stored is a shard as a Secret holds it.
type Stored struct {
	*Shard
	Data []byte
}

// Set are the shards of a configuration by their numbers.
type Set map[int]Stored

// TooLargeError names tenants whose entries do not fit into a Secret.
type TooLargeError struct {
	Tenants []string
	Bytes   int // compressed
}

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("config: the entry of tenant %s takes %d bytes, a Secret holds %d: make its schema extensions, its application or its mappings smaller",
		strings.Join(e.Tenants, ", "), e.Bytes, MaxEncodedBytes)
}

// ErrFull tells that there are more tenants, or purges, than a server can have.
var ErrFull = errors.New("spread the tenants over more servers")

// Write is the new content of a shard.
type Write struct {
	Shard int
	Data  []byte
}

// Plan is how a configuration is stored.
type Plan struct {
	Layout Layout
	// Data are the shards by their numbers.
	Data map[int][]byte
	// Writes are the shards that change, in the order in which they must be written, so that what is stored is a whole set
	// after each of them, or can be told to be none.
	Writes []Write
}

// Split spreads a configuration over shards. Tenants stay in the shards of have, the set that is stored now, as long as they
// fit; shards whose content stays are not encoded anew. The error is what Validate finds, a *TooLargeError, or ErrFull.
func Split(s *Server, have Set) (*Plan, error) { return split(s, have, production) }

func split(s *Server, have Set, full bounds) (*Plan, error) {
	c := canonical(s)
	if err := checkHead(c); err != nil {
		return nil, err
	}
	p := &splitter{server: c, have: have, bounds: full, hasher: newHasher(), numbers: map[int]bool{}}
	layout := have.layout()
	for _, n := range layout.Numbers() {
		p.numbers[n] = true
	}
	var pieces []*piece
	for _, place := range layout {
		more, err := p.fit(p.piece(place))
		if err != nil {
			return nil, err
		}
		pieces = append(pieces, more...)
	}
	if len(pieces) > MaxShards {
		return nil, fmt.Errorf("config: %d shards, at most %d: %w", len(pieces), MaxShards, ErrFull)
	}
	if len(pieces) == len(layout) {
		var err error
		if pieces, err = p.join(pieces); err != nil {
			return nil, err
		}
	}
	return p.plan(pieces)
}

func checkHead(s *Server) error {
	f := &findings{}
	f.head(s)
	if err := f.err(); err != nil {
		return err
	}
	if len(s.Tenants) > MaxTenants {
		return fmt.Errorf("config: %d tenants, at most %d: %w", len(s.Tenants), MaxTenants, ErrFull)
	}
	if len(s.Purges) > MaxPurges {
		return fmt.Errorf("config: %d purges, at most %d: %w", len(s.Purges), MaxPurges, ErrFull)
	}
	return nil
}

// layout is the one in effect; that of a set without an index is made anew.
func (s Set) layout() Layout {
	if index := s[0].Shard; index != nil {
		return index.Layout
	}
	return single()
}

// splitter makes a plan.
type splitter struct {
	server  *Server
	have    Set
	bounds  bounds
	hasher  *hasher
	numbers map[int]bool // that are in use now, or will be
}

// piece is a shard in the making.
type piece struct {
	Stored
	size int // of the JSON
	kept bool
}

func (p *splitter) full(x *piece) bool {
	return len(x.Tenants) > p.bounds.tenants || len(x.Data) > p.bounds.encoded || x.size > p.bounds.decoded
}

// small tells whether there is room for as much again, so that what is joined is not divided soon.
func (p *splitter) small(x *piece) bool {
	return len(x.Tenants) <= p.bounds.tenants/2 && len(x.Data) <= p.bounds.encoded/2 && x.size <= p.bounds.decoded/2
}

// piece gathers what belongs to a place.
func (p *splitter) piece(place Place) *piece {
	out := &piece{Stored: Stored{Shard: &Shard{Place: place, Server: Server{Version: Version, Name: p.server.Name}}}}
	for _, t := range p.server.Tenants {
		if place.has(slotOf(t.Key)) {
			out.Tenants = append(out.Tenants, t)
		}
	}
	for _, u := range p.server.Purges {
		if place.has(slotOf(u.Tenant)) {
			out.Purges = append(out.Purges, u)
		}
	}
	p.head(out, single())
	return out
}

// head puts into shard 0 what is there alone.
func (p *splitter) head(to *piece, layout Layout) {
	if to.Shard.Shard == 0 {
		to.Server, to.Layout = *p.server, layout
		to.Server.Tenants, to.Server.Purges = nil, nil
	}
}

// fit encodes a piece, in halves as long as it is full.
func (p *splitter) fit(x *piece) ([]*piece, error) {
	if err := p.encode(x); err != nil {
		return nil, err
	}
	at, divisible := x.middle()
	if p.full(x) && divisible {
		return p.halve(x, at)
	}
	if len(x.Data) > MaxEncodedBytes || x.size > MaxDecodedBytes {
		e := &TooLargeError{Bytes: len(x.Data)}
		for _, t := range x.Tenants {
			e.Tenants = append(e.Tenants, t.Key)
		}
		return nil, e
	}
	return []*piece{x}, nil
}

// middle is a slot before and from which on there is about half of the piece.
func (x *piece) middle() (at uint32, ok bool) {
	var slots []uint32
	for _, t := range x.Tenants {
		slots = append(slots, slotOf(t.Key))
	}
	for _, u := range x.Purges {
		slots = append(slots, slotOf(u.Tenant))
	}
	slices.Sort(slots)
	slots = slices.Compact(slots)
	if len(slots) < 2 {
		return 0, false
	}
	return slots[len(slots)/2], true
}

// halve leaves the lower half in the shard; the upper half gets one of its own.
func (p *splitter) halve(x *piece, at uint32) ([]*piece, error) {
	lower, upper := x.Place, x.Place
	lower.Through, upper.From, upper.Shard = at-1, at, p.free()
	low, err := p.fit(p.piece(lower))
	if err != nil {
		return nil, err
	}
	high, err := p.fit(p.piece(upper))
	return append(low, high...), err
}

// free is the lowest number that no shard has.
func (p *splitter) free() int {
	for n := 1; ; n++ {
		if !p.numbers[n] {
			p.numbers[n] = true
			return n
		}
	}
}

// encode takes the stored bytes where nothing has changed: another release may compress to other ones.
func (p *splitter) encode(x *piece) (err error) {
	stored := p.have[x.Shard.Shard]
	if stored.Shard != nil && p.same(x.Shard, stored.Shard) {
		x.Data, x.kept = stored.Data, true
		return nil
	}
	x.kept = false
	x.Data, x.size, err = x.encode()
	return err
}

// same tells whether two shards have the same content; that of shard 0 may differ in the layout, which is not known yet.
func (p *splitter) same(a, b *Shard) bool {
	if a.Span != b.Span || hash(a.Server) != hash(b.Server) || !slices.Equal(a.Purges, b.Purges) || len(a.Tenants) != len(b.Tenants) {
		return false
	}
	for i := range a.Tenants {
		if p.hasher.tenant(a.Tenants[i]) != b.Hashes[i] {
			return false
		}
	}
	return true
}

// join puts neighbours together that are small.
func (p *splitter) join(pieces []*piece) (out []*piece, err error) {
	for _, x := range pieces {
		if len(out) > 0 {
			both, err := p.joined(out[len(out)-1], x)
			if err != nil {
				return nil, err
			}
			if both != nil {
				out[len(out)-1] = both
				continue
			}
		}
		out = append(out, x)
	}
	return out, nil
}

// joined is nil where both together are not small. An empty one always finds a place.
func (p *splitter) joined(a, b *piece) (*piece, error) {
	oneEmpty := a.empty() || b.empty()
	if !oneEmpty && (len(a.Tenants)+len(b.Tenants) > p.bounds.tenants/2 || len(a.Data)+len(b.Data) > p.bounds.encoded) {
		return nil, nil
	}
	place := a.Place
	place.Through = b.Through
	both := p.piece(place)
	if err := p.encode(both); err != nil || !oneEmpty && !p.small(both) {
		return nil, err
	}
	return both, nil
}

func (x *piece) empty() bool { return len(x.Tenants)+len(x.Purges) == 0 }

// plan puts the writes in order: first the shards that get slots, then the index, then those that give some away.
func (p *splitter) plan(pieces []*piece) (*Plan, error) {
	out := &Plan{Data: map[int][]byte{}}
	for _, x := range pieces {
		out.Layout = append(out.Layout, x.Place)
	}
	index := pieces[0]
	p.head(index, out.Layout)
	if stored := p.have[0].Shard; stored == nil || !index.kept || !slices.Equal(stored.Layout, out.Layout) {
		var err error
		if index.Data, _, err = index.encode(); err != nil {
			return nil, err
		}
		index.kept = false
	}
	var after []Write
	for _, x := range pieces[1:] {
		out.Data[x.Shard.Shard] = x.Data
		switch {
		case x.kept:
		case p.gains(x):
			out.Writes = append(out.Writes, Write{x.Shard.Shard, x.Data})
		default:
			after = append(after, Write{x.Shard.Shard, x.Data})
		}
	}
	out.Data[0] = index.Data
	if !index.kept {
		out.Writes = append(out.Writes, Write{0, index.Data})
	}
	out.Writes = append(out.Writes, after...)
	return out, p.empty(out)
}

// gains tells whether a shard has slots that it did not know of before.
func (p *splitter) gains(x *piece) bool {
	stored := p.have[x.Shard.Shard].Shard
	listed := p.have.layout().lists(x.Shard.Shard)
	return stored == nil || !listed || !stored.covers(x.Span)
}

// empty clears the shards that are no longer used: they hold hashes of tokens, and keys.
func (p *splitter) empty(out *Plan) error {
	for _, place := range p.have.layout() {
		if out.Layout.lists(place.Shard) {
			continue
		}
		nothing := &Shard{Place: Place{Shard: place.Shard, Span: noSpan}, Server: Server{Version: Version, Name: p.server.Name}}
		data, _, err := nothing.encode()
		if err != nil {
			return err
		}
		out.Writes = append(out.Writes, Write{place.Shard, data})
	}
	return nil
}

package config

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// ErrTorn tells that shards do not belong together. They may be about to: several are written one after the other.
var ErrTorn = errors.New("the shards do not belong together")

// Loaded is a whole configuration.
type Loaded struct {
	*Server
	// Digest is Server.Hash. Hashes are those of the tenants, in their order.
	Digest string
	Hashes []string
	Layout Layout
}

// Load puts a whole set together. The error wraps ErrTorn where shards are missing or of another time than the index.
func (s Set) Load() (*Loaded, error) {
	index := s[0].Shard
	if index == nil {
		return nil, fmt.Errorf("config: shard 0 is missing: %w", ErrTorn)
	}
	l := &Loaded{Layout: index.Layout}
	entries := make([]loadedTenant, 0, production.tenants)
	var purges []Purge
	for _, place := range index.Layout {
		shard := s[place.Shard].Shard
		if err := index.Fits(place, shard); err != nil {
			return nil, err
		}
		entries, purges = shard.take(place.Span, entries, purges)
	}
	slices.SortFunc(entries, func(a, b loadedTenant) int { return cmp.Compare(a.Key, b.Key) })
	head := index.Server
	head.Purges = sortedPurges(purges)
	l.Server = &head
	for _, e := range entries {
		l.Tenants, l.Hashes = append(l.Tenants, *e.Tenant), append(l.Hashes, e.hash)
	}
	if len(l.Tenants) > MaxTenants {
		return nil, fmt.Errorf("config: %d tenants, at most %d", len(l.Tenants), MaxTenants)
	}
	if len(l.Purges) > MaxPurges {
		return nil, fmt.Errorf("config: %d purges, at most %d", len(l.Purges), MaxPurges)
	}
	l.Digest = hashOf(l.Server, l.Hashes)
	return l, nil
}

type loadedTenant struct {
	*Tenant
	hash string
}

// Fits tells whether a shard is what s, the index, says.
func (s *Shard) Fits(place Place, shard *Shard) error {
	switch {
	case shard == nil:
		return fmt.Errorf("config: shard %d is missing: %w", place.Shard, ErrTorn)
	case shard.Shard != place.Shard:
		return fmt.Errorf("config: shard %d holds shard %d: %w", place.Shard, shard.Shard, ErrTorn)
	case shard.Name != s.Name:
		return fmt.Errorf("config: shard %d is of server %s, this one is %s: %w", place.Shard, shard.Name, s.Name, ErrTorn)
	case !shard.covers(place.Span):
		return fmt.Errorf("config: shard %d is of another time than the index in shard 0: %w", place.Shard, ErrTorn)
	}
	return nil
}

// take adds what the shard has in a span.
func (s *Shard) take(span Span, entries []loadedTenant, purges []Purge) ([]loadedTenant, []Purge) {
	all := span.covers(s.Span)
	for i := range s.Tenants {
		if all || span.has(slotOf(s.Tenants[i].Key)) {
			entries = append(entries, loadedTenant{&s.Tenants[i], s.Hashes[i]})
		}
	}
	for _, u := range s.Purges {
		if all || span.has(slotOf(u.Tenant)) {
			purges = append(purges, u)
		}
	}
	return entries, purges
}

// Rest is what can be had of a set: of shards that are missing or do not belong to it there is nothing. It is nil without an
// index.
func (s Set) Rest() *Loaded {
	whole := Set{}
	index := s[0].Shard
	if index == nil {
		return nil
	}
	for _, place := range index.Layout {
		stored := s[place.Shard]
		if index.Fits(place, stored.Shard) != nil {
			stored.Shard = &Shard{Place: place, Server: Server{Version: Version, Name: index.Name}}
		}
		whole[place.Shard] = stored
	}
	l, err := whole.Load()
	if err != nil {
		return nil
	}
	return l
}

// bundleMark begins several shards in one piece. gzip begins otherwise.
const bundleMark = "scim-config-shards\n"

// Bundle puts the data of shards into one piece, which Decode reads, by the order of their numbers. That of a single one is
// the data themselves.
func Bundle(data map[int][]byte) []byte {
	if len(data) == 1 && data[0] != nil {
		return data[0]
	}
	var b bytes.Buffer
	b.WriteString(bundleMark)
	for n := range MaxShards {
		if part, ok := data[n]; ok {
			var head [8]byte
			binary.BigEndian.PutUint32(head[:4], uint32(n))         //nolint:gosec // below MaxShards
			binary.BigEndian.PutUint32(head[4:], uint32(len(part))) //nolint:gosec // a Secret
			b.Write(head[:])
			b.Write(part)
		}
	}
	return b.Bytes()
}

func unbundle(data []byte) (map[int][]byte, error) {
	rest, several := bytes.CutPrefix(data, []byte(bundleMark))
	if !several {
		return map[int][]byte{0: data}, nil
	}
	out := map[int][]byte{}
	for len(rest) > 0 {
		if len(rest) < 8 {
			return nil, errors.New("config: damaged: the shards are cut")
		}
		n, size := int(binary.BigEndian.Uint32(rest)), int(binary.BigEndian.Uint32(rest[4:]))
		rest = rest[8:]
		if out[n] != nil || n >= MaxShards || size > len(rest) {
			return nil, errors.New("config: damaged: the shards are cut")
		}
		out[n], rest = rest[:size:size], rest[size:]
	}
	return out, nil
}

// Decoder reads configurations that follow one another: a shard that is as it was is not read again. The zero value is ready;
// it is for one goroutine.
type Decoder struct {
	known map[[sha256.Size]byte]*Shard
}

// Decode reads what Encode or Bundle wrote, and nothing else: damaged or oversized data, another version, unknown or repeated
// fields and invalid values are errors that name the tenant and the field. The error wraps ErrTorn where shards do not belong
// together.
func (d *Decoder) Decode(data []byte) (*Loaded, error) {
	parts, err := unbundle(data)
	if err != nil {
		return nil, err
	}
	known, set := map[[sha256.Size]byte]*Shard{}, Set{}
	for n, part := range parts {
		sum := sha256.Sum256(part)
		shard := d.known[sum]
		if shard == nil {
			if shard, err = DecodeShard(part); err != nil {
				return nil, named(n, len(parts), err)
			}
		}
		known[sum], set[n] = shard, Stored{Shard: shard, Data: part}
	}
	l, err := set.Load()
	if err != nil {
		return nil, err
	}
	if len(set) > len(l.Layout) {
		return nil, fmt.Errorf("config: %d shards, the index names %d", len(set), len(l.Layout))
	}
	d.known = known
	return l, nil
}

func named(n, of int, err error) error {
	if of == 1 {
		return err
	}
	return fmt.Errorf("shard %d: %w", n, err)
}

package config

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"slices"
)

// A configuration that is too large for one Secret is spread over several, its shards. A tenant lies in the shard that its
// slot belongs to, a number made from its key; so it stays there until that shard is divided or joined with another one.
//
// Shard 0 is the index as well: it says which shards there are, and which slots each of them has. A shard says of itself
// which slots it knows of. A set of shards is whole if each shard knows of all the slots that the index gives it. What it
// has beyond them does not count. So a shard can be divided or joined in several writes, and whoever reads meanwhile finds
// either a whole set, or one that it knows to be torn.

// lastSlot is the highest slot; the lowest is 0.
const lastSlot = math.MaxUint32

// slotOf is a tenant's slot.
func slotOf(key string) uint32 {
	sum := sha256.Sum256([]byte(key))
	return binary.BigEndian.Uint32(sum[:4])
}

// Span is a range of slots, both ends included; there are none in one whose From is behind its Through.
type Span struct {
	From    uint32 `json:"from"`
	Through uint32 `json:"through"`
}

var (
	wholeSpan = Span{0, lastSlot}
	noSpan    = Span{1, 0}
)

func (s Span) has(slot uint32) bool { return slot >= s.From && slot <= s.Through }

func (s Span) covers(other Span) bool { return s.From <= other.From && s.Through >= other.Through }

// Place is a shard and the slots that it has.
type Place struct {
	Shard int `json:"shard"`
	Span
}

// Layout are the shards in the order of their slots. The first one is shard 0.
type Layout []Place

// single is the layout of a configuration in one Secret.
func single() Layout { return Layout{{Span: wholeSpan}} }

// Shard is the number of the shard that has a tenant.
func (l Layout) Shard(tenant string) int { return l.Place(tenant).Shard }

// Place is the one that a tenant belongs to.
func (l Layout) Place(tenant string) Place { return l[l.index(slotOf(tenant))] }

// index is the place of a slot.
func (l Layout) index(slot uint32) int {
	i, _ := slices.BinarySearchFunc(l, slot, func(p Place, slot uint32) int {
		switch {
		case p.Through < slot:
			return -1
		case p.From > slot:
			return 1
		}
		return 0
	})
	return min(i, len(l)-1)
}

// Numbers are those of the shards, in ascending order.
func (l Layout) Numbers() []int {
	out := make([]int, len(l))
	for i, p := range l {
		out[i] = p.Shard
	}
	slices.Sort(out)
	return out
}

// lists tells whether a shard has a place.
func (l Layout) lists(shard int) bool {
	return slices.ContainsFunc(l, func(p Place) bool { return p.Shard == shard })
}

// valid tells whether each slot belongs to one shard.
func (l Layout) valid() bool {
	seen := map[int]bool{}
	next := uint64(0)
	for _, p := range l {
		if p.Shard < 0 || p.Shard >= MaxShards || seen[p.Shard] || uint64(p.From) != next || p.Through < p.From {
			return false
		}
		seen[p.Shard], next = true, uint64(p.Through)+1
	}
	return len(l) > 0 && l[0].Shard == 0 && next == lastSlot+1
}

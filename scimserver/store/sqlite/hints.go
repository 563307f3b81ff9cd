package sqlite

import (
	"hash/maphash"
	"sync"
	"sync/atomic"
)

// A hint is 28 bits of the hash of a tenant and an id, and 36 bits of seq; 0 is none. Its place is in the bucket that the
// uppermost of these bits say, so that hints can be moved to a larger table.
const (
	seqBits     = 36
	seqMask     = 1<<seqBits - 1
	tagBits     = 64 - seqBits
	bucketSize  = 8 // a line of the processor's cache
	minHintBits = 6
	maxHintBits = 17 // 8 MiB
	maxHints    = bucketSize << maxHintBits
)

type (
	hintBucket [bucketSize]atomic.Uint64
	hintTable  struct {
		buckets []hintBucket
		used    atomic.Int64
	}
)

// hints tell where the rows of resources are, by their ids: one search in a tree of the database instead of two, and of the
// larger one of an index whose pages would not be in memory. A hint may be wrong, as rows come and go; who follows it has to
// look at tenant and id of the row. Some get lost where many write at once. All methods may be called at the same time.
type hints struct {
	seed  maphash.Seed
	table atomic.Pointer[hintTable]
	grows sync.Mutex
}

func newHints() *hints {
	h := &hints{seed: maphash.MakeSeed()}
	h.table.Store(&hintTable{buckets: make([]hintBucket, 1<<minHintBits)})
	return h
}

// tag returns the bits of the hash.
func (h *hints) tag(tenant int64, id string) uint64 {
	const odd = 0x9e3779b97f4a7c15
	return (maphash.String(h.seed, id) + uint64(tenant)) * odd &^ seqMask
}

func (t *hintTable) bucket(tag uint64) *hintBucket {
	return &t.buckets[tag>>seqBits/(1<<tagBits/uint64(len(t.buckets)))]
}

// find returns what may be the seq of the resource, 0 for no hint.
func (h *hints) find(tenant int64, id string) int64 {
	tag := h.tag(tenant, id)
	b := h.table.Load().bucket(tag)
	for i := range b {
		if x := b[i].Load(); x&^seqMask == tag {
			return int64(x & seqMask)
		}
	}
	return 0
}

// put remembers the seq of a resource.
func (h *hints) put(tenant int64, id string, seq int64) {
	if seq <= 0 || seq > seqMask {
		return
	}
	t := h.table.Load()
	t.put(h.tag(tenant, id) | uint64(seq))
	if t.crowded() {
		h.grow(t)
	}
}

// put replaces the hint with the same tag, or else any if the bucket is full.
func (t *hintTable) put(hint uint64) {
	b := t.bucket(hint)
	at := hint & seqMask % bucketSize
	for i := range b {
		x := b[i].Load()
		if x == hint {
			return
		}
		if x == 0 {
			t.used.Add(1)
		}
		if x == 0 || x&^seqMask == hint&^seqMask {
			at = uint64(i)
			break
		}
	}
	b[at].Store(hint)
}

// crowded tells whether the table is to grow. When half of it is used, one bucket of fifty is full.
func (t *hintTable) crowded() bool {
	n := len(t.buckets)
	return n < 1<<maxHintBits && t.used.Load() > int64(n*bucketSize/2)
}

// grow moves the hints to a table of twice the size.
func (h *hints) grow(from *hintTable) {
	h.grows.Lock()
	defer h.grows.Unlock()
	if h.table.Load() != from {
		return
	}
	to := &hintTable{buckets: make([]hintBucket, 2*len(from.buckets))}
	for i := range from.buckets {
		for j := range from.buckets[i] {
			if hint := from.buckets[i][j].Load(); hint != 0 {
				to.put(hint)
			}
		}
	}
	h.table.Store(to)
}

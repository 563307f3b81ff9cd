package place

import (
	"crypto/sha256"
	"encoding/binary"
	"math"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// Place is a place in an order: the sort key of a resource as SQL has it (int64, float64, string or []byte), nil for none, and
// its seq.
type Place struct {
	Seq int64
	Key any
}

// longKey is how long a key may be, in bytes, to be part of an encoded position. Of a longer one there is the digest.
const longKey = 512

// Digest stands for a long key.
type Digest [sha256.Size]byte

// The kinds of keys in an encoded position.
const (
	kindNone   = 'n'
	kindInt    = 'i'
	kindFloat  = 'f'
	kindText   = 't'
	kindBlob   = 'b'
	kindDigest = 'd'
)

// Encode makes what Parse reads.
func (p Place) Encode() []byte {
	dst := binary.AppendUvarint(nil, uint64(p.Seq))
	switch k := p.Key.(type) {
	case int64:
		return binary.AppendVarint(append(dst, kindInt), k)
	case float64:
		return binary.BigEndian.AppendUint64(append(dst, kindFloat), math.Float64bits(k))
	case string:
		return appendKey(dst, kindText, []byte(k))
	case []byte:
		return appendKey(dst, kindBlob, k)
	}
	return append(dst, kindNone)
}

func appendKey(dst []byte, kind byte, key []byte) []byte {
	if len(key) <= longKey {
		return append(append(dst, kind), key...)
	}
	sum := sha256.Sum256(key)
	return append(append(dst, kindDigest), sum[:]...)
}

// Parse reads what Encode has made, else it returns store.ErrPosition.
func Parse(b []byte) (p Place, err error) {
	seq, n := binary.Uvarint(b)
	if n <= 0 || seq > math.MaxInt64 || len(b) == n {
		return p, store.ErrPosition
	}
	kind, rest := b[n], b[n+1:]
	p.Seq = int64(seq)
	ok := true
	switch kind {
	case kindNone:
		ok = len(rest) == 0
	case kindInt:
		var size int
		p.Key, size = binary.Varint(rest)
		ok = size == len(rest) && size > 0
	case kindFloat:
		if ok = len(rest) == 8; ok {
			p.Key = math.Float64frombits(binary.BigEndian.Uint64(rest))
		}
	case kindText:
		p.Key = string(rest)
	case kindBlob:
		p.Key = append([]byte{}, rest...)
	case kindDigest:
		if ok = len(rest) == sha256.Size; ok {
			p.Key = Digest(rest)
		}
	default:
		ok = false
	}
	if !ok {
		return Place{}, store.ErrPosition
	}
	return p, nil
}

// Is tells whether the digest is that of a key.
func (d Digest) Is(key any) bool {
	switch k := key.(type) {
	case string:
		return sha256.Sum256([]byte(k)) == d
	case []byte:
		return sha256.Sum256(k) == d
	}
	return false
}

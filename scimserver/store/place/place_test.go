package place

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// FuzzPosition holds that a position is read as it was written, that a long key becomes its digest, and that anything else is
// ErrPosition or a position as well.
func FuzzPosition(f *testing.F) {
	f.Add(int64(0), byte('n'), "", int64(0), 0.0, []byte(nil))
	f.Add(int64(1_000_000), byte('t'), "ann@example.com", int64(0), 0.0, []byte{1, 'i'})
	f.Add(int64(math.MaxInt64), byte('i'), "", int64(math.MinInt64), 0.0, []byte{0x80, 0x80})
	f.Add(int64(7), byte('f'), "", int64(0), math.Inf(-1), []byte("\x07f1234567"))
	f.Add(int64(7), byte('b'), "\x00\xff", int64(0), 0.0, []byte("\x07d"))
	f.Add(int64(7), byte('t'), strings.Repeat("ä", longKey), int64(0), 0.0, []byte("\x07d"+strings.Repeat("x", 32)))
	f.Fuzz(func(t *testing.T, seq int64, kind byte, text string, n int64, x float64, other []byte) {
		keys := map[byte]any{'n': nil, 't': text, 'b': []byte(text), 'i': n, 'f': x}
		p := Place{Seq: max(seq, 0), Key: keys[kind]}
		if math.IsNaN(x) && kind == 'f' {
			return
		}
		got, err := Parse(p.Encode())
		if err != nil || got.Seq != p.Seq {
			t.Fatalf("%+v: %+v, %v", p, got, err)
		}
		if d, ok := got.Key.(Digest); ok {
			if len(text) <= longKey || !d.Is(p.Key) || d.Is(text+"x") || d.Is(nil) {
				t.Fatalf("digest of %d bytes", len(text))
			}
		} else if diff := cmp.Diff(p.Key, got.Key); diff != "" || len(p.Encode()) > longKey+16 {
			t.Fatalf("%d bytes (-wrote +read):\n%s", len(p.Encode()), diff)
		}
		if _, err := Parse(other); err != nil && !errors.Is(err, store.ErrPosition) {
			t.Fatal(err)
		}
	})
}

package cursor_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scim-operator/scim-operator/scimserver/scim/cursor"
)

// FuzzOpen holds that nothing opens but what was sealed, unchanged, for the same query and in time; then it gives what was sealed.
func FuzzOpen(f *testing.F) {
	for _, p := range places {
		f.Add(p.Position, p.Part, p.Backward, p.Count, p.Total, 0, byte(0), "a/b", "", int64(0))
	}
	f.Add([]byte("ann"), 0, false, 100, int64(7), 13, byte(1), "a/b", "x", int64(5))
	f.Add([]byte("ann"), 1, true, 1, int64(0), 3, byte(0x80), "a/c", "bmV4dA", int64(3600))
	f.Add([]byte{}, -1, false, -5, int64(-1), -1, byte(255), "", "AAAA\nAAAA", int64(-9999))
	s := sealer(f, 1)
	f.Fuzz(func(t *testing.T, position []byte, part int, backward bool, count int, total int64, at int, flip byte, owner, other string, seconds int64) {
		if _, err := s.Open(query(owner), other, now); err == nil {
			t.Fatalf("opened %q", other)
		}
		if len(position) > 1<<10 {
			return
		}
		const most = 1<<31 - 1
		p := cursor.Place{Position: position, Part: min(max(part, 0), most), Backward: backward, Count: min(max(count, 0), most), Total: max(total, 0)}
		text := s.Seal(query(owner), p, now)
		got, err := s.Open(query(owner), text, now)
		if diff := cmp.Diff(p, got); err != nil || diff != "" {
			t.Fatalf("%v (-sealed +opened):\n%s", err, diff)
		}
		if later := now.Add(time.Duration(seconds%1e9) * time.Second); later.Sub(now) >= time.Hour {
			if _, err := s.Open(query(owner), text, later); err == nil {
				t.Fatalf("opened after %v", later.Sub(now))
			}
		}
		changed := []byte(text)
		changed[uint(at)%uint(len(changed))] ^= flip
		if _, err := s.Open(query(owner), string(changed), now); err == nil && !bytes.Equal(changed, []byte(text)) {
			t.Fatalf("opened %q, which was %q", changed, text)
		}
		if _, err := s.Open(query(owner, other), text, now); err == nil {
			t.Fatal("opened for another query")
		}
	})
}

package sqlite

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestUUID(t *testing.T) {
	t.Parallel()
	const uuid = "0190fedc-ba98-7654-8321-0123456789ab"
	tests := map[string]bool{
		uuid: true, strings.ToUpper(uuid): false, uuid[1:]: false, uuid + "0": false, "": false,
		strings.ReplaceAll(uuid, "-", "_"): false, "0190fedcb-a98-7654-8321-0123456789ab": false,
		"g190fedc-ba98-7654-8321-0123456789ab": false, "0190fedc-ba98-7654-8321-0123456789\xff\xff": false,
	}
	for id, want := range tests {
		b, ok := packUUID(id)
		if ok != want {
			t.Errorf("packUUID(%q): got %v, want %v", id, ok, want)
		}
		if ok && unpackUUID(b[:]) != id {
			t.Errorf("unpackUUID: got %q, want %q", unpackUUID(b[:]), id)
		}
	}
}

func FuzzUUID(f *testing.F) {
	f.Add("0190fedc-ba98-7654-8321-0123456789ab")
	f.Add("")
	f.Fuzz(func(t *testing.T, id string) {
		if b, ok := packUUID(id); ok && unpackUUID(b[:]) != id {
			t.Errorf("%q comes back as %q", id, unpackUUID(b[:]))
		}
	})
}

func FuzzKeys(f *testing.F) {
	f.Add(encodeKeys([]lookupKey{{3, "a@example.com"}, {1 << 40, ""}}))
	f.Add([]byte{1, 5, 'a'})
	f.Add([]byte{0x80})
	f.Fuzz(func(t *testing.T, b []byte) {
		keys, err := parseKeys(b)
		if err != nil {
			return
		}
		again, err := parseKeys(encodeKeys(keys))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(keys, again, cmp.AllowUnexported(lookupKey{})); diff != "" {
			t.Error(diff)
		}
	})
}

func TestDamagedKeys(t *testing.T) {
	t.Parallel()
	for _, b := range []string{"\x01", "\x01\x05abc", "\x80", "\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"} {
		if keys, err := parseKeys([]byte(b)); err == nil {
			t.Errorf("parseKeys(%q): got %v, want an error", b, keys)
		}
	}
}

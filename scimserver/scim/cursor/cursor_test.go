package cursor_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"math"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scim-operator/scim-operator/scimserver/scim/cursor"
)

var now = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

func sealer(tb testing.TB, seed byte) *cursor.Sealer {
	tb.Helper()
	s, err := cursor.NewSealer(bytes.Repeat([]byte{seed}, cursor.KeySize), time.Hour)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func query(parts ...string) (q cursor.Query) {
	for _, p := range parts {
		q.Add(p)
	}
	return q
}

var places = map[string]cursor.Place{
	"the beginning":       {},
	"behind a resource":   {Position: []byte("\x07tann@example.com"), Count: 100, Total: 1_000_000},
	"before one":          {Position: []byte{1}, Backward: true, Count: 1},
	"an empty position":   {Position: []byte{}},
	"the end of a part":   {Part: 1, Backward: true},
	"the largest numbers": {Part: math.MaxInt32, Count: math.MaxInt32, Total: math.MaxInt64, Position: bytes.Repeat([]byte{255}, 600)},
}

func TestSealAndOpen(t *testing.T) {
	t.Parallel()
	unreserved := regexp.MustCompile(`^[A-Za-z0-9_-]+$`) // of those of RFC 3986
	s := sealer(t, 1)
	for name, want := range places {
		text := s.Seal(query("a/b"), want, now)
		got, err := s.Open(query("a/b"), text, now.Add(59*time.Minute))
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
		if !unreserved.MatchString(text) || len(text) > cursor.MaxLength {
			t.Errorf("%s: %q is not fit for a URL", name, text)
		}
		if text == s.Seal(query("a/b"), want, now) {
			t.Errorf("%s: sealed to the same text twice", name)
		}
	}
}

// TestNothingIsReadable looks for a sort value in the text and in the bytes behind it.
func TestNothingIsReadable(t *testing.T) {
	t.Parallel()
	const name = "ann@example.com"
	text := sealer(t, 1).Seal(query("a/b"), cursor.Place{Position: []byte(name)}, now)
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || bytes.Contains(raw, []byte(name[:3])) || strings.Contains(text, base64.RawURLEncoding.EncodeToString([]byte(name))[:4]) {
		t.Errorf("cursor %q shows the sort value, %v", text, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	s := sealer(t, 1)
	own := query("a/b", "User", "filter")
	text := s.Seal(own, places["behind a resource"], now)
	for name, tc := range map[string]struct {
		sealer *cursor.Sealer
		query  cursor.Query
		text   string
		now    time.Time
		want   error
	}{
		"another key":            {sealer(t, 2), own, text, now, cursor.ErrInvalid},
		"another tenant":         {s, query("a/c", "User", "filter"), text, now, cursor.ErrInvalid},
		"another split of parts": {s, query("a/bU", "ser", "filter"), text, now, cursor.ErrInvalid},
		"fewer parts":            {s, query("a/b", "User"), text, now, cursor.ErrInvalid},
		"no query":               {s, query(), text, now, cursor.ErrInvalid},
		"a line break":           {s, own, text[:10] + "\n" + text[10:], now, cursor.ErrInvalid},
		"padding":                {s, own, text + "=", now, cursor.ErrInvalid},
		"the standard alphabet":  {s, own, "+" + text[1:], now, cursor.ErrInvalid},
		"cut off":                {s, own, text[:len(text)-1], now, cursor.ErrInvalid},
		"nothing":                {s, own, "", now, cursor.ErrInvalid},
		"a word":                 {s, own, "next", now, cursor.ErrInvalid},
		"too long":               {s, own, strings.Repeat("A", cursor.MaxLength+1), now, cursor.ErrInvalid},
		"too late":               {s, own, text, now.Add(time.Hour), cursor.ErrExpired},
		"much too late":          {s, own, text, now.AddDate(100, 0, 0), cursor.ErrExpired},
		"too late and another's": {s, query("a/c"), text, now.Add(time.Hour), cursor.ErrInvalid},
	} {
		if p, err := tc.sealer.Open(tc.query, tc.text, tc.now); !errors.Is(err, tc.want) {
			t.Errorf("%s: got %+v, %v, want %v", name, p, err, tc.want)
		}
	}
}

// TestEveryBitCounts changes one bit after the other.
func TestEveryBitCounts(t *testing.T) {
	t.Parallel()
	s := sealer(t, 1)
	text := s.Seal(query("a/b"), places["behind a resource"], now)
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 8 * len(raw) {
		changed := bytes.Clone(raw)
		changed[i/8] ^= 1 << (i % 8)
		if _, err := s.Open(query("a/b"), base64.RawURLEncoding.EncodeToString(changed), now); !errors.Is(err, cursor.ErrInvalid) {
			t.Fatalf("bit %d: got %v", i, err)
		}
	}
	for i := range text {
		for _, c := range []byte("AZaz09-_+/= \n.") {
			changed := text[:i] + string(c) + text[i+1:]
			if _, err := s.Open(query("a/b"), changed, now); changed != text && !errors.Is(err, cursor.ErrInvalid) {
				t.Fatalf("%q at %d: got %v", c, i, err)
			}
		}
	}
}

func TestNewSealerWantsAWholeKey(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, cursor.KeySize - 1, cursor.KeySize + 1} {
		if _, err := cursor.NewSealer(make([]byte, n), time.Hour); err == nil {
			t.Errorf("%d bytes are taken", n)
		}
	}
}

func BenchmarkSealAndOpen(b *testing.B) {
	s := sealer(b, 1)
	q := query("customers/acme", "User", `userName sw "a"`, "userName", "ascending")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Open(q, s.Seal(q, places["behind a resource"], now), now); err != nil {
			b.Fatal(err)
		}
	}
}

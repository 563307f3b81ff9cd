package config

import (
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestTooLarge: a tenant that fits into no Secret is named.
func TestTooLarge(t *testing.T) {
	t.Parallel()
	s := serverOf(map[int]int{1: 1, 2: 1, 3: 1}, nil)
	random := rand.New(rand.NewPCG(1, 2))
	text := func() string {
		b := make([]byte, 2000)
		for i := range b {
			b[i] = byte(random.IntN(256))
		}
		return hex.EncodeToString(b)
	}
	for n := range 4 {
		e := Extension{ID: fmt.Sprint("urn:a:", n), Resource: "User"}
		for a := range 120 {
			e.Attributes = append(e.Attributes, Attribute{Name: fmt.Sprint("a", a), Type: "string", Description: text(), CanonicalValues: []string{text()}})
		}
		s.Tenants[1].Extensions = append(s.Tenants[1].Extensions, e)
	}
	_, err := Split(s, nil)
	tooLarge, ok := errors.AsType[*TooLargeError](err)
	if !ok || !slices.Equal(tooLarge.Tenants, []string{"ns/t002"}) {
		t.Errorf("error %v", err)
	}
}

// TestTooMany: the error says what to do.
func TestTooMany(t *testing.T) {
	t.Parallel()
	tenants := map[int]int{}
	for n := range MaxTenants + 1 {
		tenants[n] = 1
	}
	if _, err := Split(serverOf(tenants, nil), nil); !errors.Is(err, ErrFull) {
		t.Errorf("error %v", err)
	}
}

// TestDecoderReadsChangesOnly: what has not changed stays the same value.
func TestDecoderReadsChangesOnly(t *testing.T) {
	t.Parallel()
	tenants := map[int]int{}
	for n := range 60 {
		tenants[n] = 1
	}
	first, err := split(serverOf(tenants, nil), nil, few)
	if err != nil {
		t.Fatal(err)
	}
	d := &Decoder{}
	if _, err := d.Decode(Bundle(first.Data)); err != nil {
		t.Fatal(err)
	}
	before := maps.Clone(d.known)
	tenants[7]++
	second, err := split(serverOf(tenants, nil), secrets(first.Data).set(t), few)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Decode(Bundle(second.Data)); err != nil {
		t.Fatal(err)
	}
	read := 0
	for sum, shard := range d.known {
		if before[sum] != shard {
			read++
		}
	}
	if read != 1 || len(d.known) != len(second.Layout) {
		t.Errorf("%d of %d shards were read anew", read, len(d.known))
	}
}

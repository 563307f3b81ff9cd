package config

import (
	"errors"
	"maps"
	"slices"
	"testing"
)

// TestCollector: shards come in any order, one after the other, while they are divided; only whole sets are passed on.
func TestCollector(t *testing.T) {
	t.Parallel()
	tenants := map[int]int{1: 1, 2: 1}
	first, err := split(serverOf(tenants, nil), nil, few)
	if err != nil {
		t.Fatal(err)
	}
	c := &Collector{}
	if _, err := c.Bundle(); !errors.Is(err, ErrTorn) || !slices.Equal(c.Wanted(), []int{0}) {
		t.Errorf("empty: %v, wants %v", err, c.Wanted())
	}
	c.Put(0, first.Data[0])
	expect(t, c, 2)
	for n := range 30 {
		tenants[n] = 1
	}
	second, err := split(serverOf(tenants, nil), secrets(first.Data).set(t), few)
	if err != nil {
		t.Fatal(err)
	}
	if len(second.Writes) < 4 {
		t.Fatalf("%d writes", len(second.Writes))
	}
	c.Put(0, second.Data[0])
	for _, n := range second.Layout.Numbers()[1:] {
		if _, err := c.Bundle(); !errors.Is(err, ErrTorn) {
			t.Errorf("without shard %d: %v", n, err)
		}
		c.Put(n, second.Data[n])
	}
	expect(t, c, 30)
	if !slices.Equal(c.Wanted(), second.Layout.Numbers()) {
		t.Errorf("wants %v", c.Wanted())
	}

	c.Put(2, []byte("damaged")) // is for the decoder to tell
	data, err := c.Bundle()
	if err != nil {
		t.Errorf("damaged: %v", err)
	}
	if _, err := Decode(data); err == nil || errors.Is(err, ErrTorn) {
		t.Errorf("damaged: %v", err)
	}
	c.Put(2, nil)
	if _, err := c.Bundle(); !errors.Is(err, ErrTorn) {
		t.Errorf("deleted: %v", err)
	}
	c.Put(2, second.Data[2])

	maps.DeleteFunc(tenants, func(n, _ int) bool { return n > 3 })
	third, err := split(serverOf(tenants, nil), secrets(second.Data).set(t), few)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range third.Writes {
		c.Put(w.Shard, w.Data)
	}
	expect(t, c, 4)
	if !slices.Equal(c.Collected(), second.Layout.Numbers()) {
		t.Errorf("has %v", c.Collected())
	}
}

func expect(t *testing.T, c *Collector, tenants int) {
	t.Helper()
	data, err := c.Bundle()
	if err != nil {
		t.Fatal(err)
	}
	s, err := Decode(data)
	if err != nil || len(s.Tenants) != tenants {
		t.Errorf("%d tenants, %v", len(s.Tenants), err)
	}
}

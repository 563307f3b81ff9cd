package config

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// Collector gathers the shards of a configuration as they come, one by one and in any order, and tells when they are a whole
// set. It looks at no more of a shard than it needs for that. It is for one goroutine; the zero value is ready.
type Collector struct {
	shards map[int]collected
}

type collected struct {
	data []byte
	head *Shard // nil: it cannot be read
}

// Put takes the content of a shard, nil where there is none any more.
func (c *Collector) Put(shard int, data []byte) {
	if c.shards == nil {
		c.shards = map[int]collected{}
	}
	if data == nil {
		delete(c.shards, shard)
		return
	}
	head, err := peek(data)
	if err != nil {
		head = nil
	}
	c.shards[shard] = collected{data: data, head: head}
}

// Wanted are the shards that the index names, in ascending order; shard 0 alone as long as there is none that can be read.
func (c *Collector) Wanted() []int {
	if index := c.shards[0].head; index != nil {
		return index.Layout.Numbers()
	}
	return []int{0}
}

// Collected are the shards that there are.
func (c *Collector) Collected() []int {
	var out []int
	for n := range c.shards {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}

// Bundle is what has been gathered of the wanted shards, for Decode. The error wraps ErrTorn where they do not belong
// together, as happens between two writes. What is damaged is left for Decode to tell.
func (c *Collector) Bundle() ([]byte, error) {
	data := map[int][]byte{}
	for _, n := range c.Wanted() {
		if s, ok := c.shards[n]; ok {
			data[n] = s.data
		}
	}
	if len(data) == 0 {
		return nil, fmt.Errorf("config: shard 0 is missing: %w", ErrTorn)
	}
	return Bundle(data), c.torn()
}

func (c *Collector) torn() error {
	index := c.shards[0].head
	if index == nil {
		return nil
	}
	for _, place := range index.Layout {
		s, ok := c.shards[place.Shard]
		if ok && s.head == nil {
			return nil
		}
		if err := index.Fits(place, s.head); err != nil {
			return err
		}
	}
	return nil
}

// peek reads what stands before the tenants.
func peek(data []byte) (*Shard, error) {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(z)
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, fmt.Errorf("config: no shard: %w", err)
	}
	var w wireShard
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, err
		}
		fields := map[any]any{"version": &w.Version, "name": &w.Name, "layout": &w.Layout, "place": &w.Place}
		if name == "parts" || name == "tenants" || name == "purges" {
			break
		}
		field := fields[name]
		if field == nil {
			field = new(json.RawMessage)
		}
		if err := d.Decode(field); err != nil {
			return nil, err
		}
	}
	s := &Shard{Server: w.Server, Layout: w.Layout}
	if err := s.place(w.Version, w.Place); err != nil {
		return nil, err
	}
	if s.Shard == 0 && !s.Layout.valid() {
		return nil, errors.New("config: the index has no layout")
	}
	return s, nil
}

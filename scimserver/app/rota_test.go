package app

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestRota: in each round every tenant has its turn once, whenever somebody looks, and the turns are spread.
func TestRota(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		keys := make([]string, rapid.IntRange(1, 3000).Draw(t, "tenants"))
		for i := range keys {
			keys[i] = fmt.Sprint("ns/", i)
		}
		r := rota{least: time.Minute, each: eachTenant}
		now, seen := time.Unix(0, 0), map[string]int{}
		r.due(now, func() []string { return keys })
		end := now.Add(r.round())
		for now.Before(end) {
			step := rapid.SampledFrom([]time.Duration{time.Second, r.pause(), 7 * time.Second, 3 * time.Minute}).Draw(t, "step")
			now = now.Add(step)
			due := r.due(now, func() []string { t.Fatal("a round ended early"); return nil })
			if most := int(step/eachTenant) + 1; len(due) > most {
				t.Fatalf("%d turns in %v, at most %d", len(due), step, most)
			}
			for _, key := range due {
				seen[key]++
			}
		}
		for _, key := range keys {
			if seen[key] != 1 {
				t.Fatalf("%s had %d turns", key, seen[key])
			}
		}
		again := false
		r.due(now, func() []string { again = true; return nil })
		if !again {
			t.Fatal("the next round does not begin")
		}
	})
}

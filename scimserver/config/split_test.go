package config

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

var few = bounds{tenants: 8, encoded: 1 << 20, decoded: 1 << 20}

func entry(n, generation int) Tenant {
	return Tenant{
		Key: fmt.Sprintf("ns/t%03d", n), UID: fmt.Sprint("u", n), Generation: int64(generation), IdentityProvider: "Okta", Protocol: "Strict",
		UniqueIdentifier: "email", Limits: Limits{BodyBytes: 1000},
	}
}

func serverOf(tenants map[int]int, purges map[int]bool) *Server {
	s := &Server{Version: Version, Name: "ns/shared", BaseURL: "https://x"}
	for n, generation := range tenants {
		s.Tenants = append(s.Tenants, entry(n, generation))
	}
	for n := range purges {
		s.Purges = append(s.Purges, Purge{Tenant: entry(n, 0).Key, UID: "gone"})
	}
	return canonical(s)
}

// secrets are what is stored, as an operator writes and a server reads it.
type secrets map[int][]byte

// fatal is what both kinds of tests have.
type fatal interface {
	Fatalf(format string, args ...any)
}

func (s secrets) set(t fatal) Set {
	out := Set{}
	for n, data := range s {
		shard, err := DecodeShard(data)
		if err != nil {
			t.Fatalf("shard %d: %v", n, err)
		}
		out[n] = Stored{Shard: shard, Data: data}
	}
	return out
}

func (s secrets) load(t fatal) (*Loaded, error) { return s.set(t).Load() }

// TestSplit changes a configuration again and again. After every single write what is stored is a whole set, in which each
// tenant is as it was or as it is to be, or it can be told to be none. A tenant leaves its shard only when that is divided or
// joined, and a change of one tenant writes one shard.
func TestSplit(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		stored, tenants, purges := secrets{}, map[int]int{}, map[int]bool{}
		for range rapid.IntRange(1, 5).Draw(t, "steps") {
			before := serverOf(tenants, purges)
			one := change(t, tenants, purges)
			after := serverOf(tenants, purges)
			have := stored.set(t)
			plan, err := split(after, have, few)
			if err != nil {
				t.Fatal(err)
			}
			moved := len(plan.Layout) != len(have.layout())
			if one && !moved && len(stored) > 0 && len(plan.Writes) != 1 {
				t.Fatalf("%d writes for one tenant", len(plan.Writes))
			}
			if !moved && len(stored) > 0 && !slices.Equal(plan.Layout, have.layout()) {
				t.Fatalf("the layout changed: %v, was %v", plan.Layout, have.layout())
			}
			for _, w := range plan.Writes {
				stored[w.Shard] = w.Data
				between(t, stored, before, after)
			}
			l, err := stored.load(t)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(after, l.Server, cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("(-want +got):\n%s", diff)
			}
			if l.Digest != after.Hash() {
				t.Fatal("another hash")
			}
			sizes(t, stored, plan)
			again, err := split(after, stored.set(t), few)
			if err != nil || len(again.Writes) > 0 {
				t.Fatalf("%d writes though nothing has changed, %v", len(again.Writes), err)
			}
		}
	})
}

// change one tenant, or many.
func change(t *rapid.T, tenants map[int]int, purges map[int]bool) (one bool) {
	switch rapid.SampledFrom([]string{"one", "many", "fewer", "purge"}).Draw(t, "change") {
	case "one":
		n := rapid.IntRange(0, 199).Draw(t, "tenant")
		tenants[n]++
		return true
	case "many":
		for n := range rapid.IntRange(1, 70).Draw(t, "tenants") {
			tenants[n]++
		}
	case "fewer":
		keep := rapid.IntRange(0, 20).Draw(t, "kept")
		maps.DeleteFunc(tenants, func(n, _ int) bool { return n%7 > 0 && n > keep })
	case "purge":
		purges[rapid.IntRange(0, 199).Draw(t, "purged")] = true
	}
	return false
}

// between looks at what is stored after one of several writes.
func between(t *rapid.T, stored secrets, before, after *Server) {
	l, err := stored.load(t)
	if errors.Is(err, ErrTorn) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	old, now := byKey(before), byKey(after)
	got := byKey(l.Server)
	for key, hash := range got {
		if hash != old[key] && hash != now[key] {
			t.Fatalf("%s is neither as it was nor as it is to be", key)
		}
	}
	for key := range old {
		if now[key] != "" && got[key] == "" {
			t.Fatalf("%s is missing", key)
		}
	}
}

func byKey(s *Server) map[string]string {
	out := map[string]string{}
	for _, t := range s.Tenants {
		out[t.Key] = t.Hash()
	}
	return out
}

func sizes(t *rapid.T, stored secrets, plan *Plan) {
	used := map[int]bool{}
	for _, n := range plan.Layout.Numbers() {
		used[n] = true
		if !bytes.Equal(plan.Data[n], stored[n]) {
			t.Fatalf("shard %d was not written", n)
		}
	}
	for n, data := range stored {
		shard, err := DecodeShard(data)
		if err != nil {
			t.Fatal(err)
		}
		if len(shard.Tenants) > few.tenants || !used[n] && len(shard.Tenants)+len(shard.Purges) > 0 {
			t.Fatalf("shard %d, in use %v, has %d tenants", n, used[n], len(shard.Tenants))
		}
	}
}

// TestTornSets: whatever is missing, damaged, or of another time, is told from a whole set.
func TestTornSets(t *testing.T) {
	t.Parallel()
	small, large := map[int]int{}, map[int]int{}
	for n := range 60 {
		if large[n] = 1; n < 5 {
			small[n] = 1
		}
	}
	first, second := secrets{}, secrets{}
	plan, err := split(serverOf(large, nil), nil, few)
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(first, plan.Data)
	plan, err = split(serverOf(small, nil), first.set(t), few)
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(second, first)
	for _, w := range plan.Writes {
		second[w.Shard] = w.Data
	}
	other := serverOf(large, nil)
	other.Name = "ns/other"
	plan, err = split(other, nil, few)
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		edit func(secrets)
		want string
	}{
		"no index":               {func(s secrets) { delete(s, 0) }, "shard 0 is missing"},
		"a shard is missing":     {func(s secrets) { delete(s, 2) }, "shard 2 is missing"},
		"of an earlier time":     {func(s secrets) { s[1] = second[1] }, "shard 1 is of another time"},
		"index of another time":  {func(s secrets) { maps.Copy(s, second); s[0] = first[0] }, "of another time"},
		"of another server":      {func(s secrets) { s[1] = plan.Data[1] }, "shard 1 is of server ns/other, this one is ns/shared"},
		"in the wrong Secret":    {func(s secrets) { s[1] = s[2] }, "shard 1 holds shard 2"},
		"damaged":                {func(s secrets) { s[1] = s[1][:40] }, "shard 1: config: damaged"},
		"empty":                  {func(s secrets) { s[1] = nil }, "shard 1: config: there is nothing"},
		"too many":               {func(s secrets) { s[200] = emptyShard(t, 200) }, "shards, the index names"},
		"as it should be":        {func(secrets) {}, ""},
		"a shard knows too much": {func(s secrets) { s[0] = first[0] }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := maps.Clone(first)
			tc.edit(s)
			l, err := new(Decoder).Decode(Bundle(s))
			if tc.want == "" {
				if err != nil || len(l.Tenants) != 60 {
					t.Errorf("%v, %v", l, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
		})
	}
}

func emptyShard(t *testing.T, n int) []byte {
	data, _, err := (&Shard{Place: Place{Shard: n, Span: noSpan}, Server: Server{Version: Version, Name: "ns/shared"}}).encode()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestOneSecret: what fits into one Secret is written as it always was.
func TestOneSecret(t *testing.T) {
	t.Parallel()
	plan, err := Split(serverOf(map[int]int{1: 1, 2: 1}, nil), nil)
	if err != nil || len(plan.Layout) != 1 || len(plan.Writes) != 1 {
		t.Fatalf("%+v, %v", plan, err)
	}
	text, err := decompress(plan.Data[0])
	if err != nil || !strings.HasPrefix(string(text), `{"version":1,"name":"ns/shared","baseURL":"https://x","tenants":[{"key":"ns/t001"`) {
		t.Errorf("%s, %v", text, err)
	}
}

// TestSharedParts: applications, mappings and extensions are written and decoded once.
func TestSharedParts(t *testing.T) {
	t.Parallel()
	s := &Server{Version: Version, Name: "ns/shared", BaseURL: "https://x"}
	for n := range 40 {
		e := entry(n, 1)
		e.Application = &Application{Name: "ns/a", Fields: []Field{{Name: "email", Type: "String"}}, Roles: []string{strings.Repeat("Viewer", 20)}}
		e.Mapping = &Mapping{Attributes: []AttributeRule{{Field: "email", From: "userName"}}}
		e.Extensions = []Extension{{ID: "urn:a", Resource: "User", Attributes: []Attribute{{Name: "a", Type: "string"}}}}
		e.Lifecycle = DefaultLifecycle()
		s.Tenants = append(s.Tenants, e)
	}
	plan, err := Split(s, nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := decompress(plan.Data[0])
	if err != nil || strings.Count(string(text), "ViewerViewer") != 10 {
		t.Errorf("the application is there %d times, %v", strings.Count(string(text), "ViewerViewer")/10, err)
	}
	l, err := new(Decoder).Decode(plan.Data[0])
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(canonical(s), l.Server, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if l.Tenants[0].Application != l.Tenants[39].Application || l.Tenants[0].Mapping != l.Tenants[39].Mapping {
		t.Error("the parts are not shared")
	}
	if l.Hashes[3] != s.Tenants[3].Hash() {
		t.Error("the hash depends on what is shared")
	}
	for name, edit := range map[string][2]string{
		"unknown part":    {`"applicationPart":"`, `"applicationPart":"x`},
		"part and itself": {`"mappingPart"`, `"mapping":{},"mappingPart"`},
		"in version 1":    {`"version":2`, `"version":1`},
	} {
		data, err := compress([]byte(strings.Replace(string(text), edit[0], edit[1], 1)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := DecodeShard(data); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

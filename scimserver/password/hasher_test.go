package password_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/password"
)

func TestHash(t *testing.T) {
	t.Parallel()
	h := password.NewHasher()
	hash, err := h.Hash(t.Context(), "t1meMa$heen")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") || strings.Contains(hash, "heen") {
		t.Errorf("hash %q", hash)
	}
	if again, err := h.Hash(t.Context(), "t1meMa$heen"); err != nil || again == hash {
		t.Errorf("two users with one password have one hash: %v", err)
	}
	for text, want := range map[string]bool{"t1meMa$heen": true, "t1meMa$hee": false, "": false, "T1MEMA$HEEN": false, "t1meMa$heen\x00": false} {
		if got, err := h.Matches(t.Context(), hash, text); err != nil || got != want {
			t.Errorf("Matches(%q) = %v, %v", text, got, err)
		}
	}
}

// TestKnownHash: what was kept yesterday is still the hash of its password. The sum is that of the reference program:
// printf t1meMa$heen | argon2 somesaltsomesalt -id -t 2 -k 19456 -p 1 -l 32
func TestKnownHash(t *testing.T) {
	t.Parallel()
	const kept = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$cPnWqYjoJCvLf/o6UwtoWB3zlIBdQzBfu7mzKciART4"
	if ok, err := password.NewHasher().Matches(t.Context(), kept, "t1meMa$heen"); err != nil || !ok {
		t.Errorf("Matches = %v, %v", ok, err)
	}
}

func TestBadHashes(t *testing.T) {
	t.Parallel()
	h := password.NewHasher()
	good, err := h.Hash(t.Context(), "x")
	if err != nil {
		t.Fatal(err)
	}
	for name, hash := range map[string]string{
		"none":          "",
		"clear text":    "x",
		"cut off":       good[:len(good)-1],
		"longer":        good + "A",
		"more memory":   strings.Replace(good, "m=19456", "m=99456", 1),
		"other kind":    strings.Replace(good, "argon2id", "argon2di", 1),
		"no base64":     good[:len(good)-1] + "%",
		"no separator":  good[:len(good)-44] + "A" + good[len(good)-43:],
		"a bcrypt hash": "$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
	} {
		if ok, err := h.Matches(t.Context(), hash, "x"); err == nil || ok {
			t.Errorf("%s: Matches = %v, %v", name, ok, err)
		}
	}
}

func TestLongPasswords(t *testing.T) {
	t.Parallel()
	h := password.NewHasher()
	if _, err := h.Hash(t.Context(), strings.Repeat("x", password.MaxBytes)); err != nil {
		t.Error(err)
	}
	if _, err := h.Hash(t.Context(), strings.Repeat("x", password.MaxBytes+1)); !errors.Is(err, password.ErrTooLong) {
		t.Errorf("got %v", err)
	}
}

// TestMemoryIsBounded: many requests at once take turns, and who is gone does not wait for one.
func TestMemoryIsBounded(t *testing.T) {
	h := password.NewHasher()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			if _, err := h.Hash(ctx, "x"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapSys) - int64(before.HeapSys); grown > 128<<20 {
		t.Errorf("the heap grew by %d MiB for 32 hashes", grown>>20)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	refused := 0
	for range 20 {
		if _, err := h.Hash(gone, "x"); errors.Is(err, context.Canceled) {
			refused++
		}
	}
	if refused == 0 {
		t.Error("a request that has ended is served all the same")
	}
}

func BenchmarkHash(b *testing.B) {
	h := password.NewHasher()
	for b.Loop() {
		if _, err := h.Hash(b.Context(), "t1meMa$heen"); err != nil {
			b.Fatal(err)
		}
	}
}

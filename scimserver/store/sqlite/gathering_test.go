package sqlite

import (
	"sync"
	"testing"
	"time"
)

func TestGathering(t *testing.T) {
	t.Parallel()
	var g gathering
	g.saw(1)
	if g.incomplete(1) {
		t.Error("a lone request waits")
	}
	g.saw(16)
	if !g.incomplete(15) || g.incomplete(16) {
		t.Error("of sixteen requests not just the last is waited for")
	}
	g.ended(9, true, true)
	if !g.incomplete(8) || g.incomplete(9) {
		t.Error("those who have not come are waited for again")
	}
}

// TestWaitsInVainBecomeRare has two requests seen at once before each batch, of which only one ever comes.
func TestWaitsInVainBecomeRare(t *testing.T) {
	t.Parallel()
	var g gathering
	waits := func(batches int) (n int) {
		for range batches {
			g.saw(2)
			waited := g.incomplete(1)
			n += int(units(waited))
			g.ended(1, waited, false)
		}
		return n
	}
	if n := waits(1000); n < 10 || n > 25 {
		t.Errorf("%d of 1000 batches waited, want 10 to 25", n)
	}
	for !g.incomplete(1) {
		g.saw(2)
		g.ended(1, false, false)
	}
	g.ended(2, true, true)
	if !g.incomplete(1) {
		t.Error("who was waited for and came is not waited for again")
	}
	g.ended(1, true, false)
	g.ended(1, false, false)
	g.saw(2)
	if !g.incomplete(1) {
		t.Error("who came is not forgiven the waits in vain before")
	}
}

// TestExpectedShareACommit lets requests come to a batch that waits for them, with less patience for the second one.
func TestExpectedShareACommit(t *testing.T) {
	t.Parallel()
	s := openTemp(t)
	waits := make(chan time.Duration)
	expect(t, s, 3, time.Hour, func(d time.Duration) <-chan time.Time {
		waits <- d
		return nil
	})
	var batches []*batch
	done := make(chan error, 3)
	insert := func(id string) {
		done <- run(s, func(t *tx) error {
			batches = append(batches, t.b)
			return insertUser(id)(t)
		})
	}
	go insert("a")
	first := <-waits
	go insert("b")
	second := <-waits
	go insert("c")
	for range 3 {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	if len(batches) != 3 || batches[0] != batches[1] || batches[1] != batches[2] {
		t.Error("the batch did not take in the requests that it waited for")
	}
	if first != maxPatience || second >= first {
		t.Errorf("waits of %s and then %s, want %s and then what was left of it", first, second, maxPatience)
	}
	equal(t, "users", present(t, s, "a", "b", "c"), []string{"a", "b", "c"})
}

// TestExpectedInVain lets a batch wait for somebody who does not come, no longer than a sync takes.
func TestExpectedInVain(t *testing.T) {
	t.Parallel()
	for took, want := range map[time.Duration]time.Duration{maxPatience / 3: maxPatience / 3, time.Hour: maxPatience} {
		t.Run(took.String(), func(t *testing.T) {
			t.Parallel()
			s := openTemp(t)
			var patience []time.Duration
			over := make(chan time.Time)
			close(over)
			expect(t, s, 2, took, func(d time.Duration) <-chan time.Time {
				patience = append(patience, d)
				return over
			})
			if err := run(s, insertUser("a")); err != nil {
				t.Fatal(err)
			}
			equal(t, "waits", patience, []time.Duration{want})
			expected(t, s, gathering{expected: 1, vain: 1, skip: 1})
			expected(t, s, gathering{expected: 1, vain: 1})
		})
	}
}

// expected holds what the writer foretells before a batch that changes nothing.
func expected(t *testing.T, s *Store, want gathering) {
	t.Helper()
	err := run(s, func(tx *tx) error {
		if got := tx.b.w.gathering; got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestThoseBeingSyncedAreExpected lets a request come while another one waits for its sync.
func TestThoseBeingSyncedAreExpected(t *testing.T) {
	t.Parallel()
	s := openTemp(t)
	syncing, release := holdSync(s)
	var wg sync.WaitGroup
	insert := func(fn func(*tx) error) func() {
		return func() {
			if err := run(s, fn); err != nil {
				t.Error(err)
			}
		}
	}
	wg.Go(insert(insertUser("a")))
	<-syncing
	wg.Go(insert(func(tx *tx) error {
		defer close(release)
		tx.b.w.saw(1)
		if got := tx.b.w.gathering.expected; got != 2 {
			t.Errorf("%d requests are expected, want 2", got)
		}
		return nil
	}))
	wg.Wait()
}

// expect makes the writer expect so many requests after a sync that took so long, and end its waits by after.
func expect(t *testing.T, s *Store, requests int, took time.Duration, after func(time.Duration) <-chan time.Time) {
	t.Helper()
	err := run(s, func(t *tx) error {
		w := t.b.w
		w.gathering.expected, w.syncer.took, w.after, w.maxTime = requests, took, after, time.Hour
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

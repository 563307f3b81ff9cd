package sqlite

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// TestHintsGrow holds that a table that grows keeps its hints, that most of a full one are right, and that it never takes more
// than its share of memory.
func TestHintsGrow(t *testing.T) {
	t.Parallel()
	h := newHints()
	id := func(i int) string { return fmt.Sprintf("id-%d", i) }
	known := func(n int) (right, wrong int) {
		for i := 1; i <= n; i++ {
			switch h.find(1, id(i)) {
			case 0:
			case int64(i):
				right++
			default:
				wrong++
			}
		}
		return right, wrong
	}
	n := 0
	for _, to := range []int{100, 10_000, 300_000, maxHints} {
		for n < to {
			n++
			h.put(1, id(n), int64(n))
		}
		if right, wrong := known(n); right < n*8/10 || wrong > n/100 {
			t.Errorf("of %d hints %d are right and %d wrong", n, right, wrong)
		}
	}
	if got := len(h.table.Load().buckets); got != 1<<maxHintBits {
		t.Errorf("got %d buckets, want %d", got, 1<<maxHintBits)
	}
}

func TestHints(t *testing.T) {
	t.Parallel()
	h := newHints()
	want := func(tenant int64, id string, seq int64) {
		t.Helper()
		if got := h.find(tenant, id); got != seq {
			t.Errorf("%s of tenant %d: got %d, want %d", id, tenant, got, seq)
		}
	}
	want(1, "a", 0)
	h.put(1, "a", 7)
	h.put(2, "a", 8)
	want(1, "a", 7)
	want(2, "a", 8)
	h.put(1, "a", 9)
	want(1, "a", 9)
	h.put(1, "a", seqMask+1) // has no room
	want(1, "a", 9)
	h.put(1, "b", seqMask)
	want(1, "b", seqMask)
	for seq := int64(1); seq <= 100; seq++ {
		h.put(3, "c", seq)
	}
	if got := h.table.Load().used.Load(); got != 4 {
		t.Errorf("got %d hints, want 4", got)
	}
}

// TestHintsShared lets several use the hints while they grow; the race detector looks on.
func TestHintsShared(t *testing.T) {
	t.Parallel()
	const each = 20_000
	h := newHints()
	var g sync.WaitGroup
	for worker := range int64(4) {
		g.Go(func() {
			for i := int64(1); i <= each; i++ {
				h.put(worker, fmt.Sprint(i), i)
				h.find(worker, fmt.Sprint(i/2))
			}
		})
	}
	g.Wait()
	right := 0
	for worker := range int64(4) {
		for i := int64(1); i <= each; i++ {
			if h.find(worker, fmt.Sprint(i)) == i {
				right++
			}
		}
	}
	if right < 4*each*9/10 {
		t.Errorf("%d of %d hints are left", right, 4*each)
	}
}

// putUsers inserts users in one transaction.
func putUsers(t *testing.T, s *Store, tenant string, ids ...string) {
	t.Helper()
	err := s.Update(t.Context(), tenant, func(w store.Writer) error {
		for _, id := range ids {
			_, err := w.Insert(t.Context(), store.Record{Type: store.TypeUser, ID: id, Doc: []byte(tenant + id)})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// wantUser reads the user in a View and in a transaction.
func wantUser(t *testing.T, s *Store, tenant, id string, there bool) {
	t.Helper()
	read := func(r store.Reader) error {
		got, err := r.Get(t.Context(), store.TypeUser, id)
		switch {
		case !there && errors.Is(err, store.ErrNotFound):
			return nil
		case there && err == nil && got.ID == id && string(got.Doc) == tenant+id:
			return nil
		}
		return fmt.Errorf("got %q of %s, error %w", got.Doc, tenant, err)
	}
	if err := s.View(t.Context(), tenant, read); err != nil {
		t.Errorf("view: %v", err)
	}
	if err := s.Update(t.Context(), tenant, func(w store.Writer) error { return read(w) }); err != nil {
		t.Errorf("update: %v", err)
	}
}

// TestWrongHints holds that nobody is misled: neither by a row that another resource has got, nor by that of another tenant,
// nor by one of another type, nor by one that is gone.
func TestWrongHints(t *testing.T) {
	t.Parallel()
	s := openTemp(t)
	putUsers(t, s, "t/a", "u1", "u2")
	putUsers(t, s, "t/b", "u1")
	a := s.names.tenant("t/a")
	right := s.hints.find(a, "u2")
	if right == 0 {
		t.Fatal("no hint for what was inserted")
	}
	for name, wrong := range map[string]int64{
		"another resource": s.hints.find(a, "u1"), "another tenant": s.hints.find(s.names.tenant("t/b"), "u1"), "no row": 1 << 30,
	} {
		s.hints.put(a, "u2", wrong)
		wantUser(t, s, "t/a", "u2", true)
		if got := s.hints.find(a, "u2"); got != right {
			t.Errorf("%s: the hint is %d afterwards, want %d", name, got, right)
		}
	}
	s.hints.put(a, "u3", right)
	wantUser(t, s, "t/a", "u3", false)
	s.hints.put(a, "u1", s.hints.find(s.names.tenant("t/b"), "u1"))
	wantUser(t, s, "t/a", "u1", true)
	err := s.View(t.Context(), "t/a", func(r store.Reader) error {
		_, err := r.Get(t.Context(), store.TypeGroup, "u2")
		return err
	})
	if !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a user as a group: got error %v", err)
	}
}

// TestViewAfterWrongHint holds that a View keeps to one state of the database when it was misled at first.
func TestViewAfterWrongHint(t *testing.T) {
	t.Parallel()
	s := openTemp(t)
	putUsers(t, s, "t/a", "u1", "u2")
	a := s.names.tenant("t/a")
	s.hints.put(a, "u2", s.hints.find(a, "u1"))
	err := s.View(t.Context(), "t/a", func(r store.Reader) error {
		if _, err := r.Get(t.Context(), store.TypeUser, "u2"); err != nil {
			return err
		}
		putUsers(t, s, "t/a", "u3")
		if _, err := r.Get(t.Context(), store.TypeUser, "u3"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a user that has come since: got error %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestRowTakenOver has a new resource get the row of one that was deleted.
func TestRowTakenOver(t *testing.T) {
	t.Parallel()
	s := openTemp(t)
	putUsers(t, s, "t/a", "old")
	row := s.hints.find(s.names.tenant("t/a"), "old")
	err := s.Update(t.Context(), "t/a", func(w store.Writer) error {
		return w.Delete(t.Context(), store.TypeUser, "old", timeOf(1))
	})
	if err != nil {
		t.Fatal(err)
	}
	wantUser(t, s, "t/a", "old", false)
	putUsers(t, s, "t/a", "new")
	if got := s.hints.find(s.names.tenant("t/a"), "new"); got != row {
		t.Fatalf("the new resource has row %d, want %d", got, row)
	}
	wantUser(t, s, "t/a", "old", false)
	wantUser(t, s, "t/a", "new", true)
}

// TestHintsLoaded holds that a store that is opened knows where its resources are, in all portions and tenants.
func TestHintsLoaded(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "scim.db")
	ids := make([]string, hintsPortion/2+10) // so that a portion ends within a tenant
	for i := range ids {
		ids[i] = fmt.Sprint("u", i)
	}
	s := openAt(t, path)
	putUsers(t, s, "t/a", ids...)
	putUsers(t, s, "t/b", ids...)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openAt(t, path)
	<-s.loaded
	missing := 0
	for _, tenant := range []string{"t/a", "t/b"} {
		for _, id := range ids {
			if s.hints.find(s.names.tenant(tenant), id) == 0 {
				missing++
			}
		}
		wantUser(t, s, tenant, ids[17], true)
	}
	if missing > len(ids)/20 { // of two tenants
		t.Errorf("%d of %d have no hint", missing, 2*len(ids))
	}
}

func openAt(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(t.Context(), Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() }) // again, if the test has done so
	return s
}

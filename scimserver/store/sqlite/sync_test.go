package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// TestAcknowledgedIsSynced keeps the files as they are whenever a sync of the log begins: what a power
// failure leaves at the least. A change that is acknowledged must be in the latest of them.
func TestAcknowledgedIsSynced(t *testing.T) {
	t.Parallel()
	s := openTemp(t)
	var syncs atomic.Int64
	dir, sync1 := t.TempDir(), s.writer.syncer.sync
	s.writer.syncer.sync = func() error {
		if err := copyDatabase(s.path, filepath.Join(dir, fmt.Sprint(syncs.Load()+1))); err != nil {
			return err
		}
		syncs.Add(1)
		return sync1()
	}
	const writers, users = 4, 6
	var wg sync.WaitGroup
	var mu sync.Mutex
	acknowledged := map[int64][]string{} // by the number of the latest sync
	for w := range writers {
		wg.Go(func() {
			for n := range users {
				id := fmt.Sprintf("%d-%d", w, n)
				if err := run(s, insertUser(id)); err != nil {
					t.Error(err)
				}
				mu.Lock()
				acknowledged[syncs.Load()] = append(acknowledged[syncs.Load()], id)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	for n, ids := range acknowledged {
		left, err := Open(context.Background(), Options{Path: filepath.Join(dir, fmt.Sprint(n))})
		if err != nil {
			t.Fatal(err)
		}
		equal(t, fmt.Sprintf("users after sync %d", n), present(t, left, ids...), ids)
		if err := left.Close(); err != nil {
			t.Error(err)
		}
	}
}

func copyDatabase(path, to string) error {
	for _, suffix := range []string{"", "-wal"} {
		b, err := os.ReadFile(path + suffix)
		if err == nil {
			err = os.WriteFile(to+suffix, b, 0o600)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// holdSync holds the first sync up until release is closed, and tells when it begins.
func holdSync(s *Store) (syncing, release chan struct{}) {
	syncing, release = make(chan struct{}), make(chan struct{})
	var once sync.Once
	sync1 := s.writer.syncer.sync
	s.writer.syncer.sync = func() error {
		once.Do(func() { close(syncing); <-release })
		return sync1()
	}
	return syncing, release
}

// TestNobodyIsToldBeforeTheSync holds a sync up: neither who has made the change nor who has seen it
// gets an answer.
func TestNobodyIsToldBeforeTheSync(t *testing.T) {
	t.Parallel()
	s := openTemp(t)
	syncing, release := holdSync(s)
	var released atomic.Bool
	var wg sync.WaitGroup
	told := func(what string, err error) {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if !released.Load() {
			t.Errorf("%s: told before the sync", what)
		}
	}
	wg.Go(func() { told("who has made the change", run(s, insertUser("a"))) })
	<-syncing
	seen := make(chan struct{}, 2)
	look := func(r store.Reader) error {
		_, err := r.Get(context.Background(), store.TypeUser, "a")
		seen <- struct{}{}
		return err
	}
	wg.Go(func() { told("a reader", s.View(context.Background(), crashTenant, look)) })
	wg.Go(func() { told("a writer that changes nothing", run(s, func(t *tx) error { return look(t) })) })
	<-seen
	<-seen
	for range 1000 {
		runtime.Gosched()
	}
	released.Store(true)
	close(release)
	wg.Wait()
}

// TestReadersOfOtherTablesDoNotWait holds a sync up, while readers look at what the commit has not changed, and at what it has.
func TestReadersOfOtherTablesDoNotWait(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	appendLog := func(t *tx) error { return t.AppendLog(ctx, store.LogRow{Entry: []byte("{}")}) }
	reads := map[string]func(store.Reader) error{
		"user":               func(r store.Reader) error { _, err := r.Get(ctx, store.TypeUser, "a"); return err },
		"groups of the user": func(r store.Reader) error { _, err := r.GroupsOf(ctx, []string{"a"}); return err },
		"member": func(r store.Reader) error {
			if _, err := r.Member(ctx, "a"); !errors.Is(err, store.ErrNotFound) {
				return err
			}
			return nil
		},
		"log": func(r store.Reader) error { _, err := logOf(r.(*snapshot)); return err },
	}
	tests := map[string]struct {
		change func(*tx) error
		wait   []string // the reads that do
	}{
		"log":  {appendLog, []string{"log"}},
		"user": {insertUser("b"), []string{"groups of the user", "user"}},
		"both": {func(t *tx) error { return errors.Join(appendLog(t), insertUser("b")(t)) }, []string{"groups of the user", "log", "user"}},
		"a new symbol": {func(t *tx) error { _, err := t.symbol("new"); return err },
			[]string{"groups of the user", "log", "member", "user"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := openTemp(t)
			if err := run(s, insertUser("a")); err != nil {
				t.Fatal(err)
			}
			syncing, release := make(chan struct{}), make(chan struct{})
			sync1 := s.writer.syncer.sync
			s.writer.syncer.sync = func() error { close(syncing); <-release; return sync1() }
			var wg sync.WaitGroup
			wg.Go(func() {
				if err := run(s, test.change); err != nil {
					t.Error(err)
				}
			})
			<-syncing
			var waited []string
			for what, read := range reads {
				atOnce, cancel := context.WithCancel(ctx)
				seen := func(r store.Reader) error { defer cancel(); return read(r) }
				switch err := s.View(atOnce, crashTenant, seen); {
				case errors.Is(err, context.Canceled):
					waited = append(waited, what)
				case err != nil:
					t.Errorf("%s: %v", what, err)
				}
			}
			close(release)
			wg.Wait()
			slices.Sort(waited)
			equal(t, "reads that wait", waited, test.wait)
		})
	}
}

// logOf reads the provisioning log as QueryLog does.
func logOf(v *snapshot) (rows int, err error) {
	st, err := v.prepare(oldestLogSQL)
	if err != nil {
		return 0, err
	}
	defer st.Reset()
	for i, n := range []int64{0, 1 << 62, 0, 0, 0, 0, 10} {
		st.BindInt64(i+1, n)
	}
	err = v.each(context.Background(), st, func() error { rows++; return nil })
	return rows, err
}

// TestFailedSync holds that nothing is done with a database whose log could not be synced, until it is
// opened anew.
func TestFailedSync(t *testing.T) {
	t.Parallel()
	s, err := Open(context.Background(), Options{Path: t.TempDir() + "/scim.db"})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	if err := run(s, insertUser("before")); err != nil {
		t.Fatal(err)
	}
	errDisk := errors.New("disk is broken")
	s.writer.syncer.sync = func() error { return errDisk }
	if err := run(s, insertUser("a")); !errors.Is(err, errDisk) {
		t.Errorf("got error %v, want that of the disk", err)
	}
	s.writer.syncer.sync = func() error { return nil }
	s.written.Store(0)
	for name, err := range map[string]error{
		"Update": run(s, insertUser("b")),
		"View":   s.View(ctx, crashTenant, func(store.Reader) error { return nil }),
		"Ping":   s.Ping(ctx),
		"Close":  s.Close(),
	} {
		if !errors.Is(err, store.ErrUnavailable) || !errors.Is(err, store.ErrBroken) || !errors.Is(err, errDisk) {
			t.Errorf("%s: got error %v, want ErrUnavailable and ErrBroken", name, err)
		}
	}
	if _, err := os.Stat(s.path + "-wal"); err != nil {
		t.Errorf("the log was moved into the database: %v", err)
	}
	s, err = Open(ctx, Options{Path: s.path})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	equal(t, "users", present(t, s, "before", "b"), []string{"before"})
	if err := run(s, insertUser("after")); err != nil {
		t.Error(err)
	}
}

// largeUser takes some pages of the log.
func largeUser(id string) func(*tx) error {
	return func(t *tx) error {
		r := crashRecord(store.TypeUser, id, id)
		r.Doc = fmt.Appendf(nil, `{"fill":%q}`, strings.Repeat("x", 40_000))
		_, err := t.Insert(context.Background(), r)
		return err
	}
}

// TestLogStaysShort writes many times what the log may hold, with a reader that hinders its pages from
// being moved at first.
func TestLogStaysShort(t *testing.T) {
	t.Parallel()
	s := openTemp(t)
	log := s.writer.log
	log.from, log.most = 50, 200
	write := func(from, to int) (longest int) {
		for n := from; n < to; n++ {
			if err := run(s, largeUser(fmt.Sprint(n))); err != nil {
				t.Fatal(err)
			}
			err := run(s, func(t *tx) error { longest = max(longest, t.session.conn.LogPages()); return nil })
			if err != nil {
				t.Fatal(err)
			}
		}
		return longest
	}
	err := s.View(context.Background(), crashTenant, func(r store.Reader) error {
		if _, err := r.Get(context.Background(), store.TypeUser, "x"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("got error %v", err)
		}
		if pages := write(0, 50); pages < 400 {
			t.Errorf("%d pages, though a reader needs them in the log", pages)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	write(50, 100)
	if pages := write(100, 150); pages > 300 {
		t.Errorf("%d pages in the log", pages)
	}
}

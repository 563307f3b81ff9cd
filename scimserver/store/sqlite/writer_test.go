package sqlite

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// run runs a transaction of which the test sees the inside.
func run(s *Store, fn func(t *tx) error) error {
	return s.writer.update(&request{ctx: context.Background(), tenant: crashTenant, fn: fn})
}

// together runs transactions that wait at the same time, so that they are a batch, in their order, however long it takes.
func together(t *testing.T, s *Store, fns ...func(*tx) error) []error {
	t.Helper()
	started, release := make(chan struct{}), make(chan struct{})
	var once sync.Once // it may be run again
	go func() {
		_ = run(s, func(t *tx) error {
			t.b.w.maxTime = time.Hour
			once.Do(func() { close(started) })
			<-release
			return nil
		})
	}()
	<-started
	results := make([]chan error, len(fns))
	for i, fn := range fns {
		results[i] = make(chan error, 1)
		go func() { results[i] <- run(s, fn) }()
		for len(s.writer.queue) <= i {
			runtime.Gosched()
		}
	}
	close(release)
	errs := make([]error, len(fns))
	for i := range fns {
		errs[i] = <-results[i]
	}
	return errs
}

// insertUser is a transaction that adds a user.
func insertUser(id string) func(*tx) error {
	return func(t *tx) error {
		_, err := t.Insert(context.Background(), crashRecord(store.TypeUser, id, "name of "+id))
		return err
	}
}

// present returns which of the users are there.
func present(t *testing.T, s *Store, ids ...string) (found []string) {
	t.Helper()
	err := s.View(context.Background(), crashTenant, func(r store.Reader) error {
		for _, id := range ids {
			_, err := r.Get(context.Background(), store.TypeUser, id)
			if err == nil {
				found = append(found, id)
			} else if !errors.Is(err, store.ErrNotFound) {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestConcurrentTransactionsShareACommit(t *testing.T) {
	t.Parallel()
	s := openTemp(t)
	var batches []*batch
	insert := func(id string) func(*tx) error {
		return func(t *tx) error {
			batches = append(batches, t.b)
			return insertUser(id)(t)
		}
	}
	for i, err := range together(t, s, insert("a"), insert("b"), insert("a"), insert("c")) {
		var taken *store.UniquenessError
		if want := i == 2; errors.As(err, &taken) != want || (err != nil) != want {
			t.Errorf("transaction %d: got error %v", i, err)
		}
	}
	for _, b := range batches {
		if b != batches[0] {
			t.Error("the transactions were committed apart")
		}
	}
	equal(t, "users", present(t, s, "a", "b", "c"), []string{"a", "b", "c"})
	checkDatabase(t, s.path)
}

// TestAlone holds that a transaction that wants a batch of its own gets it.
func TestAlone(t *testing.T) {
	t.Parallel()
	s := openTemp(t)
	var members []int
	look := func(t *tx) error {
		members = append(members, len(t.b.members))
		return nil
	}
	started, release := make(chan struct{}), make(chan struct{})
	requests := []*request{
		{fn: func(*tx) error { close(started); <-release; return nil }},
		{fn: look}, {fn: look, alone: true}, {fn: look}, {fn: look}, {fn: look, alone: true}, {fn: look, alone: true},
	}
	done := make(chan error)
	for i, r := range requests {
		r.ctx = context.Background()
		go func() { done <- s.writer.update(r) }()
		if i == 0 {
			<-started
		}
		for len(s.writer.queue) < i {
			runtime.Gosched()
		}
	}
	close(release)
	for range requests {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	equal(t, "transactions before in the batch", members, []int{1, 0, 0, 1, 0, 0})
}

func TestFailureUndoesItselfAlone(t *testing.T) {
	t.Parallel()
	errStop := errors.New("stop")
	fail := func(id string) func(*tx) error {
		return func(t *tx) error { return errors.Join(insertUser(id)(t), errStop) }
	}
	s := openTemp(t)
	errs := together(t, s, fail("a"), insertUser("b"), fail("c"), insertUser("d"), fail("e"))
	for i, err := range errs {
		if errors.Is(err, errStop) != (i%2 == 0) {
			t.Errorf("transaction %d: got error %v", i, err)
		}
	}
	equal(t, "users", present(t, s, "a", "b", "c", "d", "e"), []string{"b", "d"})
	checkDatabase(t, s.path)
}

// breakCommit violates a foreign key in a way that shows at the commit, if they are checked.
func breakCommit(t *tx) error {
	if err := t.session.conn.Exec("PRAGMA defer_foreign_keys = 1"); err != nil {
		return err
	}
	return t.writeInts(addMemberSQL, 777, 1, 777)
}

func TestFailedCommitFailsEverybodyInIt(t *testing.T) {
	t.Parallel()
	s := openTemp(t)
	pragma(t, s, "foreign_keys = 1")
	notFound := func(t *tx) error { return t.Touch(context.Background(), store.TypeUser, "nobody", time.Now()) }
	for i, err := range together(t, s, insertUser("a"), breakCommit, notFound) {
		if !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("transaction %d: got error %v, want ErrUnavailable", i, err)
		}
	}
	equal(t, "users", len(present(t, s, "a")), 0)
	if err := run(s, insertUser("b")); err != nil {
		t.Errorf("the next transaction: %v", err)
	}
	checkDatabase(t, s.path)
}

// TestLostBatch has SQLite roll back the whole batch in one of its transactions, as it does on some
// failures: the others are run again.
func TestLostBatch(t *testing.T) {
	t.Parallel()
	s := openTemp(t)
	lose := func(t *tx) error {
		if err := insertUser("lost")(t); err != nil {
			return err
		}
		return t.session.conn.Exec("ROLLBACK")
	}
	calls := 0
	counted := func(t *tx) error {
		calls++
		return insertUser("b")(t)
	}
	errs := together(t, s, insertUser("a"), counted, lose, insertUser("c"))
	equal(t, "calls", calls, 2)
	for i, err := range errs {
		if (err != nil) != (i == 2) {
			t.Errorf("transaction %d: got error %v", i, err)
		}
	}
	equal(t, "users", present(t, s, "a", "b", "c", "lost"), []string{"a", "b", "c"})
	checkDatabase(t, s.path)
}

// TestFailureIsNotForgotten has a function ignore the error of a statement.
func TestFailureIsNotForgotten(t *testing.T) {
	t.Parallel()
	s := openTemp(t)
	for _, own := range []error{nil, errors.New("own")} {
		err := run(s, func(t *tx) error {
			_ = t.writeInts("INSERT INTO nowhere VALUES (?1)", 1)
			_ = insertUser("a")(t)
			return own
		})
		if err == nil || !strings.Contains(err.Error(), "nowhere") || !errors.Is(err, own) && own != nil {
			t.Errorf("got error %v", err)
		}
	}
	equal(t, "users", len(present(t, s, "a")), 0)
}

func TestGoexit(t *testing.T) {
	t.Parallel()
	s := openTemp(t)
	exit := func(t *tx) error {
		_ = insertUser("x")(t)
		runtime.Goexit()
		return nil
	}
	errs := together(t, s, insertUser("a"), exit, insertUser("c"))
	for i, want := range []bool{true, true, false} {
		if errors.Is(errs[i], store.ErrUnavailable) != want {
			t.Errorf("transaction %d: got error %v", i, errs[i])
		}
	}
	equal(t, "users", present(t, s, "a", "x", "c"), []string{"c"})
}

func TestWaitEndsWithTheContext(t *testing.T) {
	t.Parallel()
	s := openTemp(t)
	started, release := make(chan struct{}), make(chan struct{})
	go func() {
		_ = run(s, func(*tx) error {
			close(started)
			<-release
			return nil
		})
	}()
	<-started
	defer close(release)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() {
		done <- s.Update(ctx, crashTenant, func(store.Writer) error {
			t.Error("the function was called")
			return nil
		})
	}()
	for len(s.writer.queue) == 0 {
		runtime.Gosched()
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want context.Canceled", err)
	}
}

func TestUseAfterTheEnd(t *testing.T) {
	t.Parallel()
	s := openTemp(t)
	var w store.Writer
	var r store.Reader
	ctx := context.Background()
	if err := s.Update(ctx, crashTenant, func(x store.Writer) error { w = x; return nil }); err != nil {
		t.Fatal(err)
	}
	if err := s.View(ctx, crashTenant, func(x store.Reader) error { r = x; return nil }); err != nil {
		t.Fatal(err)
	}
	_, errGet := r.Get(ctx, store.TypeUser, "a")
	_, errFind := r.Find(ctx, store.Query{Type: store.TypeUser, Limit: 1, Sort: &store.Sort{Path: sortPath(t, store.TypeUser)}})
	_, errInsert := w.Insert(ctx, crashRecord(store.TypeUser, "a", "a"))
	for i, err := range []error{errGet, errInsert} {
		if !errors.Is(err, errUsedLate) {
			t.Errorf("call %d: got error %v", i, err)
		}
	}
	if errFind != nil && !errors.Is(errFind, errUsedLate) {
		t.Errorf("Find: %v", errFind)
	}
}

// TestCloseRunsWhatWaits closes the store while transactions wait.
func TestCloseRunsWhatWaits(t *testing.T) {
	t.Parallel()
	s, err := Open(context.Background(), Options{Path: t.TempDir() + "/scim.db"})
	if err != nil {
		t.Fatal(err)
	}
	const n = 50
	results := make(chan error, n)
	for i := range n {
		go func() { results <- run(s, insertUser(fmt.Sprint(i))) }()
	}
	if err := <-results; err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	succeeded := int64(1)
	for range n - 1 {
		switch err := <-results; {
		case err == nil:
			succeeded++
		case !errors.Is(err, store.ErrUnavailable):
			t.Errorf("got error %v", err)
		}
	}
	s, err = Open(context.Background(), Options{Path: s.path})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	counts, err := s.Counts(context.Background(), crashTenant)
	equal(t, "Counts", counts, store.Counts{Users: succeeded, ActiveUsers: succeeded})
	if err != nil {
		t.Error(err)
	}
}

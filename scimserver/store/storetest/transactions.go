package storetest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

var transactionTests = map[string]func(*testing.T, *bench){
	"an error undoes everything":          testRollback,
	"a panic undoes and is passed on":     testPanic,
	"it reads its own changes":            testOwnChanges,
	"a view is one snapshot":              testSnapshot,
	"failures do not touch neighbours":    testNeighbours,
	"a context that has ended":            testContext,
	"a context that ends inside":          testContextInside,
	"views and updates return fn's error": testError,
	"close":                               testClose,
	"ping":                                testPing,
}

var errStop = errors.New("stop")

// fill makes changes of every kind.
func fill(ctx context.Context, w store.Writer) error {
	for _, r := range []store.Record{withBadge(userRecord(id(50), "fay"), "50"), groupRecord(id(51), "crew")} {
		if _, err := w.Insert(ctx, r); err != nil {
			return err
		}
	}
	if _, _, err := w.AddMembers(ctx, id(51), []string{id(50), id(1)}); err != nil {
		return err
	}
	r := userRecord(id(1), "renamed")
	r.Active = false
	if _, err := w.Replace(ctx, r); err != nil {
		return err
	}
	return w.Delete(ctx, store.TypeUser, id(2), day(2))
}

// untouched checks that nothing of fill is there.
func (b *bench) untouched() {
	b.tb.Helper()
	ids, total := b.find(store.Query{Type: store.TypeUser, Limit: 10})
	b.equal("users", ids, []string{id(1), id(2)})
	b.equal("total", total, int64(2))
	b.equal("Counts", b.counts(), store.Counts{Users: 2, ActiveUsers: 2})
	b.equal("Version", b.get(store.TypeUser, id(1)).Version, int64(1))
	b.missing(store.TypeGroup, id(51))
}

func testRollback(t *testing.T, b *bench) {
	b.insertUsers(1, 2)
	b.failsWith(errStop, func(ctx context.Context, w store.Writer) error { return errors.Join(fill(ctx, w), errStop) })
	b.untouched()
	b.update(fill)
	b.equal("Counts", b.counts(), store.Counts{Users: 2, ActiveUsers: 1, Groups: 1})
}

func testPanic(t *testing.T, b *bench) {
	b.insertUsers(1, 2)
	for _, value := range []any{"boom", errStop} {
		got := func() (got any) {
			defer func() { got = recover() }()
			b.update(func(ctx context.Context, w store.Writer) error {
				_ = fill(ctx, w)
				panic(value)
			})
			return nil
		}()
		if !strings.Contains(fmt.Sprint(got), fmt.Sprint(value)) {
			t.Errorf("got panic %v, want %v", got, value)
		}
		b.untouched()
	}
	b.update(fill)
}

func testOwnChanges(t *testing.T, b *bench) {
	b.insertUsers(1, 2)
	b.update(func(ctx context.Context, w store.Writer) error {
		if err := fill(ctx, w); err != nil {
			return err
		}
		page, err := w.Find(ctx, store.Query{Type: store.TypeUser, Offset: 1, Limit: 5})
		b.equal("total", page.Total, int64(2))
		if len(page.Records) != 1 || page.Records[0].ID != id(50) {
			t.Errorf("Find: got %v", page.Records)
		}
		in, err2 := w.MembersIn(ctx, id(51), []string{id(2), id(1)})
		b.equal("MembersIn", in, []string{id(1)})
		return errors.Join(err, err2)
	})
}

// testSnapshot changes the tenant in the middle of a View: it sees the state before, or begins anew and sees that after.
func testSnapshot(t *testing.T, b *bench) {
	b.insertUsers(1, 2)
	runs := 0
	b.view(func(ctx context.Context, r store.Reader) error {
		runs++
		if _, err := r.Get(ctx, store.TypeUser, id(1)); err != nil {
			return err
		}
		if runs == 1 {
			b.update(fill)
		}
		page, err := r.Find(ctx, store.Query{Type: store.TypeUser, Limit: 5})
		if err != nil {
			return err
		}
		if len(page.Records) != 2 || page.Total != 2 || page.Records[0].Version != int64(runs) {
			t.Errorf("Find: got %v in run %d, want the state before the update in the first, and that after it in the second", page, runs)
		}
		_, err = r.Get(ctx, store.TypeGroup, id(51))
		b.equal("no new group", errors.Is(err, store.ErrNotFound), runs == 1)
		return nil
	})
	if runs > 2 {
		t.Errorf("the View began %d times", runs)
	}
	b.get(store.TypeGroup, id(51))
}

// testNeighbours mixes transactions that succeed, fail late, panic and end their goroutine.
func testNeighbours(t *testing.T, b *bench) {
	const n = 60
	var wg sync.WaitGroup
	for i := range n {
		wg.Add(1)
		go func() {
			defer wg.Done()
			defer func() { _ = recover() }()
			_ = b.Update(context.Background(), b.tenant, func(w store.Writer) error {
				return neighbour(w, i)
			})
		}()
	}
	wg.Wait()
	b.equal("Counts", b.counts(), store.Counts{Users: n / 2, ActiveUsers: n / 2})
	ids, total := b.find(store.Query{Type: store.TypeUser, Limit: n})
	b.equal("total", total, int64(n/2))
	b.equal("found", len(ids), n/2)
}

func neighbour(w store.Writer, i int) error {
	if _, err := w.Insert(context.Background(), userRecord(id(i), fmt.Sprint("u", i))); err != nil {
		return err
	}
	switch {
	case i%2 == 0:
		return nil
	case i%3 == 0:
		panic("neighbour")
	}
	return errStop
}

func testContext(t *testing.T, b *bench) {
	b.insertUsers(1, 2)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	called := func(store.Writer) error {
		t.Error("the function was called")
		return nil
	}
	b.equal("Update", errors.Is(b.Update(ctx, b.tenant, called), context.Canceled), true)
	b.view(func(_ context.Context, r store.Reader) error {
		_, errGet := r.Get(ctx, store.TypeUser, id(1))
		_, errFind := r.Find(ctx, store.Query{Type: store.TypeUser, Limit: 1})
		_, errIn := r.MembersIn(ctx, id(1), []string{id(1)})
		for _, err := range []error{errGet, errFind, errIn} {
			b.equal("error", errors.Is(err, context.Canceled), true)
		}
		return nil
	})
}

func testContextInside(t *testing.T, b *bench) {
	b.insertUsers(1, 2)
	ctx, cancel := context.WithCancel(context.Background())
	err := b.Update(ctx, b.tenant, func(w store.Writer) error {
		if err := fill(ctx, w); err != nil {
			return err
		}
		cancel()
		return w.Touch(ctx, store.TypeGroup, id(51), day(3))
	})
	b.equal("error", errors.Is(err, context.Canceled), true)
	b.untouched()
}

func testError(t *testing.T, b *bench) {
	ctx := context.Background()
	if err := b.View(ctx, b.tenant, func(store.Reader) error { return errStop }); !errors.Is(err, errStop) {
		t.Errorf("View: got %v, want %v", err, errStop)
	}
	if err := b.Update(ctx, b.tenant, func(store.Writer) error { return errStop }); !errors.Is(err, errStop) {
		t.Errorf("Update: got %v, want %v", err, errStop)
	}
}

func testClose(t *testing.T, b *bench) {
	b.insertUsers(1, 2)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	_, errCounts := b.Counts(ctx, b.tenant)
	for name, err := range map[string]error{
		"View":   b.View(ctx, b.tenant, func(store.Reader) error { return nil }),
		"Update": b.Update(ctx, b.tenant, func(store.Writer) error { return nil }),
		"Counts": errCounts,
		"Purge":  b.Purge(ctx, b.tenant, "1"),
		"Ping":   b.Ping(ctx),
	} {
		if !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("%s: got %v, want ErrUnavailable", name, err)
		}
	}
}

func testPing(t *testing.T, b *bench) {
	for range 2 {
		if err := b.Ping(context.Background()); err != nil {
			t.Fatal(err)
		}
		runtime.Gosched()
	}
}

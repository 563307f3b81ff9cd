package move

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/memory"
)

// TestRunKilled: either server dies at each step of a move, one by one; the next attempt ends it, and nothing is lost.
func TestRunKilled(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func() (source, target store.Store){
		"two databases": func() (store.Store, store.Store) { return memory.New(), memory.New() },
		"one database": func() (store.Store, store.Store) {
			one := memory.NewShared()
			return one.Beside(), one.Beside()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source, target := open()
			whole := newWorld(t, source, target)
			whole.populate()
			whole.must(whole.run(t.Context()))
			steps := whole.taken()
			for i, step := range steps {
				t.Run(fmt.Sprintf("%d %s", i, step), func(t *testing.T) {
					t.Parallel()
					source, target := open()
					w := newWorld(t, source, target)
					w.populate()
					w.dieAt(i)
					w.recover()
				})
			}
		})
	}
}

// populate writes users, some of them when the copy is done.
func (w *world) populate() {
	w.t.Helper()
	w.must(w.put(ids("user", 4)...))
	w.at = once("before seal", func() error { return w.put("u1") })
}

// dieAt has the target die at a step: nothing of it gets through any more.
func (w *world) dieAt(n int) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	populate := w.at
	w.at = func(step string) error {
		if err := populate(step); err != nil || len(w.taken()) <= n {
			return err
		}
		cancel()
		return errStep
	}
	if err := w.run(ctx); err == nil {
		w.t.Fatal("it did not die")
	}
	w.at = nil
}

// recover writes where that is possible, has the source end a seal that lasts, and then the target try again.
func (w *world) recover() {
	w.t.Helper()
	w.oneWriter("after the death")
	written := w.put("after-death") == nil
	for range 2 {
		_, err := w.seals.Look(context.Background(), tenant, east, true)
		w.must(err)
		w.advance(SealLimit)
	}
	w.oneWriter("after the seal")
	given := w.owner(w.source) != store.Ownership{Owner: east}
	if err := w.put("after-seal"); (err == nil) == given {
		w.t.Errorf("a write after the seal: %v, and the source says %+v", err, w.owner(w.source))
	}
	w.must(w.run(context.Background()))
	w.oneWriter("at the end")
	if w.owner(w.source) == w.owner(w.target) { // one database
		w.owners(store.Ownership{Owner: west}, store.Ownership{Owner: west})
		return
	}
	w.moved()
	if written && !slices.Contains(w.acknowledged, "after-death") {
		w.t.Error("a write was forgotten")
	}
}

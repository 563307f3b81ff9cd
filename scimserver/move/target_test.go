package move

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/memory"
)

// once runs do at the first time of a step.
func once(step string, do func() error) func(string) error {
	done := false
	return func(now string) error {
		if done || now != step {
			return nil
		}
		done = true
		return do()
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	w := twoDatabases(t)
	w.must(w.put(ids("user", 3)...))
	w.must(w.run(t.Context()))
	w.moved()
	want := []string{
		"standing", "PassOwner", "sums", "rows", "Load", // incomplete from here on; the copy
		"seal", "sums", "standing", "Counts", "give", "PassOwner",
	}
	var got []string
	for _, s := range w.taken() {
		if name, ok := strings.CutPrefix(s, "after "); ok {
			got = append(got, name)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	var phases []string
	for _, r := range w.reports {
		phases = append(phases, r.Phase)
	}
	if diff := cmp.Diff([]string{config.MoveCopying, config.MoveSwitching, config.MoveDone}, slices.Compact(phases)); diff != "" {
		t.Errorf("phases (-want +got):\n%s", diff)
	}
	w.steps = nil
	if err := w.run(t.Context()); err != nil || len(w.steps) > 0 {
		t.Errorf("again: %v, steps %v", err, w.steps)
	}
}

// TestRunUnderWrites: what is written between any two steps is at the target, or was refused.
func TestRunUnderWrites(t *testing.T) {
	t.Parallel()
	w := twoDatabases(t)
	w.must(w.put(append(ids("user", 40), "u1", "u2")...))
	written, refused, pairs := 0, 0, ids("user", 40)
	w.at = func(step string) error {
		w.oneWriter(step)
		written++
		err := w.put(ids("late", 1000)[written])
		if err == nil {
			err = w.change(pairs[0], pairs[1])
			pairs = pairs[2:]
		}
		if errors.Is(err, store.ErrNotOwner) {
			refused++
			return nil
		}
		return err
	}
	w.must(w.run(t.Context()))
	w.moved()
	if refused == 0 || refused == written {
		t.Errorf("%d of %d writes were refused", refused, written)
	}
}

// TestRunLastMoment: what is written when the copy is done, and the seal is on its way, moves along.
func TestRunLastMoment(t *testing.T) {
	t.Parallel()
	w := twoDatabases(t)
	w.must(w.put(ids("user", 3)...))
	w.at = once("before seal", func() error {
		return errors.Join(w.put("last"), w.change("user-0000", "user-0001"))
	})
	w.must(w.run(t.Context()))
	w.moved()
}

// TestRunSealed: from the seal on the source writes nothing more, also when it is asked by the very next request.
func TestRunSealed(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"after seal", "after sums", "after standing", "after Counts", "before give", "after give", "before PassOwner", "after PassOwner"} {
		w := twoDatabases(t)
		w.must(w.put("u1"))
		var err error
		w.at = func(now string) error {
			if now == step && slices.Contains(w.taken(), "after seal") {
				err = w.put("late")
			}
			return nil
		}
		w.must(w.run(t.Context()))
		w.moved()
		if !errors.Is(err, store.ErrNotOwner) {
			t.Errorf("a write %s: %v", step, err)
		}
	}
}

// TestRunLargeChanges: as long as much changes in each pass, and passes take long, the source is not stopped.
func TestRunLargeChanges(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name       string
		rows       int // that are new in each of the first passes
		took       time.Duration
		busy, want int // passes with so many; passes before the seal
	}{
		{"few rows", small, time.Hour, 100, 1},
		{"many rows in slow passes", small + 1, time.Hour, 3, 4},
		{"many rows in quick passes", small + 1, quick, 3, 1},
		{"passes that become quick enough", small + 1, 3 * quick, 100, 3},
		{"too many for ever", small + 1, time.Hour, 100, passes},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := twoDatabases(t)
			w.must(w.put("u1"))
			n := 0
			w.at = func(step string) error {
				if step != "before sums" || slices.Contains(w.taken(), "before seal") {
					return nil
				}
				w.advance(c.took)
				if n++; n > c.busy {
					return nil
				}
				rows := c.rows
				if n == 1 {
					rows-- // u1 is one
				}
				return w.put(ids(strings.Repeat("n", n), rows)...)
			}
			err := w.run(t.Context())
			if n != c.want {
				t.Errorf("%d passes before the seal, want %d", n, c.want)
			}
			if c.want < passes {
				w.must(err)
				w.moved()
				return
			}
			if err == nil || !strings.Contains(err.Error(), "faster than it can be copied") {
				t.Errorf("got error %v", err)
			}
			w.owners(store.Ownership{Owner: east}, store.Ownership{Owner: west, Mark: store.Loading("m1")})
		})
	}
}

// losing is a store that loses what it is given while lost says so.
type losing struct {
	store.Store
	lost func() bool
}

func (l losing) Load(ctx context.Context, key string, remove []store.RowKey, rows []store.Row) error {
	if l.lost() {
		return nil
	}
	return l.Store.Load(ctx, key, remove, rows)
}

// TestRunVerifies: what the last pass has loaded is looked at again, and a source that is never equal keeps its tenant.
func TestRunVerifies(t *testing.T) {
	t.Parallel()
	for _, times := range []int{0, 1, sealPasses - 1, sealPasses} {
		n := 0
		w := newWorld(t, memory.New(), losing{memory.New(), func() bool { n++; return n > 1 && n <= 1+times }})
		w.must(w.put("u1"))
		w.at = once("before seal", func() error { return w.put("u2") })
		err := w.run(t.Context())
		if times < sealPasses-1 {
			w.must(err)
			w.moved()
			continue
		}
		if err == nil || !strings.Contains(err.Error(), "changes although it is sealed") {
			t.Errorf("%d times lost: got error %v", times, err)
		}
		w.owners(store.Ownership{Owner: east}, store.Ownership{Owner: west, Mark: store.Loading("m1")})
		w.must(w.put("u3"))
	}
}

// counting is a store that counts one user too many.
type counting struct{ store.Store }

func (c counting) Counts(ctx context.Context, key string) (store.Counts, error) {
	n, err := c.Store.Counts(ctx, key)
	n.Users++
	return n, err
}

func TestRunCounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, memory.New(), counting{memory.New()})
	w.must(w.put("u1"))
	if err := w.run(t.Context()); err == nil || !strings.Contains(err.Error(), "the source counts") {
		t.Errorf("got error %v", err)
	}
	w.owners(store.Ownership{Owner: east}, store.Ownership{Owner: west, Mark: store.Loading("m1")})
}

// TestRunUnseals: whatever goes wrong under the seal, the source goes on at once.
func TestRunUnseals(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"before sums", "after sums", "before rows", "after rows", "before Load", "after Load", "before standing", "after standing", "before Counts"} {
		for _, cancelled := range []bool{false, true} {
			ctx, cancel := context.WithCancel(t.Context())
			w := twoDatabases(t)
			w.must(w.put("u1"))
			failed, late := false, once("before seal", func() error { return w.put("u2") })
			w.at = func(now string) error {
				if failed || now != step || !slices.Contains(w.taken(), "after seal") {
					return late(now)
				}
				if failed = true; cancelled {
					cancel()
				}
				return errStep
			}
			if err := w.run(ctx); err == nil || !failed {
				t.Errorf("%s: got error %v", step, err)
			}
			cancel()
			w.owners(store.Ownership{Owner: east}, store.Ownership{Owner: west, Mark: store.Loading("m1")})
			w.must(w.put("u3"))
			w.must(w.run(t.Context()))
			w.moved()
		}
	}
}

// TestRunCutOff: an answer that is cut off is no answer: nothing is removed at the target for it.
func TestRunCutOff(t *testing.T) {
	t.Parallel()
	for _, what := range []string{"sums", "rows"} {
		w := twoDatabases(t)
		w.must(w.put(ids("user", 3)...))
		w.at = once("before seal", func() error { return errStep })
		if err := w.run(t.Context()); err == nil {
			t.Fatal("the seal did not fail")
		}
		before := dump(t, w.target)
		w.must(w.put("u4"))
		whole := w.server.Config.Handler
		w.server.Config.Handler = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if r.URL.Path == Path+what {
				rw = &cut{ResponseWriter: rw, left: 1}
			}
			whole.ServeHTTP(rw, r)
		})
		if err := w.run(t.Context()); !errors.Is(err, errCut) {
			t.Errorf("%s: got error %v", what, err)
		}
		if diff := cmp.Diff(before, dump(t, w.target)); diff != "" {
			t.Errorf("%s: rows of the target:\n%s", what, diff)
		}
		w.server.Config.Handler = whole
		w.must(w.run(t.Context()))
		w.moved()
	}
}

// cut passes on the first lines of an answer only, and ends it properly.
type cut struct {
	http.ResponseWriter
	left int
}

func (c *cut) Write(p []byte) (int, error) {
	lines := strings.SplitAfter(string(p), "\n")
	keep := lines[:min(c.left, len(lines))]
	c.left -= len(keep)
	if _, err := c.ResponseWriter.Write([]byte(strings.Join(keep, ""))); err != nil {
		return 0, err
	}
	return len(p), nil
}

func TestRunOneDatabase(t *testing.T) {
	t.Parallel()
	one := memory.NewShared()
	w := newWorld(t, one.Beside(), one.Beside())
	w.must(w.put("u1"))
	var late error
	w.at = once("after seal", func() error { late = w.put("late"); return nil })
	w.must(w.run(t.Context()))
	w.owners(store.Ownership{Owner: west}, store.Ownership{Owner: west})
	if !errors.Is(late, store.ErrNotOwner) {
		t.Errorf("a write under the seal: %v", late)
	}
	if got := w.taken(); slices.Contains(got, "before sums") || slices.Contains(got, "before Load") {
		t.Errorf("rows were copied: %v", got)
	}
}

// TestRunFrom: how the tenant stands at both servers when the move begins.
func TestRunFrom(t *testing.T) {
	t.Parallel()
	serving := store.Ownership{Owner: east}
	for _, c := range []struct {
		name           string
		source, target store.Ownership
		fails          string
	}{
		{"new", serving, store.Ownership{}, ""},
		{"this move was begun", serving, store.Ownership{Owner: west, Mark: store.Loading("m1")}, ""},
		{"another one was begun", serving, store.Ownership{Owner: west, Mark: store.Loading("m0")}, ""},
		{"it was here before", serving, store.Ownership{Owner: west, Mark: store.Moved("m0")}, ""},
		{"a seal of this move is left", store.Ownership{Owner: east, Mark: store.Sealed("m1.old")}, store.Ownership{}, ""},
		{"a seal of another move is left", store.Ownership{Owner: east, Mark: store.Sealed("m0.old")}, store.Ownership{}, "is sealed m0.old"},
		{"it has moved elsewhere", store.Ownership{Owner: east, Mark: store.Moved("m0")}, store.Ownership{}, "is moved m0"},
		{"it belongs to a third server", store.Ownership{Owner: "north"}, store.Ownership{}, "belongs to north"},
		{"a third server has it in this database", serving, store.Ownership{Owner: "north"}, "belongs to north"},
		{"it is sealed here", serving, store.Ownership{Owner: west, Mark: store.Sealed("m0.x")}, "is sealed m0.x"},
		{"it was given away", store.Ownership{Owner: east, Mark: store.Moved("m1")}, store.Ownership{Owner: west, Mark: store.Loading("m1")}, ""},
		{"it was given away, and the target's database is a new one", store.Ownership{Owner: east, Mark: store.Moved("m1")}, store.Ownership{}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := twoDatabases(t)
			w.must(w.put("u1", "u2"))
			for s, o := range map[store.Store]store.Ownership{w.source: c.source, w.target: c.target} {
				_, err := s.PassOwner(t.Context(), tenant, w.owner(s), o)
				w.must(err)
			}
			err := w.run(t.Context())
			if c.fails == "" {
				w.must(err)
				w.moved()
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.fails) {
				t.Errorf("got error %v, want %q", err, c.fails)
			}
			if got := w.owner(w.source); got != c.source {
				t.Errorf("at the source: %+v", got)
			}
			if Complete(w.owner(w.target), west) {
				t.Errorf("at the target: %+v", w.owner(w.target))
			}
		})
	}
}

// TestRunTaken: a tenant that became another one's at the last step is not said to be here.
func TestRunTaken(t *testing.T) {
	t.Parallel()
	w := twoDatabases(t)
	w.must(w.put("u1"))
	north := store.Ownership{Owner: "north"}
	w.at = once("after give", func() error {
		_, err := w.target.PassOwner(t.Context(), tenant, w.owner(w.target), north)
		return err
	})
	if err := w.run(t.Context()); !errors.Is(err, store.ErrNotOwner) {
		t.Errorf("got error %v", err)
	}
	w.owners(store.Ownership{Owner: east, Mark: store.Moved("m1")}, north)
}

// TestRunVersions: nothing is begun between servers that do not understand each other.
func TestRunVersions(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{`{"protocol":2,"stream":1}`, `{"protocol":1,"stream":2}`, `{}`} {
		w := twoDatabases(t)
		w.server.Config.Handler = http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write([]byte(answer)) })
		if err := w.run(t.Context()); err == nil || !strings.Contains(err.Error(), "run both servers in one release") {
			t.Errorf("%s: got error %v", answer, err)
		}
		w.owners(store.Ownership{Owner: east}, store.Ownership{})
	}
}

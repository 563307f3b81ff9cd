package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/memory"
)

// RunModel draws sequences of transactions, runs them in parallel, and then one after the other on
// package memory, in the order in which the store ran them. Every outcome must be the same, and so
// must the state at the end: nobody is lost, nobody is there twice.
func RunModel(t *testing.T, open Open) {
	s := newBench(t, open(t))
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		s.tenant = fmt.Sprintf("model/%d", n) // of its own
		workers := rapid.SliceOfN(rapid.SliceOfN(rapid.Custom(drawStep), 1, 12), 1, 6).Draw(t, "workers")
		done := runWorkers(t, s, workers)
		m := &bench{Store: memory.New(), tenant: s.tenant}
		replay(t, m, done)
		sameState(t, s, m)
	})
}

// step is a transaction: some changes, and whether it is given up after them.
type step struct {
	changes []change
	giveUp  bool
}

// change is one call of a Writer, with small numbers for ids and names so that they meet.
type change struct {
	kind    string
	subject int
	name    int
	members []int
}

var changeKinds = []string{
	"user", "group", "replace", "touch", "delete",
	"add", "add", "add", "remove", "remove", "set", "clear", "read",
}

func drawStep(t *rapid.T) step {
	return step{
		changes: rapid.SliceOfN(rapid.Custom(drawChange), 1, 4).Draw(t, "changes"),
		giveUp:  rapid.IntRange(0, 7).Draw(t, "give up") == 0,
	}
}

func drawChange(t *rapid.T) change {
	return change{
		kind:    rapid.SampledFrom(changeKinds).Draw(t, "kind"),
		subject: rapid.IntRange(1, 9).Draw(t, "subject"),
		name:    rapid.IntRange(1, 6).Draw(t, "name"),
		members: rapid.SliceOfN(rapid.IntRange(1, 10), 0, 5).Draw(t, "members"),
	}
}

// Subjects up to here are users, those above are groups.
const lastUser = 6

func (c change) typ() string {
	if c.subject <= lastUser {
		return store.TypeUser
	}
	return store.TypeGroup
}

// apply makes the change and describes its outcome.
func (c change) apply(ctx context.Context, w store.Writer) string {
	subject, members := id(c.subject), ids(c.members...)
	switch c.kind {
	case "user", "group":
		r, err := w.Insert(ctx, c.record())
		return fmt.Sprint(r.Version, refusal(err))
	case "replace":
		r, err := w.Replace(ctx, c.record())
		return fmt.Sprint(r.Version, refusal(err))
	case "touch":
		return fmt.Sprint(w.Touch(ctx, c.typ(), subject, day(c.name)))
	case "delete":
		return fmt.Sprint(w.Delete(ctx, c.typ(), subject, day(c.name)))
	case "add":
		added, unknown, err := w.AddMembers(ctx, subject, members)
		return fmt.Sprint(added, unknown, err)
	case "remove":
		removed, err := w.RemoveMembers(ctx, subject, members)
		return fmt.Sprint(removed, err)
	case "set":
		added, removed, unknown, err := w.ReplaceMembers(ctx, subject, members)
		return fmt.Sprint(added, removed, unknown, err)
	case "clear":
		removed, err := w.ClearMembers(ctx, subject)
		return fmt.Sprint(removed, err)
	}
	in, err := w.MembersIn(ctx, subject, members)
	page, err2 := w.Find(ctx, store.Query{Type: c.typ(), Offset: 1, Limit: 2})
	return fmt.Sprint(in, err, describe(page), err2)
}

// refusal describes an error. Which of several attributes that are taken it names is open.
func refusal(err error) string {
	if _, ok := errors.AsType[*store.UniquenessError](err); ok {
		return "taken"
	}
	return fmt.Sprint(err)
}

func (c change) record() store.Record {
	name := fmt.Sprint("n", c.name)
	r := groupRecord(id(c.subject), name)
	if c.typ() == store.TypeUser {
		r = withBadge(userRecord(id(c.subject), name), fmt.Sprint(len(c.members)))
		r.Active = c.name%2 == 0
	}
	return r
}

// clock is a resource that each transaction touches: its version tells the order of transactions.
const clock = "clock"

func tick(ctx context.Context, w store.Writer) (int64, error) {
	r := userRecord(clock, "clock")
	r.Type = "Clock"
	if _, err := w.Insert(ctx, r); err == nil {
		return 1, nil
	}
	if err := w.Touch(ctx, r.Type, clock, day(1)); err != nil {
		return 0, err
	}
	r, err := w.Get(ctx, r.Type, clock)
	return r.Version, err
}

// performed is a transaction that was committed.
type performed struct {
	step
	order    int64
	outcomes []string
}

// perform runs the step as one transaction.
func (b *bench) perform(s step) (p performed, err error) {
	ctx := context.Background()
	err = b.Update(ctx, b.tenant, func(w store.Writer) (err error) {
		p = performed{step: s}
		if p.order, err = tick(ctx, w); err != nil {
			return err
		}
		for _, c := range s.changes {
			p.outcomes = append(p.outcomes, c.apply(ctx, w))
		}
		if s.giveUp {
			return errStop
		}
		return nil
	})
	return p, err
}

type failer interface {
	Helper()
	Fatalf(string, ...any)
	Errorf(string, ...any)
}

// runWorkers runs each list of steps in a goroutine, and returns what was committed, in order.
func runWorkers(t failer, b *bench, workers [][]step) (done []performed) {
	t.Helper()
	var mu sync.Mutex
	var wg sync.WaitGroup
	for _, steps := range workers {
		wg.Go(func() {
			for _, s := range steps {
				p, err := b.perform(s)
				if s.giveUp != errors.Is(err, errStop) || err != nil && !s.giveUp {
					t.Errorf("step %+v: %v", s, err)
				}
				if err == nil {
					mu.Lock()
					done = append(done, p)
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	slices.SortFunc(done, func(a, b performed) int { return int(a.order - b.order) })
	return done
}

// replay runs the transactions on the model and compares the outcomes.
func replay(t failer, m *bench, done []performed) {
	t.Helper()
	for i, p := range done {
		if p.order != int64(i+1) {
			t.Fatalf("the transaction %d has the number %d", i+1, p.order)
		}
		want, err := m.perform(p.step)
		if err != nil {
			t.Fatalf("model: %v", err)
		}
		if diff := cmp.Diff(want.outcomes, p.outcomes); diff != "" {
			t.Fatalf("transaction %d %+v (-model +got):\n%s", i+1, p.step, diff)
		}
	}
}

// sameState compares all that can be read.
func sameState(t failer, got, want *bench) {
	t.Helper()
	g, err := state(got)
	if err != nil {
		t.Fatalf("%v", err)
	}
	w, err := state(want)
	if err != nil {
		t.Fatalf("model: %v", err)
	}
	if diff := cmp.Diff(w, g); diff != "" {
		t.Fatalf("state at the end (-model +got):\n%s", diff)
	}
}

func state(b *bench) (string, error) {
	var out strings.Builder
	ctx := context.Background()
	err := b.View(ctx, b.tenant, func(r store.Reader) error {
		for _, typ := range []string{store.TypeUser, store.TypeGroup} {
			page, err := r.Find(ctx, store.Query{Type: typ, Limit: 100})
			if err != nil {
				return err
			}
			fmt.Fprintln(&out, describe(page))
			for _, rec := range page.Records {
				if err := describeLinks(ctx, &out, r, rec.ID); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	c, err := b.Counts(ctx, b.tenant)
	fmt.Fprintln(&out, c)
	return out.String(), err
}

func describe(p store.Page) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%d:", p.Total)
	for _, r := range p.Records {
		fmt.Fprintf(&out, " %s v%d %v %s", r.ID, r.Version, r.Modified, r.Doc)
	}
	return out.String()
}

func describeLinks(ctx context.Context, out *strings.Builder, r store.Reader, id string) error {
	groups, err := r.GroupsOf(ctx, []string{id})
	if err != nil {
		return err
	}
	fmt.Fprintln(out, id, groups)
	return r.Members(ctx, id, func(m store.Member) error {
		fmt.Fprintln(out, "  ", m)
		return nil
	})
}

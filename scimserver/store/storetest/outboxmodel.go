package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/memory"
)

// RunOutboxModel draws what deliverers do with events, does it on the store and on package memory, and compares after each
// step.
func RunOutboxModel(t *testing.T, open Open) {
	s := newBench(t, open(t))
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		m := &outboxModel{
			last: map[int]int64{}, tenant: fmt.Sprintf("outbox/%d", n), stores: [2]store.Store{s.Store, memory.New()},
		}
		t.Repeat(map[string]func(*rapid.T){
			"append": m.append, "deliver": m.deliver, "fail": m.fail, "replay": m.replay, "prune": m.prune,
			"claim": m.claim, "give back": m.giveBack, "": m.compare,
		})
	})
}

type outboxModel struct {
	tenant string
	stores [2]store.Store // under test, and the model
	last   map[int]int64  // by member
	next   int64
	hours  int           // that have passed
	claims []store.Event // that were taken
}

// both runs an operation on both stores.
func (m *outboxModel) both(t *rapid.T, op func(store.Store) (any, error)) {
	var out [2]any
	for i, s := range m.stores {
		var err error
		if out[i], err = op(s); err != nil {
			out[i] = err.Error()
		}
	}
	if diff := cmp.Diff(out[1], out[0]); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
}

func (m *outboxModel) append(t *rapid.T) {
	member := rapid.IntRange(1, 3).Draw(t, "member")
	giveUp := rapid.IntRange(0, 5).Draw(t, "give up") == 0
	previous := m.last[member]
	m.both(t, func(s store.Store) (any, error) {
		return nil, s.Update(context.Background(), m.tenant, func(w store.Writer) error {
			err := appendEvent(context.Background(), w, member, store.MemberUpdated, previous)
			if giveUp {
				err = errors.Join(err, errStop)
			}
			return err
		})
	})
	if !giveUp {
		m.next++
		m.last[member] = m.next
	}
}

func (m *outboxModel) sequence(t *rapid.T, what string) int64 {
	return rapid.Int64Range(0, m.next+1).Draw(t, what)
}

func (m *outboxModel) deliver(t *rapid.T) {
	n := m.sequence(t, "sequence")
	m.both(t, func(s store.Store) (any, error) {
		return nil, s.Delivered(context.Background(), m.tenant, []int64{n})
	})
}

func (m *outboxModel) fail(t *rapid.T) {
	n := m.sequence(t, "sequence")
	a := store.Attempt{At: day(2), Next: day(3), Park: rapid.Bool().Draw(t, "park"), Error: "refused", Claim: m.claimed(t)}
	m.both(t, func(s store.Store) (any, error) { return nil, s.Failed(context.Background(), m.tenant, n, a) })
}

// claimed is the end of some claim, or of none.
func (m *outboxModel) claimed(t *rapid.T) time.Time {
	if len(m.claims) == 0 || rapid.Bool().Draw(t, "without a claim") {
		return time.Time{}
	}
	return rapid.SampledFrom(m.claims).Draw(t, "claim").NextAttempt
}

func (m *outboxModel) claim(t *rapid.T) {
	m.hours++
	now, limit := day(2).Add(time.Duration(m.hours)*time.Hour), rapid.IntRange(1, 4).Draw(t, "limit")
	m.both(t, func(s store.Store) (any, error) {
		list, err := s.Due(context.Background(), m.tenant, now, limit, 90*time.Minute)
		if s == m.stores[1] {
			m.claims = append(m.claims, list...)
		}
		return sequencesOf(list), err
	})
}

func (m *outboxModel) giveBack(t *rapid.T) {
	if len(m.claims) == 0 {
		t.Skip("nothing is claimed")
	}
	e := rapid.SampledFrom(m.claims).Draw(t, "claim")
	m.both(t, func(s store.Store) (any, error) {
		return nil, s.Unclaim(context.Background(), m.tenant, []store.Event{e})
	})
}

func (m *outboxModel) replay(t *rapid.T) {
	q := store.ReplayQuery{
		From: m.sequence(t, "from"), To: m.sequence(t, "to"), ParkedOnly: rapid.Bool().Draw(t, "parked only"), At: day(4),
	}
	m.both(t, func(s store.Store) (any, error) { return s.Replay(context.Background(), m.tenant, q) })
}

func (m *outboxModel) prune(t *rapid.T) {
	keep := m.sequence(t, "keep")
	m.both(t, func(s store.Store) (any, error) {
		return s.PruneEvents(context.Background(), m.tenant, day(1), keep, 3)
	})
}

func (m *outboxModel) compare(t *rapid.T) {
	m.both(t, func(s store.Store) (any, error) {
		ctx := context.Background()
		backlog, err := s.Backlog(ctx, m.tenant)
		list, err2 := s.Events(ctx, m.tenant, backlog.First-1, 100)
		due, err3 := s.Due(ctx, m.tenant, day(9), 100, 0)
		next, err4 := s.NextDue(ctx, m.tenant)
		var out strings.Builder
		fmt.Fprintf(&out, "%+v next %v\n", backlog, next)
		for _, e := range list {
			e.ID = ""
			fmt.Fprintf(&out, "%+v\n", e)
		}
		fmt.Fprintf(&out, "due %v", sequencesOf(due))
		if err := oneHead(list); err != nil {
			return nil, err
		}
		return out.String(), errors.Join(err, err2, err3, err4)
	})
}

// oneHead checks that of each member's pending events the oldest alone is due.
func oneHead(list []store.Event) error {
	pending := map[string]int64{}
	for _, e := range list {
		if e.Delivered || e.Parked {
			continue
		}
		first := pending[e.MemberID]
		if first == 0 {
			pending[e.MemberID] = e.Sequence
		}
		if due := !e.NextAttempt.IsZero(); due != (first == 0) {
			return fmt.Errorf("event %d: due %v, the first pending one is %d, at %v", e.Sequence, due, first, e.NextAttempt.Format(time.RFC3339))
		}
	}
	return nil
}

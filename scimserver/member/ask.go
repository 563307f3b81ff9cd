package member

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/directory"
	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// Asker puts a change to the application before it is made. It is called outside of any transaction.
type Asker interface {
	// Ask sends the envelope and waits for the answer, within the application's timeout. An error means that it is not known
	// whether the application has taken the change.
	Ask(ctx context.Context, tenant string, q Question) (Verdict, error)
}

// Question is a change that an application may refuse.
type Question struct {
	ID       string // webhook-id: the same when the same question is put again
	MemberID string
	Type     string // of the event
	Body     []byte // the envelope, as it is committed but for a later sequence
}

// Verdict is the application's answer.
type Verdict struct {
	Refused  bool
	Status   int    // of the HTTP answer
	Detail   string // of a refusal, for the identity provider: one line, whose length the Asker bounds; may be empty
	ScimType string // of a refusal, may be empty
}

// mostRounds is how often an operation begins anew since the user has changed while the application was asked.
const mostRounds = 4

// resolveTime is what making good an unanswered question may take.
const resolveTime = 10 * time.Second

// question is the error of a transaction that must not go on before the application has answered.
type question struct {
	kind     Kind
	typ      string
	memberID string
	userID   string
	sequence int64
	body     []byte
	holds    bool // a refusal puts the off-boarding off
	user     who
}

func (q *question) Error() string { return "the application is to be asked first" }

// answered is what the application has said to a question.
type answered struct {
	verdict  Verdict
	answer   *Answer
	intent   string
	memberID string
	sequence int64
	body     []byte
}

// agrees tells whether the application has accepted this very change.
func (a *answered) agrees(tenant string, c *change) bool {
	return !a.verdict.Refused && bytes.Equal(a.body, c.appendEnvelope(nil, tenant, a.sequence))
}

// needsAnswer tells whether the application is to be asked before the change.
func (ev *evaluation) needsAnswer() bool {
	return ev.asked && ev.change.typ != "" && ev.change.kind != PutOff && ev.s.t.asks()
}

// acknowledged tells whether the application knows of the change, having been asked.
func (ev *evaluation) acknowledged() bool { return ev.needsAnswer() && ev.s.answered != nil }

// ask ends the transaction by a question, unless the application has said yes.
func (ev *evaluation) ask(ctx context.Context) error {
	c := &ev.change
	if !ev.needsAnswer() || ev.s.answered != nil && ev.s.answered.agrees(ev.s.t.Key, c) {
		return nil
	}
	sequence, err := ev.s.w.NextSequence(ctx)
	if err != nil {
		return err
	}
	return &question{
		kind: c.kind, typ: c.typ, memberID: c.after.ID, userID: ev.record().ID, sequence: sequence,
		body: c.appendEnvelope(nil, ev.s.t.Key, sequence), user: ev.who(),
		holds: c.kind.offboards() && ev.step.policy.WhenRefused == config.Hold,
	}
}

// Update implements directory.Provisioner.
func (t *Tenant) Update(ctx context.Context, op directory.Operation, fn func(store.Writer, directory.Changes) error) error {
	s := &session{t: t, op: op, draft: t.draft(ctx, op)}
	if op.Type != store.TypeUser || !t.asks() {
		return s.once(ctx, fn)
	}
	unlock, err := t.asking.lock(ctx, t.Key+" "+turnOf(op))
	if err != nil {
		return err
	}
	defer unlock()
	return s.inRounds(ctx, fn)
}

// turnOf is what operations take turns at: the user.
func turnOf(op directory.Operation) string {
	if op.Method == http.MethodPost {
		return filter.Fold(op.UserName)
	}
	return op.ID
}

// once runs the operation in one transaction.
func (s *session) once(ctx context.Context, fn func(store.Writer, directory.Changes) error) error {
	err := s.t.store.Update(ctx, s.t.Key, func(w store.Writer) error {
		s.begin(w)
		if err := fn(w, s); err != nil {
			return err
		}
		return s.settle(ctx)
	})
	if err == nil {
		s.tell()
	}
	return err
}

// tell counts what has been decided, and wakes who does the rest.
func (s *session) tell() {
	for _, d := range s.told {
		s.t.decided(d)
	}
	if s.later {
		s.t.wakeUp(s.t.Key)
	}
}

// inRounds runs the operation until it ends in something that the application has agreed to, or refused.
func (s *session) inRounds(ctx context.Context, fn func(store.Writer, directory.Changes) error) error {
	t := s.t
	for range mostRounds {
		err := s.once(ctx, fn)
		q, ok := errors.AsType[*question](err)
		if !ok {
			if err == nil && s.consumed {
				t.asking.end(s.answered.intent)
			} else {
				s.makeGood(ctx)
			}
			return err
		}
		if err := s.put(ctx, q); err != nil {
			return err
		}
	}
	s.makeGood(ctx)
	return refuseConflict()
}

// put asks the application. What it is asked is kept first, so that a crash finds it.
func (s *session) put(ctx context.Context, q *question) error {
	t := s.t
	a := &answered{intent: "ask_" + t.newID(), memberID: q.memberID, sequence: q.sequence, body: q.body}
	if s.answered != nil {
		a.intent = s.answered.intent
	}
	t.asking.begin(a.intent)
	intent := store.Intent{ID: a.intent, MemberID: q.memberID, UserID: q.userID, Created: t.now(), Sequence: q.sequence, Body: q.body}
	if err := t.store.Update(ctx, t.Key, func(w store.Writer) error { return w.PutIntent(ctx, intent) }); err != nil {
		t.asking.end(a.intent)
		return err
	}
	before := s.answered
	s.answered = a
	start := t.clock()
	verdict, err := t.asker.Ask(ctx, t.Key, Question{ID: a.intent, MemberID: q.memberID, Type: q.typ, Body: q.body})
	a.verdict = verdict
	a.answer = &Answer{
		Status: verdict.Status, Refused: verdict.Refused, Detail: verdict.Detail, DurationMS: milliseconds(t.clock().Sub(start)),
	}
	if err != nil {
		s.makeGood(ctx)
		r := refuseNoAnswer(err)
		r.user, r.answer = q.user, a.answer
		return r
	}
	if verdict.Refused {
		return s.refusedBy(ctx, q, before)
	}
	return nil
}

// refusedBy goes on after a refusal. before is what the application has agreed to in an earlier round, and holds now.
func (s *session) refusedBy(ctx context.Context, q *question, before *answered) error {
	a := s.answered
	if before != nil {
		s.makeGood(ctx)
		s.answered = a
	} else if err := s.dropIntent(ctx); err != nil {
		return err
	}
	if q.holds {
		return nil // the next round puts it off
	}
	r := refuseVeto(a.verdict)
	r.user, r.answer = q.user, a.answer
	s.answered = nil
	return r
}

// dropIntent forgets the question: the application has not taken the change.
func (s *session) dropIntent(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), resolveTime)
	defer cancel()
	id := s.answered.intent
	defer s.t.asking.end(id)
	return s.t.store.Update(ctx, s.t.Key, func(w store.Writer) error { return w.DeleteIntent(ctx, id) })
}

// consume forgets the question whose answer has led to what is written. Another process may have taken this one for dead, and
// have told the application that nothing was changed: then nothing is.
func (s *session) consume(ctx context.Context, intent string) error {
	if s.t.store.Shared() {
		intents, err := s.w.Intents(ctx)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(intents, func(i store.Intent) bool { return i.ID == intent }) {
			return refuseConflict()
		}
	}
	return s.w.DeleteIntent(ctx, intent)
}

// makeGood tells the application how things are, where it may have taken a change that was not made. If that fails now,
// Tend does it.
func (s *session) makeGood(ctx context.Context) {
	if s.answered == nil {
		return
	}
	id := s.answered.intent
	s.answered = nil
	defer s.t.wakeUp(s.t.Key)
	defer s.t.asking.end(id)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), resolveTime)
	defer cancel()
	if err := s.t.resolve(ctx, func(i store.Intent) bool { return i.ID == id }); err != nil {
		s.t.log.Warn("an unanswered question to the application was not made good yet", "tenant", s.t.Key, "error", err)
	}
}

// asking is which questions are under way, and whose turn it is.
type asking struct {
	mu    sync.Mutex
	turns map[string]chan struct{} // closed when the turn ends
	open  map[string]bool          // intents
}

// lock waits for the turn of a user.
func (a *asking) lock(ctx context.Context, key string) (unlock func(), err error) {
	for {
		a.mu.Lock()
		other := a.turns[key]
		if other == nil {
			mine := make(chan struct{})
			if a.turns == nil {
				a.turns = map[string]chan struct{}{}
			}
			a.turns[key] = mine
			a.mu.Unlock()
			return func() { a.unlock(key, mine) }, nil
		}
		a.mu.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for another change of the user: %w", ctx.Err())
		}
	}
}

func (a *asking) unlock(key string, mine chan struct{}) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.turns, key)
	close(mine)
}

func (a *asking) begin(intent string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.open == nil {
		a.open = map[string]bool{}
	}
	a.open[intent] = true
}

func (a *asking) end(intent string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.open, intent)
}

// isOpen tells whether an intent belongs to an operation that is under way.
func (a *asking) isOpen(intent string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.open[intent]
}

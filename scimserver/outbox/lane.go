package outbox

import (
	"time"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// lane is one tenant's way to its receiver. Dispatcher.mu guards it.
type lane struct {
	tenant   string
	source   string
	timeout  time.Duration // of an attempt
	receiver *receiver
	queue    []queued        // fetched, and not begun
	busy     map[string]bool // members in the queue, under way, or whose outcome is not written yet
	stale    bool            // the store may have more
	next     time.Time       // when to look again unless something happens before; zero: not known
	failure  string          // of the latest attempt
}

// queued is an event that waits for its attempt.
type queued struct {
	store.Event
	until time.Time // when its claim is too old to begin; zero: there is none
}

func (q *queued) over(now time.Time) bool { return !q.until.IsZero() && !now.Before(q.until) }

// join leaves it to the Dispatcher to look for events.
func (l *lane) join(r *receiver) {
	l.receiver, l.stale, l.next = r, false, time.Time{}
	r.ring = append(r.ring, l)
	r.notify()
}

// leave takes back what was not begun, and returns it. What is under way stays busy until its outcome is written.
func (l *lane) leave() []store.Event {
	left := l.takeBack()
	if l.receiver != nil {
		l.receiver.drop(l)
	}
	l.receiver = nil
	return left
}

func (l *lane) takeBack() (left []store.Event) {
	for _, e := range l.queue {
		delete(l.busy, e.MemberID)
		left = append(left, e.Event)
	}
	l.queue = nil
	return left
}

// add queues those events whose member is not busy, and returns how many.
func (l *lane) add(events []store.Event, until time.Time) (n int) {
	for _, e := range events {
		if !l.busy[e.MemberID] {
			l.busy[e.MemberID] = true
			l.queue = append(l.queue, queued{e, until})
			n++
		}
	}
	return n
}

// expire drops events whose claim runs out: whoever claims them next sends them.
func (l *lane) expire(now time.Time) {
	for len(l.queue) > 0 && l.queue[0].over(now) {
		delete(l.busy, l.pop().MemberID)
		l.stale = true
	}
}

func (l *lane) pop() store.Event {
	e := l.queue[0]
	l.queue[0] = queued{} // its body goes with it
	l.queue = l.queue[1:]
	return e.Event
}

// settle lets the member's next event go.
func (l *lane) settle(o outcome) {
	delete(l.busy, o.event.MemberID)
	l.stale = true
	if o.kind == Retried && (l.next.IsZero() || o.next.Before(l.next)) {
		l.next = o.next
	}
	if l.receiver != nil {
		l.receiver.notify()
	}
}
